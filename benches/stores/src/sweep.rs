//! What it costs to forget expired sessions, with few and with many living ones beside them.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use hallpass::{MemoryStore, SWEEP_MARGIN, Store as _};

use crate::fill::{fill, now};
use crate::rounds::{median_ratio, nanos_each};

const LIVING: [usize; 2] = [10_000, 1_000_000];
const EXPIRED: usize = 10_000;
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
    println!("| living sessions | expired ones | ns for each that expired, median of {ROUNDS} | ÷ fewest living |");
    println!("| ---: | ---: | ---: | ---: |");
    for (rounds, living) in [few, many].into_iter().zip(LIVING) {
        println!(
            "| {living} | {EXPIRED} | {:.0} | {:.2} |",
            nanos_each(rounds, EXPIRED),
            median_ratio(rounds, few)
        );
    }
}
