use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use crate::time::{Clock, Timestamp};

/// A clock that stands still until a test moves it; clones show the same time.
///
/// ```
/// use std::time::Duration;
///
/// use hallpass::Clock;
/// use hallpass::testing::ManualClock;
///
/// let clock = ManualClock::new();
/// let of_the_code_under_test = clock.clone();
/// clock.advance(Duration::from_secs(90));
/// assert_eq!(of_the_code_under_test.now().to_string(), "2026-01-01T00:01:30.000Z");
/// ```
#[derive(Clone)]
pub struct ManualClock {
    millis: Arc<AtomicU64>,
}

impl ManualClock {
    /// Where a clock stands unless it is told otherwise: 2026-01-01T00:00:00Z.
    pub const START: Timestamp = Timestamp::from_millis(1_767_225_600_000);

    /// Returns a clock that stands at [`ManualClock::START`].
    pub fn new() -> Self {
        Self::starting_at(Self::START)
    }

    /// Returns a clock that stands at `start`.
    pub fn starting_at(start: Timestamp) -> Self {
        Self { millis: Arc::new(AtomicU64::new(start.as_millis())) }
    }

    /// Moves the clock forward by the whole milliseconds of `duration`, and returns the new time.
    pub fn advance(&self, duration: Duration) -> Timestamp {
        let later = |millis| Timestamp::from_millis(millis).plus(duration).as_millis();
        let before = match self.millis.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |millis| Some(later(millis))) {
            Ok(before) | Err(before) => before,
        };
        Timestamp::from_millis(later(before))
    }

    /// Moves the clock to `at`.
    ///
    /// # Panics
    ///
    /// If `at` is before the present time: a [`Clock`] never goes back.
    pub fn set(&self, at: Timestamp) {
        let before = Timestamp::from_millis(self.millis.fetch_max(at.as_millis(), Ordering::SeqCst));
        assert!(before <= at, "a clock never goes back, and this one would, from {before} to {at}");
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis.load(Ordering::SeqCst))
    }
}

impl fmt::Debug for ManualClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ManualClock").field(&self.now()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clones_show_the_same_time() {
        let clock = ManualClock::starting_at(Timestamp::from_millis(5));
        let other = clock.clone();
        assert_eq!(clock.advance(Duration::from_millis(2)), Timestamp::from_millis(7));
        other.set(Timestamp::from_millis(9));
        assert_eq!((clock.now(), other.now()), (Timestamp::from_millis(9), Timestamp::from_millis(9)));
    }

    #[test]
    #[should_panic(expected = "a clock never goes back")]
    fn a_manual_clock_refuses_to_go_back() {
        ManualClock::new().set(Timestamp::UNIX_EPOCH);
    }

    #[test]
    fn advances_at_once_are_all_counted() {
        let clock = ManualClock::starting_at(Timestamp::UNIX_EPOCH);
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..1_000 {
                        clock.advance(Duration::from_millis(1));
                    }
                });
            }
        });
        assert_eq!(clock.now(), Timestamp::from_millis(4_000));
    }
}
