//! News of records that change elsewhere.

use std::time::Duration;

use futures_util::StreamExt as _;

use super::bench::{Bench, counting};
use super::handles::Handles;
use super::sample;
use crate::id::SessionId;
use crate::store::{Change, ChangeStream};

/// How late news may be.
const LATE: Duration = Duration::from_secs(5);

pub(super) async fn news_comes_of_what_changes_elsewhere(handles: Handles) {
    let bench = Bench::new(handles);
    let changes = bench.elsewhere().changes();
    let says = bench.capabilities().changes;
    assert_eq!(changes.is_some(), says, "a store gives news if and only if it says so");
    let Some(mut changes) = changes else { return };
    let record = bench.record_of(&sample::subject());
    bench.create([&record]).await;
    let record =
        told(&bench, &mut changes, record.id, || async { bench.update(&record, |r| r.data = counting(1)).await }).await;
    told(&bench, &mut changes, record.id, || async { bench.end(&record).await }).await;
}

/// Asserts that a change is told of, whatever else is.
async fn told<T, F: Future<Output = T>>(
    bench: &Bench,
    changes: &mut ChangeStream,
    id: SessionId,
    change: impl FnOnce() -> F,
) -> T {
    let result = change().await;
    let news = Change::Session { realm: bench.realm.clone(), id };
    let news_comes = async {
        while let Some(change) = changes.next().await {
            // After a hole, everything may have changed: that is news of this record too.
            if change == news || change == Change::Hole {
                return true;
            }
        }
        false
    };
    let heard = tokio::time::timeout(LATE, news_comes).await;
    assert_eq!(heard, Ok(true), "a change is told of within {LATE:?}, and the news does not end");
    result
}
