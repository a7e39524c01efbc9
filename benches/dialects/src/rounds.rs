use std::hint::black_box;
use std::time::Instant;

/// Returns the median of 40 rounds of some two milliseconds, in nanoseconds for one call.
pub(crate) fn median<T>(mut run: impl FnMut() -> T) -> f64 {
    let mut calls = 1_u32;
    let mut time = |calls: u32| {
        let start = Instant::now();
        (0..calls).for_each(|_| drop(black_box(run())));
        start.elapsed().as_nanos() as f64 / f64::from(calls)
    };
    while time(calls) * f64::from(calls) < 2e6 {
        calls *= 2;
    }
    let mut rounds: Vec<f64> = (0..40).map(|_| time(calls)).collect();
    rounds.sort_by(f64::total_cmp);
    rounds[rounds.len() / 2]
}
