//! Records as tests need them.

use std::path::PathBuf;

use bytes::Bytes;
use hallpass::{
    Actor, Chain, EndReason, Ended, Event, EventKind, Expected, Generation, Note, Outcome, Profile, Realm, Record,
    SessionId, Store, Subject, Terms, Timestamp,
};
use hallpass_sqlite::SqliteStore;
use tempfile::TempDir;

pub(crate) const START: Timestamp = Timestamp::from_millis(1_700_000_000_000);

/// A folder that goes with the test, and the file of a store in it.
pub(crate) fn place() -> (TempDir, PathBuf) {
    let folder = rig::scratch();
    let path = folder.path().join("hallpass.db");
    (folder, path)
}

pub(crate) fn record() -> Record {
    record_of(SessionId::random())
}

pub(crate) fn record_of(id: SessionId) -> Record {
    let chain = Chain::start(Generation::new(1).expect("small"), START).chain;
    let terms = Terms { idle: 1800, absolute: 14_400, renewal: 3600, anonymous: 900, locks: false };
    Record::new(id, Realm::default(), Profile::default(), terms, chain, START)
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
pub(crate) async fn create(store: &SqliteStore, record: &Record) {
    let outcome = store.save(record, Expected::Absent, &[]).await.expect("the store is there");
    assert_eq!(outcome, Outcome::Applied);
}

pub(crate) async fn load(store: &SqliteStore, record: &Record) -> Option<Record> {
    store.load(&record.realm, &record.id).await.expect("the store is there")
}
