use std::time::Duration;

use hallpass::{SWEEP_MARGIN, Timestamp};

/// How much later than a record is over the server may forget it: an hour that every store leaves, and one for clocks.
const MARGIN: Duration = SWEEP_MARGIN.saturating_mul(2);
/// The longest time that a server takes to be from now on; what is more is an instant since 1970
/// (memcached's `protocol.txt`, "Expiration times").
const LONGEST_RELATIVE: u64 = 30 * 24 * 60 * 60;
/// Servers read times as 32 bits with a sign.
const LAST_INSTANT: u64 = i32::MAX as u64;
/// What never expires.
const NEVER: u64 = 0;

/// Returns when a server may forget a record, as it reads such a time. `now` is the server's own time.
///
/// It is at least two hours away, however long a record has been over: the server cleans up, and ends nothing.
pub(crate) fn ttl(expires_at: Timestamp, now: Timestamp) -> u64 {
    let left = expires_at.since(now) + MARGIN;
    let seconds = left.as_secs() + u64::from(left.subsec_nanos() > 0);
    if seconds <= LONGEST_RELATIVE {
        return seconds;
    }
    let instant = now.as_millis() / 1000 + 1 + seconds;
    if instant <= LAST_INSTANT { instant } else { NEVER }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_500);
    const DAY: Duration = Duration::from_hours(24);

    #[test]
    fn a_server_forgets_two_hours_late_and_never_sooner() {
        assert_eq!(ttl(NOW.plus(Duration::from_mins(1)), NOW), 7260);
        assert_eq!(ttl(NOW.plus(Duration::from_millis(1)), NOW), 7201);
        assert_eq!(ttl(NOW.minus(DAY), NOW), 7200);
        assert_eq!(ttl(Timestamp::UNIX_EPOCH, NOW), 7200);
    }

    #[test]
    fn what_is_more_than_thirty_days_away_is_an_instant() {
        let most = Duration::from_hours(30 * 24 - 2);
        assert_eq!(ttl(NOW.plus(most), NOW), 2_592_000);
        assert_eq!(ttl(NOW.plus(most + Duration::from_secs(1)), NOW), 1_800_000_001 + 2_592_001);
    }

    #[test]
    fn what_servers_cannot_count_to_never_expires() {
        let last = Timestamp::from_millis(LAST_INSTANT * 1000);
        assert!(ttl(last.minus(DAY), NOW) > 2_000_000_000);
        assert_eq!(ttl(last, NOW), 0);
        assert_eq!(ttl(Timestamp::MAX, NOW), 0);
        assert_eq!(ttl(Timestamp::MAX, last), 0);
    }
}
