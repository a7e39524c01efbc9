//! News of records that change elsewhere.

use std::collections::HashSet;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::select;
use tokio::time::{Instant, timeout_at};

use super::bench::{Bench, counting};
use super::cancel::polled;
use super::handles::Handles;
use super::sample::{self, HOUR, MINUTE};
use crate::crypto;
use crate::id::SessionId;
use crate::store::{Change, ChangeStream, Expected, Outcome};

/// How late news may be.
const LATE: Duration = Duration::from_secs(5);
/// How many saves are dropped: enough that some are between their commit and their answer.
const DROPPED: usize = 60;

pub(super) async fn news_comes_of_what_changes_elsewhere(handles: Handles) {
    let bench = Bench::new(handles);
    let changes = bench.elsewhere().changes();
    let says = bench.capabilities().changes;
    assert_eq!(changes.is_some(), says, "a store gives news if and only if it says so");
    let Some(mut changes) = changes else { return };
    let record = bench.record_of(&sample::subject());
    bench.create([&record]).await;

    catch_up(&bench, &mut changes).await;
    let record = bench.update(&record, |record| record.data = counting(1)).await;
    assert_told(&bench, &mut changes, record.id, "a change").await;

    catch_up(&bench, &mut changes).await;
    let _ = bench.touch(&record, bench.now.plus(MINUTE), bench.now.plus(2 * HOUR)).await;
    bench.end(&bench.load(&record.id).await.expect("it is there")).await;
    assert_told(&bench, &mut changes, record.id, "an end").await;
}

pub(super) async fn a_save_that_is_dropped_half_way_is_told_of_if_it_happens(handles: Handles) {
    let bench = Bench::new(handles);
    let Some(mut changes) = bench.elsewhere().changes() else { return };
    catch_up(&bench, &mut changes).await;
    let usual = usual_time(&bench).await;
    let records: Vec<_> = (0..DROPPED).map(|_| bench.record()).collect();
    bench.create(&records).await;
    // Where creations are told too, that is not what is waited for.
    catch_up(&bench, &mut changes).await;
    let mut happened = HashSet::new();
    for (round, before) in records.iter().enumerate() {
        let expected = Expected::Version(before.version);
        let after = sample::next(before, |after| after.data = counting(1));
        let save = bench.store().save(&after, expected, &[]);
        if round % 3 == 0 {
            drop(polled(save, 1 + round / 3 % 4).await);
        } else {
            select(pin!(save), pin!(pass(at_random(usual * 5 / 4)))).await;
        }
        // Of two saves that expect one version, one is applied: this one, or the one that was dropped.
        let other = sample::next(before, |other| other.data = counting(2));
        if bench.save(&other, expected).await == Outcome::Conflict {
            happened.insert(before.id);
        }
    }
    let count = happened.len();
    let untold = untold(&bench, &mut changes, happened).await.len();
    assert_eq!(
        untold, 0,
        "of {count} saves that happened though their callers may have gone, {untold} are not told of"
    );
}

/// Returns how long a save takes that nobody drops, on connections that are there.
async fn usual_time(bench: &Bench) -> Duration {
    let mut record = bench.record();
    bench.create([&record]).await;
    let mut usual = Duration::MAX;
    for number in 0..20 {
        let began = Instant::now();
        record = bench.update(&record, |record| record.data = counting(number)).await;
        usual = usual.min(began.elapsed());
    }
    usual
}

/// Returns some time shorter than `most`.
fn at_random(most: Duration) -> Duration {
    most.mul_f64(f64::from(u32::from_be_bytes(crypto::random())) / f64::from(u32::MAX))
}

/// Waits more exactly than a timer, which counts in milliseconds.
async fn pass(time: Duration) {
    let began = Instant::now();
    while began.elapsed() < time {
        tokio::task::yield_now().await;
    }
}

/// Takes in news until each of these sessions was told of, or it is late; returns those that were not.
async fn untold(bench: &Bench, changes: &mut ChangeStream, mut sessions: HashSet<SessionId>) -> HashSet<SessionId> {
    let deadline = Instant::now() + LATE;
    while !sessions.is_empty()
        && let Ok(Some(change)) = timeout_at(deadline, changes.next()).await
    {
        match change {
            Change::Session { realm, id } if realm == bench.realm => drop(sessions.remove(&id)),
            Change::Session { .. } => {}
            // Everything may have changed: that is news of all of them.
            Change::Hole => sessions.clear(),
        }
    }
    sessions
}

/// Takes in all earlier news, so that none of it is mistaken for what comes next.
async fn catch_up(bench: &Bench, changes: &mut ChangeStream) {
    let mark = bench.record();
    bench.create([&mark]).await;
    bench.update(&mark, |mark| mark.data = counting(1)).await;
    assert_told(bench, changes, mark.id, "a change").await;
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
