//! Records as the tests of stores on a server need them: of now, since servers forget what is long over.

use std::time::{Duration, Instant};

use bytes::Bytes;
use hallpass::{
    Actor, Chain, Clock as _, EndReason, Ended, Expected, Generation, Outcome, Profile, Realm, Record, SessionId,
    Store, StoreError, Subject, SystemClock, Terms, Timestamp,
};

pub(crate) const HOUR: Duration = Duration::from_hours(1);

pub(crate) fn now() -> Timestamp {
    SystemClock::new().now()
}

pub(crate) fn record() -> Record {
    let now = now();
    let chain = Chain::start(Generation::new(1).expect("small"), now).chain;
    let terms = Terms { idle: 1800, absolute: 14_400, renewal: 3600, anonymous: 1800, locks: false };
    let mut record = Record::new(SessionId::random(), Realm::default(), Profile::default(), terms, chain, now);
    record.expires_at = now.plus(HOUR);
    record
}

pub(crate) fn record_by(subject: &Subject) -> Record {
    let mut record = record();
    record.subject = Some(subject.clone());
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

#[track_caller]
pub(crate) fn assert_unavailable<T: std::fmt::Debug>(result: Result<T, StoreError>, part: &str) {
    let error = result.expect_err("this cannot work");
    assert!(error.is_unavailable(), "{error}");
    assert!(error.to_string().contains(part), "{error}");
}

/// Asks until the store answers about this record, and returns how long that took.
pub(crate) async fn back(store: &impl Store, record: &Record) -> Duration {
    let start = Instant::now();
    while store.load(&record.realm, &record.id).await.is_err() {
        assert!(start.elapsed() < Duration::from_secs(20), "the store does not come back");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    start.elapsed()
}
