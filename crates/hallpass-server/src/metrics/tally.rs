use std::array;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hallpass::EventKind;

use super::{BUCKETS, Verification};

/// What is counted once more, so that it can be read back: the counters for Prometheus can only be written out.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    created: AtomicU64,
    renewed: AtomicU64,
    ended: AtomicU64,
    refused: AtomicU64,
    replayed: AtomicU64,
    verified: AtomicU64,
    /// How many answers of the store came within each bucket, and after the last.
    waits: [AtomicU64; BUCKETS.len() + 1],
}

/// What a [`Tally`] stood at.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) created: u64,
    pub(crate) renewed: u64,
    pub(crate) ended: u64,
    pub(crate) refused: u64,
    pub(crate) replayed: u64,
    pub(crate) verified: u64,
    pub(crate) waits: [u64; BUCKETS.len() + 1],
}

impl Tally {
    pub(crate) fn happened(&self, kind: &EventKind, times: u64) {
        let counter = match kind {
            EventKind::Created | EventKind::ImpersonationStarted => &self.created,
            EventKind::Renewed => &self.renewed,
            EventKind::Revoked | EventKind::Expired => &self.ended,
            EventKind::Replayed => {
                self.ended.fetch_add(times, Ordering::Relaxed);
                &self.replayed
            }
            kind if kind.is_refusal() => &self.refused,
            _ => return,
        };
        counter.fetch_add(times, Ordering::Relaxed);
    }

    pub(super) fn verified(&self, result: Verification) {
        if result == Verification::Active {
            self.verified.fetch_add(1, Ordering::Relaxed);
        }
    }

    pub(super) fn waited(&self, took: Duration) {
        let place = BUCKETS.iter().position(|limit| took.as_secs_f64() <= *limit).unwrap_or(BUCKETS.len());
        self.waits[place].fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn totals(&self) -> Totals {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        Totals {
            created: read(&self.created),
            renewed: read(&self.renewed),
            ended: read(&self.ended),
            refused: read(&self.refused),
            replayed: read(&self.replayed),
            verified: read(&self.verified),
            waits: array::from_fn(|place| read(&self.waits[place])),
        }
    }
}

impl Totals {
    /// Returns what came after `earlier`.
    pub(crate) fn since(&self, earlier: &Self) -> Self {
        Self {
            created: self.created.saturating_sub(earlier.created),
            renewed: self.renewed.saturating_sub(earlier.renewed),
            ended: self.ended.saturating_sub(earlier.ended),
            refused: self.refused.saturating_sub(earlier.refused),
            replayed: self.replayed.saturating_sub(earlier.replayed),
            verified: self.verified.saturating_sub(earlier.verified),
            waits: array::from_fn(|place| self.waits[place].saturating_sub(earlier.waits[place])),
        }
    }

    /// Returns both together.
    pub(crate) fn plus(&self, other: &Self) -> Self {
        Self {
            created: self.created.saturating_add(other.created),
            renewed: self.renewed.saturating_add(other.renewed),
            ended: self.ended.saturating_add(other.ended),
            refused: self.refused.saturating_add(other.refused),
            replayed: self.replayed.saturating_add(other.replayed),
            verified: self.verified.saturating_add(other.verified),
            waits: array::from_fn(|place| self.waits[place].saturating_add(other.waits[place])),
        }
    }

    /// Returns how often the store was asked.
    pub(crate) fn asked(&self) -> u64 {
        self.waits.iter().sum()
    }

    /// Returns within how many seconds the store gave this part of its answers; nothing if it gave none. It is the upper
    /// end of a bucket, or twice the last for what is beyond.
    pub(crate) fn wait(&self, part: f64) -> Option<f64> {
        let all = self.asked();
        if all == 0 {
            return None;
        }
        #[allow(clippy::cast_precision_loss)] // no more than a rank is made of it
        let rank = all as f64 * part;
        let mut seen = 0;
        for (place, count) in self.waits.iter().enumerate() {
            seen += count;
            #[allow(clippy::cast_precision_loss)] // as above
            if seen as f64 >= rank {
                return Some(BUCKETS.get(place).copied().unwrap_or(2.0 * BUCKETS[BUCKETS.len() - 1]));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_between_is_told_by_kind() {
        let tally = Tally::default();
        tally.happened(&EventKind::Created, 1);
        let before = tally.totals();
        tally.happened(&EventKind::Created, 2);
        tally.happened(&EventKind::Replayed, 1);
        tally.happened(&EventKind::WrongSecret, 7);
        tally.happened(&EventKind::DataChanged, 1);
        tally.verified(Verification::Active);
        tally.verified(Verification::Inactive);
        let between = tally.totals().since(&before);
        let expected = Totals { created: 2, ended: 1, replayed: 1, refused: 7, verified: 1, ..Totals::default() };
        assert_eq!(between, expected);
    }

    #[test]
    fn waits_are_told_by_the_bucket_that_most_are_within() {
        let tally = Tally::default();
        assert_eq!(tally.totals().wait(0.99), None);
        for _ in 0..99 {
            tally.waited(Duration::from_micros(80));
        }
        tally.waited(Duration::from_millis(30));
        let totals = tally.totals();
        assert_eq!(totals.asked(), 100);
        assert_eq!((totals.wait(0.5), totals.wait(0.99), totals.wait(1.0)), (Some(0.000_1), Some(0.000_1), Some(0.05)));
        tally.waited(Duration::from_mins(1));
        assert_eq!(tally.totals().wait(1.0), Some(10.0), "beyond the last bucket");
    }
}
