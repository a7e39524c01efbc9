//! Nanoseconds, in rounds through all services, so that a busy moment of the machine hits all alike.

use std::collections::HashMap;
use std::time::Instant;

use layer::Operation;

use crate::arm::Arm;

const ROUNDS: usize = 8;
const SAMPLES: usize = 9;
const REQUESTS: u32 = 300;

/// The least of all samples, and the median of the least of each round.
#[derive(Debug, Clone, Copy)]
pub(super) struct Time {
    pub(super) least: f64,
    pub(super) median: f64,
}

pub(super) fn measure() -> HashMap<(&'static str, &'static str), Time> {
    let mut runs: Vec<_> = Operation::ALL
        .into_iter()
        .flat_map(|operation| Arm::ALL.into_iter().map(move |arm| (arm, operation)))
        .map(|(arm, operation)| ((arm.name(), operation.name()), arm.runner(operation), Vec::new()))
        .collect();
    for _ in 0..ROUNDS {
        for (_, run, least_of_rounds) in &mut runs {
            run(100);
            let samples = (0..SAMPLES).map(|_| {
                let started = Instant::now();
                run(REQUESTS);
                started.elapsed().as_nanos() as f64 / f64::from(REQUESTS)
            });
            least_of_rounds.push(samples.fold(f64::INFINITY, f64::min));
        }
    }
    let time = |mut rounds: Vec<f64>| {
        rounds.sort_by(f64::total_cmp);
        Time { least: rounds[0], median: rounds[rounds.len() / 2] }
    };
    runs.into_iter().map(|(name, _, rounds)| (name, time(rounds))).collect()
}
