//! The store and its server.

use std::time::Duration;

use hallpass::Record;
use hallpass_memcached::MemcachedStore;
use rig::Memcached;

pub(crate) use crate::records::*;

/// How often a race is run.
pub(crate) const ROUNDS: usize = 3000;

/// How long a store waits for a server that hangs.
pub(crate) const TIMEOUT: Duration = Duration::from_millis(300);

pub(crate) const SCHEME: &str = "memcached";

/// What is said of a server that is silent: either a question or a new connection waited.
pub(crate) const SILENT: &str = "no answer within";

/// Whether a write that got no answer may be done after the next question was answered.
pub(crate) const WRITES_COME_LATE: bool = true;

pub(crate) fn start() -> Option<Memcached> {
    rig::memcached(&[])
}

pub(crate) async fn connect(url: &str) -> MemcachedStore {
    MemcachedStore::from_url(url).await.expect("the server is there")
}

/// Returns the key of a record, as the usual prefix makes it.
pub(crate) fn key(record: &Record) -> String {
    format!("hallpass:session:{}/{}", record.realm, record.id)
}
