//! The store and its server, and a second way to the server.

use std::time::Duration;

use hallpass::{Event, EventKind, Note, Record, Timestamp};
use hallpass_redis::{RedisStore, redis};
use rig::Redis;

pub(crate) use crate::records::*;

/// How often a race is run.
pub(crate) const ROUNDS: usize = 3000;

/// How long a store waits for a server that hangs.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(300);

pub(crate) const SCHEME: &str = "redis";

/// What is said of a server that is silent for 300 milliseconds.
pub(crate) const SILENT: &str = "no answer within 300ms";

/// Whether a write that got no answer may be done after the next question was answered.
pub(crate) const WRITES_COME_LATE: bool = false;

pub(crate) fn start() -> Option<Redis> {
    rig::redis(&[])
}

pub(crate) async fn connect(url: &str) -> RedisStore {
    RedisStore::from_url(url).await.expect("the server is there")
}

/// The server asked without the store.
pub(crate) async fn bare(url: &str) -> redis::aio::MultiplexedConnection {
    let client = redis::Client::open(url).expect("a URL");
    client.get_multiplexed_async_connection().await.expect("the server is there")
}

/// The record with another deadline.
pub(crate) fn until(expires_at: Timestamp, mut record: Record) -> Record {
    record.expires_at = expires_at;
    record
}

pub(crate) fn event_of(record: &Record, kind: EventKind, note: &str) -> Event {
    let mut event = Event::new(kind, record.realm.clone(), now());
    event.session = Some(record.id);
    event.subject.clone_from(&record.subject);
    event.note = Some(Note::new(note).expect("a note"));
    event
}

/// Returns the key of a record, and that of its events, as operators know them.
pub(crate) fn keys(record: &Record) -> [String; 2] {
    let key = match record.realm.as_str() {
        "default" => format!("hallpass:{}", record.id),
        realm => format!("hallpass:{realm}/{}", record.id),
    };
    let events = format!("hallpass:events:{{{key}}}");
    [key, events]
}
