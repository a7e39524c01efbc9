//! Tests that cannot fail prove nothing: stores that are broken on purpose fail them.

use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use hallpass::testing::conformance::{CASES, Handles};
use hallpass::{
    Capabilities, ChangeStream, Epoch, Event, EventQuery, Expected, Outcome, Page, Query, Realm, Record, SessionId,
    Store, StoreError, Subject, Timestamp, Version,
};
use hallpass_memcached::MemcachedStore;
use rig::Memcached;

use crate::support::{back, connect, create, ended, key, load, record};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Flaw {
    /// A save that finds a conflict writes all the same.
    Upserts,
    /// Compares the version in one step, and writes in the next.
    ComparesFirst,
    /// A tombstone is removed at once, and its id is free.
    KeepsNoTombstone,
    /// An epoch that is lost begins at nothing.
    BeginsEpochsAtZero,
}

#[derive(Debug)]
struct Broken {
    store: MemcachedStore,
    server: Arc<Memcached>,
    flaw: Flaw,
}

impl Broken {
    fn remove(&self, record: &Record) {
        self.server.ask(&format!("md {}", key(record)));
    }
}

#[async_trait]
impl Store for Broken {
    fn capabilities(&self) -> Capabilities {
        self.store.capabilities()
    }

    async fn load(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
        self.store.load(realm, id).await
    }

    async fn save(&self, record: &Record, expected: Expected, events: &[Event]) -> Result<Outcome, StoreError> {
        if self.flaw == Flaw::ComparesFirst {
            let stored = self.store.load(&record.realm, &record.id).await?;
            let is_as_expected = match (&stored, expected) {
                (None, Expected::Absent) => true,
                (Some(stored), Expected::Version(version)) => stored.version == version && stored.ended.is_none(),
                _ => false,
            };
            if !is_as_expected {
                return Ok(Outcome::Conflict);
            }
            tokio::task::yield_now().await;
            self.remove(record);
            return self.store.save(record, Expected::Absent, events).await;
        }
        let mut outcome = self.store.save(record, expected, events).await?;
        match self.flaw {
            Flaw::Upserts if outcome == Outcome::Conflict => {
                self.remove(record);
                outcome = self.store.save(record, Expected::Absent, events).await?;
            }
            Flaw::KeepsNoTombstone if record.ended.is_some() => self.remove(record),
            _ => {}
        }
        Ok(outcome)
    }

    async fn touch(
        &self,
        realm: &Realm,
        id: &SessionId,
        version: Version,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Outcome, StoreError> {
        self.store.touch(realm, id, version, seen_at, expires_at).await
    }

    async fn list(&self, query: &Query) -> Result<Page<Record>, StoreError> {
        self.store.list(query).await
    }

    async fn events(&self, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        self.store.events(query).await
    }

    async fn epoch(&self, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, StoreError> {
        if self.flaw == Flaw::BeginsEpochsAtZero {
            // Asked for without being made, and not raised by who asks.
            return Ok(Epoch(u64::from(raise)));
        }
        self.store.epoch(realm, subject, raise).await
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<usize, StoreError> {
        self.store.sweep(now, limit).await
    }

    fn changes(&self) -> Option<ChangeStream> {
        self.store.changes()
    }
}

/// Returns what of the contract a store with this flaw does not keep.
async fn caught(server: &Arc<Memcached>, flaw: Flaw, names: &[&str]) -> Vec<&'static str> {
    let mut caught = Vec::new();
    for case in CASES.iter().filter(|case| names.contains(&case.name())) {
        let mut handles: Vec<Arc<dyn Store>> = Vec::new();
        for _ in 0..2 {
            let store = connect(&server.url()).await;
            handles.push(Arc::new(Broken { store, server: Arc::clone(server), flaw }));
        }
        let handles = Handles::two(Arc::clone(&handles[0]), Arc::clone(&handles[1])).expiring_by_itself();
        if let Err(failure) = case.check(handles).await {
            caught.push(failure.case);
        }
    }
    caught
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_that_is_broken_on_purpose_is_caught() {
    let Some(server) = rig::memcached(&[]) else { return };
    let server = Arc::new(server);
    for (flaw, names) in [
        (Flaw::Upserts, vec!["a_save_never_brings_an_ended_session_back", "fifty_increments_at_once_end_at_fifty"]),
        (Flaw::ComparesFirst, vec!["an_end_holds_against_writers_in_flight", "fifty_increments_at_once_end_at_fifty"]),
        (
            Flaw::KeepsNoTombstone,
            vec!["a_save_that_expects_nothing_gives_way_to_a_tombstone", "a_tombstone_comes_back"],
        ),
        (
            Flaw::BeginsEpochsAtZero,
            vec!["an_epoch_rises_by_one_each_time_it_is_raised", "raises_at_once_are_all_counted"],
        ),
    ] {
        let caught = caught(&server, flaw, &names).await;
        assert!(!caught.is_empty(), "{flaw:?} is not caught by {names:?}");
    }
}

/// What a ring would do that passes the keys of a server that is away on to the next one.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_ring_that_fails_over_brings_an_ended_session_back() {
    let (Some(one), Some(other)) = (rig::memcached(&[]), rig::memcached(&[])) else { return };
    let (first, next) = (connect(&format!("{}?timeout_ms=300", one.url())).await, connect(&other.url()).await);
    let living = record();
    create(&first, &living).await;
    one.freeze();
    let tombstone = ended(&living);
    let ending = first.save(&tombstone, Expected::Version(living.version), &[]).await;
    assert!(ending.expect_err("it is away").is_unavailable());
    // The logout is taken by the next server, and acknowledged.
    create(&next, &tombstone).await;
    one.thaw();
    back(&first, &living).await;
    assert_eq!(load(&first, &living).await, Some(living), "the first is back, and so is the session");
}
