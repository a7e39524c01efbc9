//! The one source of time, and the instants it gives.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An instant in UTC, in whole milliseconds since 1970-01-01T00:00:00Z, at most [`Timestamp::MAX`].
///
/// It is shown and read as RFC 3339, which is also how it appears in JSON.
///
/// ```
/// use hallpass::Timestamp;
///
/// let at = Timestamp::from_millis(1_700_000_000_123);
/// assert_eq!(at.to_string(), "2023-11-14T22:13:20.123Z");
/// assert_eq!("2023-11-14T22:13:20.123Z".parse(), Ok(at));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Timestamp(u64);

impl Timestamp {
    /// 1970-01-01T00:00:00Z.
    pub const UNIX_EPOCH: Self = Self(0);
    /// 9999-12-30T22:00:00.000Z, the last instant that RFC 3339 can write in every zone.
    pub const MAX: Self = Self(253_402_207_200_000);

    /// Returns the instant that is `millis` after the epoch, or [`Timestamp::MAX`] if that is later.
    pub const fn from_millis(millis: u64) -> Self {
        if millis > Self::MAX.0 { Self::MAX } else { Self(millis) }
    }

    /// Returns the whole milliseconds since the epoch.
    pub const fn as_millis(self) -> u64 {
        self.0
    }

    /// Returns how long after `earlier` this is, or zero if it is not after it.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(self.0.saturating_sub(earlier.0))
    }

    /// Returns the instant `duration` later, or [`Timestamp::MAX`].
    #[must_use]
    pub const fn plus(self, duration: Duration) -> Self {
        Self::from_millis(self.0.saturating_add(whole_millis(duration)))
    }

    /// Returns the instant `duration` earlier, or the epoch.
    #[must_use]
    pub const fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(whole_millis(duration)))
    }
}

const fn whole_millis(duration: Duration) -> u64 {
    duration.as_secs().saturating_mul(1000).saturating_add(duration.subsec_millis() as u64)
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let millis = i64::try_from(self.0).map_err(|_| fmt::Error)?;
        let instant = jiff::Timestamp::from_millisecond(millis).map_err(|_| fmt::Error)?;
        write!(f, "{instant:.3}")
    }
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The error of reading a [`Timestamp`] from text that is not an RFC 3339 instant from 1970 to 9999.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 instant between 1970 and 9999, such as 2026-01-31T12:00:00Z")]
pub struct InvalidTimestamp;

impl FromStr for Timestamp {
    type Err = InvalidTimestamp;

    fn from_str(text: &str) -> Result<Self, InvalidTimestamp> {
        if text.len() > 64 {
            return Err(InvalidTimestamp);
        }
        let instant: jiff::Timestamp = text.parse().map_err(|_| InvalidTimestamp)?;
        let millis = u64::try_from(instant.as_millisecond()).map_err(|_| InvalidTimestamp)?;
        if millis > Self::MAX.0 { Err(InvalidTimestamp) } else { Ok(Self(millis)) }
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Tells what time it is; everything that asks for the time asks one of these.
///
/// Implementers: `now` must not go back while the process lives, since a clock that goes back would lengthen sessions.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// Returns the present instant.
    fn now(&self) -> Timestamp;
}

/// The system's clock, which here never goes back.
///
/// When the wall clock is set back, time goes on from where it was, at the pace of the monotonic clock, so that no
/// session lives longer than its policy allows; when it is set forward, that is followed at once.
#[cfg(feature = "system")]
#[derive(Debug)]
pub struct SystemClock {
    started: std::time::Instant,
    /// The latest wall-clock time at which `started` can have been, in milliseconds.
    started_at: std::sync::atomic::AtomicU64,
}

#[cfg(feature = "system")]
impl SystemClock {
    /// Returns a clock that starts at the present wall-clock time.
    pub fn new() -> Self {
        Self { started: std::time::Instant::now(), started_at: std::sync::atomic::AtomicU64::new(0) }
    }

    fn at(&self, elapsed: Duration, wall: u64) -> Timestamp {
        let elapsed = whole_millis(elapsed);
        let anchor = wall.saturating_sub(elapsed);
        let before = self.started_at.fetch_max(anchor, std::sync::atomic::Ordering::Relaxed);
        Timestamp::from_millis(before.max(anchor).saturating_add(elapsed))
    }
}

#[cfg(feature = "system")]
impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(feature = "system")]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).map_or(0, whole_millis);
        self.at(self.started.elapsed(), wall)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instants_are_written_and_read_as_rfc_3339() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (951_782_400_001, "2000-02-29T00:00:00.001Z"),
            (Timestamp::MAX.0, "9999-12-30T22:00:00.000Z"),
        ] {
            assert_eq!(Timestamp::from_millis(millis).to_string(), text);
            assert_eq!(text.parse(), Ok(Timestamp::from_millis(millis)));
        }
        assert_eq!("2000-01-01T01:00:00+01:00".parse(), Ok(Timestamp::from_millis(946_684_800_000)));
        for bad in ["", "now", "1969-12-31T23:59:59Z", "2000-13-01T00:00:00Z", "946684800", &"2".repeat(99)] {
            assert_eq!(bad.parse::<Timestamp>(), Err(InvalidTimestamp), "{bad}");
        }
    }

    #[test]
    fn arithmetic_stays_within_the_range() {
        assert_eq!(Timestamp::MAX.plus(Duration::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::UNIX_EPOCH.minus(Duration::from_secs(1)), Timestamp::UNIX_EPOCH);
        assert_eq!(Timestamp::from_millis(5).since(Timestamp::from_millis(9)), Duration::ZERO);
        assert_eq!(Timestamp::from_millis(9).since(Timestamp::from_millis(5)), Duration::from_millis(4));
    }

    #[cfg(feature = "system")]
    #[test]
    fn a_wall_clock_set_back_does_not_stop_or_turn_back_time() {
        let clock = SystemClock::new();
        let second = Duration::from_secs(1);
        assert_eq!(clock.at(second, 50_000).as_millis(), 50_000);
        assert_eq!(clock.at(second * 2, 20_000).as_millis(), 51_000);
        assert_eq!(clock.at(second * 3, 90_000).as_millis(), 90_000);
    }

    #[cfg(feature = "system")]
    #[test]
    fn the_system_clock_tells_the_present() {
        let now = SystemClock::new().now();
        assert!(now > "2025-01-01T00:00:00Z".parse().expect("valid") && now < Timestamp::MAX);
    }
}
