//! What it costs to forget expired sessions, with few and with many living ones beside them.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use hallpass::{MemoryStore, SWEEP_MARGIN, Store as _};

use crate::fill::{fill, now};
use crate::rounds::{median_ratio, nanos_each};

const LIVING: [usize; 2] = [10_000, 1_000_000];
const EXPIRED: usize = 10_000;
/// How many expire while instructions are counted; there is a part for each sweep, so two counts are taken.
const STEPPED: [usize; 2] = [50, 300];
const ROUNDS: usize = 15;

pub async fn report() {
    let day = Duration::from_hours(24);
    let mut stores = Vec::new();
    for living in LIVING {
        let store = MemoryStore::with_capacity(2_000_000);
        fill(&store, living, living, now().plus(day)).await;
        stores.push((store, Vec::new()));
    }
    for _ in 0..ROUNDS {
        for ((store, rounds), living) in stores.iter_mut().zip(LIVING) {
            fill(store, EXPIRED, EXPIRED, now().minus(SWEEP_MARGIN * 2)).await;
            let started = Instant::now();
            let forgotten = store.sweep(now(), NonZeroUsize::MAX).await.expect("memory is there");
            rounds.push(started.elapsed());
            assert_eq!((forgotten, store.len()), (EXPIRED, living));
        }
    }
    let [(_, few), (_, many)] = stores.as_slice() else { unreachable!("two sizes") };
    println!(
        "| living sessions | expired ones | instructions executed for each that expired | ÷ fewest living \
         | ns for each, median of {ROUNDS} | ÷ fewest living |"
    );
    println!("| ---: | ---: | ---: | ---: | ---: | ---: |");
    let executed = LIVING.map(executed);
    for ((rounds, living), instructions) in [few, many].into_iter().zip(LIVING).zip(executed) {
        println!(
            "| {living} | {EXPIRED} | {instructions:.0} | {:.2} | {:.0} | {:.2} |",
            instructions / executed[0],
            nanos_each(rounds, EXPIRED),
            median_ratio(rounds, few)
        );
    }
}

fn executed(living: usize) -> f64 {
    let [few, many] = STEPPED;
    let total = |expired: usize| steps::count(&["sweep-steps", &living.to_string(), &expired.to_string()]);
    (total(many) - total(few)) as f64 / (many - few) as f64
}

/// What is stepped through: one sweep.
pub async fn step(living: usize, expired: usize) {
    let store = MemoryStore::with_capacity(2_000_000);
    fill(&store, living, living, now().plus(Duration::from_hours(24))).await;
    fill(&store, expired, expired, now().minus(SWEEP_MARGIN * 2)).await;
    let now = now();
    let forgotten = steps::stepped(|| store.sweep(now, NonZeroUsize::MAX).now_or_never());
    assert_eq!(forgotten.expect("memory does not wait").expect("memory is there"), expired);
}
