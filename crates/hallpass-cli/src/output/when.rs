use std::time::Duration;

use hallpass::Timestamp;
use jiff::tz::TimeZone;

/// The zone that times are shown in.
#[derive(Debug, Clone)]
pub(crate) struct Zone(TimeZone);

impl Zone {
    /// Returns UTC, or the zone of the machine (`TZ`).
    pub(crate) fn new(is_utc: bool) -> Self {
        Self(if is_utc { TimeZone::UTC } else { TimeZone::system() })
    }

    /// Returns the instant as date, time of day and zone.
    pub(crate) fn show(&self, at: Timestamp) -> String {
        self.format(at, "%Y-%m-%d %H:%M:%S %Z")
    }

    /// Returns the instant as date and time of day.
    pub(crate) fn show_short(&self, at: Timestamp) -> String {
        self.format(at, "%Y-%m-%d %H:%M:%S")
    }

    fn format(&self, at: Timestamp, format: &str) -> String {
        let millis = i64::try_from(at.as_millis()).unwrap_or(i64::MAX);
        match jiff::Timestamp::from_millisecond(millis) {
            Ok(instant) => instant.to_zoned(self.0.clone()).strftime(format).to_string(),
            Err(_) => at.to_string(),
        }
    }
}

/// Returns how far from now an instant is, in words: "3 minutes ago", "in 2 hours", "now".
pub(crate) fn relative(at: Timestamp, now: Timestamp) -> String {
    let (ahead, behind) = (at.since(now), now.since(at));
    let (distance, is_ahead) = if ahead.is_zero() { (behind, false) } else { (ahead, true) };
    let (number, unit) = match distance.as_secs() {
        0 => return "now".to_owned(),
        seconds @ 1..60 => (seconds, "second"),
        seconds @ 60..3600 => (seconds / 60, "minute"),
        seconds @ 3600..86_400 => (seconds / 3600, "hour"),
        seconds => (seconds / 86_400, "day"),
    };
    let plural = if number == 1 { "" } else { "s" };
    if is_ahead { format!("in {number} {unit}{plural}") } else { format!("{number} {unit}{plural} ago") }
}

/// Returns a length of time, by its two largest units: "3h 59m".
pub(crate) fn duration(length: Duration) -> String {
    let seconds = length.as_secs();
    let parts = [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
    let shown: Vec<_> = parts
        .iter()
        .skip_while(|(number, _)| *number == 0)
        .take(2)
        .filter(|(number, _)| *number > 0)
        .map(|(number, unit)| format!("{number}{unit}"))
        .collect();
    if shown.is_empty() { "0s".to_owned() } else { shown.join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_millis(1_700_000_000_000 + seconds * 1000)
    }

    #[test]
    fn distances_are_told_in_their_largest_unit() {
        let now = at(1_000_000);
        for (then, said) in [
            (now, "now"),
            (at(999_999), "1 second ago"),
            (at(1_000_000 - 185), "3 minutes ago"),
            (at(1_000_000 - 86_400 * 3), "3 days ago"),
            (at(1_000_000 + 26 * 60 + 59), "in 26 minutes"),
            (at(1_000_000 + 3600), "in 1 hour"),
        ] {
            assert_eq!(relative(then, now), said);
        }
    }

    #[test]
    fn lengths_have_two_units_at_most() {
        for (seconds, said) in
            [(0, "0s"), (59, "59s"), (60, "1m"), (3599, "59m 59s"), (14_399, "3h 59m"), (86_400, "1d")]
        {
            assert_eq!(duration(Duration::from_secs(seconds)), said);
        }
        assert_eq!(duration(Duration::from_mins(1441)), "1d");
    }

    #[test]
    fn a_zone_is_named_with_its_time() {
        assert_eq!(Zone::new(true).show(Timestamp::from_millis(0)), "1970-01-01 00:00:00 UTC");
        let berlin = Zone(TimeZone::fixed(jiff::tz::offset(2)));
        assert_eq!(berlin.show_short(Timestamp::from_millis(0)), "1970-01-01 02:00:00");
    }
}
