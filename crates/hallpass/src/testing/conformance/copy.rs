//! Stores that answer from copies: a copy catches up, whatever was under way when its record changed.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::bench::{Bench, ROUNDS, answer, counting};
use super::handles::Handles;
use crate::record::Record;
use crate::store::Store;

/// How long a copy may be behind.
const LATE: Duration = Duration::from_secs(5);
/// How often a copy is looked at while it is behind.
const PAUSE: Duration = Duration::from_millis(5);
const READERS: usize = 8;

pub(super) async fn a_copy_catches_up_with_its_record(handles: Handles) {
    let bench = Bench::new(handles);
    let record = bench.record();
    bench.create([&record]).await;
    assert_caught_up(&bench, &record).await;
    let record = bench.update(&record, |record| record.data = counting(1)).await;
    assert_caught_up(&bench, &record).await;
    let tombstone = bench.end(&record).await;
    assert_caught_up(&bench, &tombstone).await;
}

pub(super) async fn a_read_that_is_under_way_leaves_no_copy_from_before(handles: Handles) {
    let bench = Bench::new(handles);
    let mut tombstones = Vec::new();
    for round in 0..ROUNDS {
        let record = bench.record();
        bench.create([&record]).await;
        let ended = bench
            .at_once(READERS, |bench, index| {
                let record = record.clone();
                async move {
                    if index == round % READERS {
                        // At another moment each time: some reads are to be under way.
                        for _ in 0..round {
                            tokio::task::yield_now().await;
                        }
                        return Some(bench.end(&record).await);
                    }
                    answer("load", bench.store().load(&record.realm, &record.id).await);
                    None
                }
            })
            .await;
        tombstones.extend(ended.into_iter().flatten());
    }
    for tombstone in &tombstones {
        assert_caught_up(&bench, tombstone).await;
    }
}

/// Asserts that copies in both handles soon are of this record, or gone, and do not fall behind it again.
async fn assert_caught_up(bench: &Bench, record: &Record) {
    let until = Instant::now() + LATE;
    for store in [bench.store(), bench.elsewhere()] {
        while is_behind(store, record) {
            assert!(Instant::now() < until, "after {LATE:?}, a copy still is of what was before");
            tokio::time::sleep(PAUSE).await;
        }
    }
    for store in [bench.store(), bench.elsewhere()] {
        // Whatever is copied from now on is of what is there.
        answer("load", store.load(&record.realm, &record.id).await);
        assert!(!is_behind(store, record), "a copy never goes back");
    }
}

fn is_behind(store: &Arc<dyn Store>, record: &Record) -> bool {
    store.copy(&record.realm, &record.id).is_some_and(|copy| copy.version < record.version)
}
