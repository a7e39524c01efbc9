use std::time::Duration;

use hallpass::Timestamp;
use parking_lot::Mutex;

/// How often it is kept that somebody was refused: 32 at once, and then one in 10 seconds. Anybody can knock as often as
/// they like, and what they leave in the store is to have a bound.
#[derive(Debug, Default)]
pub(super) struct Pace(Mutex<Spent>);

#[derive(Debug, Default)]
struct Spent {
    /// By when what was told so far is paid off.
    paid_at: Timestamp,
    left_out: u64,
}

const EACH: Duration = Duration::from_secs(10);
const BURST: u32 = 32;

impl Pace {
    /// Returns how many were left out since the last, or nothing if this one is to be left out too.
    pub(super) fn take(&self, now: Timestamp) -> Option<u64> {
        let mut spent = self.0.lock();
        let next = spent.paid_at.max(now).plus(EACH);
        if next > now.plus(EACH * BURST) {
            spent.left_out += 1;
            return None;
        }
        spent.paid_at = next;
        Some(std::mem::take(&mut spent.left_out))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_is_kept_as_a_burst_and_then_as_a_trickle_that_counts_it() {
        let pace = Pace::default();
        let at = |seconds: u64| Timestamp::from_millis(1_000_000 + 1000 * seconds);
        let kept = (0..1000).filter_map(|_| pace.take(at(0))).collect::<Vec<_>>();
        assert_eq!(kept, [0; 32]);
        assert_eq!(pace.take(at(9)), None);
        assert_eq!(pace.take(at(10)), Some(969));
        assert_eq!(pace.take(at(10)), None);
        assert_eq!(pace.take(at(20)), Some(1));
    }
}
