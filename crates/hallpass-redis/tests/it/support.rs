//! Records as tests need them, and a second way to the server.

use std::time::Duration;

use bytes::Bytes;
use hallpass::{
    Actor, Chain, Clock as _, EndReason, Ended, Event, EventKind, Expected, Generation, Note, Outcome, Profile, Realm,
    Record, SessionId, Store, Subject, SystemClock, Terms, Timestamp,
};
use hallpass_redis::{RedisStore, redis};

pub(crate) const HOUR: Duration = Duration::from_hours(1);

pub(crate) fn now() -> Timestamp {
    SystemClock::new().now()
}

pub(crate) async fn connect(url: &str) -> RedisStore {
    RedisStore::from_url(url).await.expect("the server is there")
}

/// The server asked without the store.
pub(crate) async fn bare(url: &str) -> redis::aio::MultiplexedConnection {
    let client = redis::Client::open(url).expect("a URL");
    client.get_multiplexed_async_connection().await.expect("the server is there")
}

pub(crate) fn record() -> Record {
    record_of(SessionId::random())
}

pub(crate) fn record_of(id: SessionId) -> Record {
    let now = now();
    let chain = Chain::start(Generation::new(1).expect("small"), now).chain;
    let terms = Terms { idle: 1800, absolute: 14_400, renewal: 3600, anonymous: 1800, locks: false };
    let mut record = Record::new(id, Realm::default(), Profile::default(), terms, chain, now);
    record.expires_at = now.plus(HOUR);
    record
}

pub(crate) fn record_by(subject: &Subject) -> Record {
    let mut record = record();
    record.subject = Some(subject.clone());
    record
}

/// The record with another deadline.
pub(crate) fn until(expires_at: Timestamp, mut record: Record) -> Record {
    record.expires_at = expires_at;
    record
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
    let now = now();
    let ended = Ended { at: now, reason: EndReason::Revoked, actor: Actor::operator("test"), note: None };
    record.end(ended, now.plus(24 * HOUR));
    record
}

pub(crate) fn event_of(record: &Record, kind: EventKind, note: &str) -> Event {
    let mut event = Event::new(kind, record.realm.clone(), now());
    event.session = Some(record.id);
    event.subject.clone_from(&record.subject);
    event.note = Some(Note::new(note).expect("a note"));
    event
}

pub(crate) fn subject(name: &str) -> Subject {
    Subject::new(name).expect("a subject")
}

/// Saves a new record, which must be possible.
pub(crate) async fn create(store: &impl Store, record: &Record) {
    let outcome = store.save(record, Expected::Absent, &[]).await.expect("the store is there");
    assert_eq!(outcome, Outcome::Applied);
}

/// Saves the next version of a record, which must be possible.
pub(crate) async fn update(store: &impl Store, before: &Record, after: &Record) {
    let outcome = store.save(after, Expected::Version(before.version), &[]).await.expect("the store is there");
    assert_eq!(outcome, Outcome::Applied);
}

pub(crate) async fn load(store: &impl Store, record: &Record) -> Option<Record> {
    store.load(&record.realm, &record.id).await.expect("the store is there")
}
