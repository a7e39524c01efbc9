//! Tests that cannot fail prove nothing: stores that are broken on purpose fail them.

use std::sync::Arc;

use async_trait::async_trait;
use hallpass::{Epoch, Expected, Realm, Record, Store, StoreError, Subject};
use hallpass_memcached::MemcachedStore;
use rig::Memcached;

use crate::breakage::{Flaw, Victim, assert_caught};
use crate::support::{back, connect, create, ended, key, load, record};

#[derive(Debug)]
struct Forgetful {
    store: MemcachedStore,
    server: Arc<Memcached>,
    /// An epoch that is lost begins at nothing.
    begins_epochs_at_zero: bool,
}

#[async_trait]
impl Victim for Forgetful {
    fn store(&self) -> &dyn Store {
        &self.store
    }

    async fn remove(&self, record: &Record) {
        self.server.ask(&format!("md {}", key(record)));
    }

    async fn epoch(&self, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, StoreError> {
        if self.begins_epochs_at_zero {
            // Asked for without being made, and not raised by who asks.
            return Ok(Epoch(u64::from(raise)));
        }
        self.store.epoch(realm, subject, raise).await
    }
}

async fn victim(server: &Arc<Memcached>, begins_epochs_at_zero: bool) -> Forgetful {
    Forgetful { store: connect(&server.url()).await, server: Arc::clone(server), begins_epochs_at_zero }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_store_that_is_broken_on_purpose_is_caught() {
    let Some(server) = rig::memcached(&[]) else { return };
    let server = Arc::new(server);
    for (flaw, names) in [
        (Flaw::Upserts, ["a_save_never_brings_an_ended_session_back", "fifty_increments_at_once_end_at_fifty"]),
        (Flaw::ComparesFirst, ["an_end_holds_against_writers_in_flight", "fifty_increments_at_once_end_at_fifty"]),
        (Flaw::KeepsNoTombstone, ["a_save_that_expects_nothing_gives_way_to_a_tombstone", "a_tombstone_comes_back"]),
    ] {
        assert_caught(Some(flaw), &names, async || victim(&server, false).await).await;
    }
    let names = ["an_epoch_rises_by_one_each_time_it_is_raised", "raises_at_once_are_all_counted"];
    assert_caught(None, &names, async || victim(&server, true).await).await;
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
