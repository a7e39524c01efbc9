//! News of records that change elsewhere.

use std::time::Duration;

use futures_util::StreamExt as _;

use super::bench::{Bench, counting};
use super::handles::Handles;
use super::sample::{self, HOUR, MINUTE};
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
    assert_told(&bench, &mut changes, record.id, "a creation").await;

    catch_up(&bench, &mut changes).await;
    let record = bench.update(&record, |record| record.data = counting(1)).await;
    assert_told(&bench, &mut changes, record.id, "a change").await;

    catch_up(&bench, &mut changes).await;
    let _ = bench.touch(&record, bench.now.plus(MINUTE), bench.now.plus(2 * HOUR)).await;
    bench.end(&bench.load(&record.id).await.expect("it is there")).await;
    assert_told(&bench, &mut changes, record.id, "an end").await;
}

/// Takes in all earlier news, so that none of it is mistaken for what comes next.
async fn catch_up(bench: &Bench, changes: &mut ChangeStream) {
    let mark = bench.record();
    bench.create([&mark]).await;
    assert_told(bench, changes, mark.id, "a creation").await;
}

async fn assert_told(bench: &Bench, changes: &mut ChangeStream, id: SessionId, what: &str) {
    let news = Change::Session { realm: bench.realm.clone(), id };
    let arrival = async {
        while let Some(change) = changes.next().await {
            // After a hole, everything may have changed: that is news of this record too.
            if change == news || change == Change::Hole {
                return true;
            }
        }
        false
    };
    let told = tokio::time::timeout(LATE, arrival).await;
    assert_eq!(told, Ok(true), "{what} is told of within {LATE:?}, and the news does not end");
}
