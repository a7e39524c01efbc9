use std::time::Duration;

use hallpass::{Clock as _, SystemClock, Timestamp};
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use jiff::{Span, SpanRelativeTo};

/// Reads an instant: RFC 3339, a local date or date and time, or how long ago it was.
pub(super) fn instant(text: &str) -> Result<Timestamp, String> {
    read(text, SystemClock::new().now(), &TimeZone::system())
}

fn read(text: &str, now: Timestamp, zone: &TimeZone) -> Result<Timestamp, String> {
    let text = text.trim();
    absolute(text, zone)
        .or_else(|| ago(text, now))
        .ok_or_else(|| "a time is like 2026-01-31T12:00:00Z, 2026-01-31 (local), 2h, or '30 minutes ago'".to_owned())
}

fn absolute(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    if let Ok(at) = text.parse() {
        return Some(at);
    }
    let local: DateTime = text.parse().ok()?;
    let millis = local.to_zoned(zone.clone()).ok()?.timestamp().as_millisecond();
    u64::try_from(millis).ok().map(Timestamp::from_millis)
}

/// Reads `2h`, `2h ago`, `1 day 12 hours ago`; a time to come is none of these.
fn ago(text: &str, now: Timestamp) -> Option<Timestamp> {
    if text == "now" {
        return Some(now);
    }
    let span: Span = text.parse().ok()?;
    let length = span.to_duration(SpanRelativeTo::days_are_24_hours()).ok()?;
    // "2h" and "2h ago" mean the same: nothing here asks for the future.
    let is_signed = text.starts_with(['-', '+']);
    let length = Duration::try_from(length.abs()).ok()?;
    (!is_signed).then(|| now.minus(length))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::from_millis(1_700_000_000_000);

    fn at(text: &str) -> Result<Timestamp, String> {
        read(text, NOW, &TimeZone::fixed(jiff::tz::offset(2)))
    }

    #[test]
    fn times_are_read_as_people_write_them() {
        let hours = |hours: u64| NOW.minus(Duration::from_secs(hours * 3600));
        for (text, expected) in [
            ("2h", hours(2)),
            ("2h ago", hours(2)),
            ("2 hours ago", hours(2)),
            ("1 day 12 hours ago", hours(36)),
            ("30d", hours(720)),
            ("now", NOW),
            ("2023-11-14T22:13:20Z", NOW),
            ("2023-11-15T00:13:20+02:00", NOW),
            ("2023-11-15 00:13:20", NOW),
            ("2023-11-15", NOW.minus(Duration::from_secs(13 * 60 + 20))),
        ] {
            assert_eq!(at(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused_with_examples() {
        for text in ["", "yesterday", "12", "-2h", "2h from now", "1969-12-31T00:00:00Z"] {
            let error = at(text).expect_err(text);
            assert!(error.contains("2h"), "{error}");
        }
    }
}
