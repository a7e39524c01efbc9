//! Records and events as the tests of stores need them.

use std::slice;

use bytes::Bytes;
use hallpass::{
    Actor, Chain, EndReason, Ended, Event, EventKind, EventQuery, Expected, Generation, Level, Note, Outcome, Profile,
    Query, Realm, Record, SessionId, Store, Subject, Terms, Timestamp,
};

/// When everything here happens.
pub const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// Returns a new record, with a name of its own.
pub fn record() -> Record {
    record_of(SessionId::random())
}

/// Returns a new record of this name.
///
/// # Panics
///
/// Never.
pub fn record_of(id: SessionId) -> Record {
    let chain = Chain::start(Generation::new(1).expect("small"), START).chain;
    let terms = Terms { idle: 1800, absolute: 14_400, renewal: 3600, anonymous: 1800, locks: false };
    Record::new(id, Realm::default(), Profile::default(), terms, chain, START)
}

/// Returns the record after its next change.
#[must_use]
pub fn changed(record: &Record, data: &str) -> Record {
    let mut record = record.clone();
    record.version = record.version.next();
    record.data = Bytes::copy_from_slice(data.as_bytes());
    record
}

/// Returns the record after its end.
#[must_use]
pub fn ended(record: &Record) -> Record {
    let mut record = record.clone();
    record.version = record.version.next();
    let ended = Ended { at: START, reason: EndReason::Revoked, actor: Actor::operator("test"), note: None };
    record.end(ended, START);
    record
}

/// Returns an event of a record, which is found again by its note.
///
/// # Panics
///
/// If the note is none.
pub fn event_of(record: &Record, kind: EventKind, note: &str) -> Event {
    let mut event = Event::new(kind, record.realm.clone(), START);
    event.session = Some(record.id);
    event.subject.clone_from(&record.subject);
    event.note = Some(Note::new(note).expect("a note"));
    event
}

/// Returns the subject of this name.
///
/// # Panics
///
/// If the name is none.
pub fn subject(name: &str) -> Subject {
    Subject::new(name).expect("a subject")
}

/// Saves a new record.
///
/// # Panics
///
/// If that is not possible.
pub async fn create(store: &impl Store, record: &Record) {
    let outcome = store.save(record, Expected::Absent, &[]).await.expect("the store is there");
    assert_eq!(outcome, Outcome::Applied);
}

/// Returns what is stored of a record.
///
/// # Panics
///
/// If the store cannot be asked.
pub async fn load(store: &impl Store, record: &Record) -> Option<Record> {
    store.load(&record.realm, &record.id).await.expect("the store is there")
}

/// Checks that a store keeps events that come with no session, which the library's suite lets it refuse.
///
/// # Panics
///
/// If it does not; or if it has others.
pub async fn assert_keeps_events_of_no_session(store: &impl Store) {
    let event = |kind| Event::new(kind, Realm::default(), START);
    let record = record();
    let told =
        [event(EventKind::KeyCreated), event_of(&record, EventKind::Created, "made"), event(EventKind::KeyRevoked)];
    let [first, second, third] = &told;
    store.append(&[]).await.expect("nothing is kept");
    store.append(slice::from_ref(first)).await.expect("it is kept");
    let saved = store.save(&record, Expected::Absent, slice::from_ref(second)).await;
    assert_eq!(saved.expect("the store is there"), Outcome::Applied);
    store.append(&[first.clone(), third.clone()]).await.expect("what was kept already is kept once");
    let page = store.events(&EventQuery::default()).await.expect("the store is there");
    assert_eq!(page.items, told);
}

/// Returns questions that are asked of each filter of a listing by itself, and of what is over.
///
/// They are for a store whose sessions began and were over second by second from 1970 on.
///
/// # Panics
///
/// Never.
pub fn every_filter() -> Vec<Query> {
    let at = |number| Some(Timestamp::from_millis(number));
    let mut all = vec![Query::default(); 11];
    for query in &mut all[..10] {
        query.realm = Some(Realm::default());
    }
    all[1].subject = Some(subject("user7"));
    all[2].created_after = at(19_990_000);
    all[3].expires_by = at(10_000);
    (all[4].expires_by, all[4].ended) = (at(10_000), Some(false));
    all[5].seen_before = at(10_000);
    all[6].ip = Some("10.0.0.0/28".parse().expect("a range"));
    all[7].ended = Some(true);
    all[8].profile = Some(Profile::remember());
    all[9].level = Level::new(2);
    (all[10].expires_by, all[10].ended) = (at(10_000), Some(false));
    all
}
