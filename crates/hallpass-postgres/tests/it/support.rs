//! Records as tests need them, and stores to keep them in.

use bytes::Bytes;
use hallpass::{
    Actor, Chain, EndReason, Ended, Event, EventKind, Expected, Generation, Note, Outcome, Profile, Realm, Record,
    SessionId, Store, StoreError, Subject, Terms, Timestamp,
};
use hallpass_postgres::PostgresStore;
use rig::Postgres;

pub(crate) const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// A new store on the server that all tests share, and the name of its database.
pub(crate) async fn place() -> Option<(PostgresStore, &'static Postgres, String)> {
    let server = Postgres::shared()?;
    let database = server.database();
    let store = PostgresStore::from_url(&server.url(&database)).await.expect("a new store");
    Some((store, server, database))
}

pub(crate) fn record() -> Record {
    let chain = Chain::start(Generation::new(1).expect("small"), START).chain;
    let terms = Terms { idle: 1800, absolute: 14_400, renewal: 3600, anonymous: 1800, locks: false };
    Record::new(SessionId::random(), Realm::default(), Profile::default(), terms, chain, START)
}

/// The record after its next change.
pub(crate) fn changed(record: &Record, data: &str) -> Record {
    let mut record = record.clone();
    record.version = record.version.next();
    record.data = Bytes::copy_from_slice(data.as_bytes());
    record
}

pub(crate) fn ended(record: &Record) -> Record {
    let mut record = record.clone();
    record.version = record.version.next();
    let ended = Ended { at: START, reason: EndReason::Revoked, actor: Actor::operator("test"), note: None };
    record.end(ended, START);
    record
}

pub(crate) fn event_of(record: &Record, kind: EventKind, note: &str) -> Event {
    let mut event = Event::new(kind, record.realm.clone(), START);
    event.session = Some(record.id);
    event.subject.clone_from(&record.subject);
    event.note = Some(Note::new(note).expect("a note"));
    event
}

pub(crate) fn subject(name: &str) -> Subject {
    Subject::new(name).expect("a subject")
}

/// Saves a new record, which must be possible.
pub(crate) async fn create(store: &PostgresStore, record: &Record) {
    let outcome = store.save(record, Expected::Absent, &[]).await.expect("the store is there");
    assert_eq!(outcome, Outcome::Applied);
}

pub(crate) async fn load(store: &PostgresStore, record: &Record) -> Option<Record> {
    store.load(&record.realm, &record.id).await.expect("the store is there")
}

#[track_caller]
pub(crate) fn assert_unavailable<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    let error = result.expect_err("this cannot work");
    assert!(error.is_unavailable(), "{error}");
    error.to_string()
}
