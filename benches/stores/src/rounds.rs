//! Many short measurements, taken in turn, so that a busy moment of the machine hits all alike.

use std::time::Duration;

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Returns the median of what is measured in the same round, one by the other.
pub(crate) fn median_ratio(over: &[Duration], under: &[Duration]) -> f64 {
    median(over.iter().zip(under).map(|(over, under)| over.as_secs_f64() / under.as_secs_f64()).collect())
}

pub(crate) fn nanos_each(rounds: &[Duration], times: usize) -> f64 {
    median(rounds.iter().map(Duration::as_secs_f64).collect()) * 1e9 / times as f64
}
