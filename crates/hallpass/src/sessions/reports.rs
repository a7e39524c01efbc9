use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::event::EventKind;
use crate::time::Timestamp;

/// Limits how often refused tokens are reported: of each kind 64 at once, then 8 a second.
///
/// Anybody can show tokens that open nothing, as fast as they like; what is left out is counted in the next report. Each
/// kind has its own budget, so that a flood of invented tokens hides no spent one.
#[derive(Default)]
pub(super) struct ReportBudget([Kind; EventKind::REFUSALS.len() + 1]);

const PER_SECOND: u64 = 8;
const BURST: u64 = 64;

#[derive(Default)]
struct Kind {
    /// By when the reports made so far are paid off, in milliseconds.
    paid_at: AtomicU64,
    left_out: AtomicU64,
}

impl ReportBudget {
    /// Returns how many of this kind were left out since the last report, or nothing if this one is to be left out too.
    pub(super) fn take(&self, kind: &EventKind, now: Timestamp) -> Option<u64> {
        let of_others = EventKind::REFUSALS.len();
        let place = EventKind::REFUSALS.iter().position(|known| known == kind).unwrap_or(of_others);
        let Kind { paid_at, left_out } = &self.0[place];
        let latest = now.plus(Duration::from_secs(BURST / PER_SECOND)).as_millis();
        let pay = |paid_at: u64| {
            let next = paid_at.max(now.as_millis()) + 1000 / PER_SECOND;
            (next <= latest).then_some(next)
        };
        if paid_at.fetch_update(Ordering::Relaxed, Ordering::Relaxed, pay).is_ok() {
            return Some(left_out.swap(0, Ordering::Relaxed));
        }
        left_out.fetch_add(1, Ordering::Relaxed);
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_is_reported_and_then_some_a_second_that_say_how_many_were_left_out() {
        let budget = ReportBudget::default();
        let at = |millis: u64| Timestamp::from_millis(1_000_000 + millis);
        let reported: Vec<_> = (0..1000).filter_map(|_| budget.take(&EventKind::UnknownToken, at(0))).collect();
        assert_eq!(reported, [0; 64]);
        assert_eq!(budget.take(&EventKind::SpentToken, at(0)), Some(0), "another kind is not held up");
        assert_eq!(budget.take(&EventKind::Created, at(0)), Some(0), "nor what is no refusal");
        assert_eq!(budget.take(&EventKind::UnknownToken, at(124)), None);
        assert_eq!(budget.take(&EventKind::UnknownToken, at(125)), Some(937));
        assert_eq!(budget.take(&EventKind::UnknownToken, at(125)), None);
        let later: Vec<_> = (0..100).filter_map(|_| budget.take(&EventKind::UnknownToken, at(1_125))).collect();
        assert_eq!(later, [1, 0, 0, 0, 0, 0, 0, 0]);
    }
}
