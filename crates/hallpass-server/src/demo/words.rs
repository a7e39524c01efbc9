//! Times in words.

use std::time::Duration;

use askama::Template;
use askama::filters::HtmlSafe;
use hallpass::Timestamp;

/// An instant as pages show it.
#[derive(Debug, Template)]
#[template(source = r#"<time datetime="{{ rfc3339 }}" title="{{ exact }}">{{ ago }}</time>"#, ext = "html")]
pub(super) struct When {
    /// For programs.
    rfc3339: String,
    /// For people, on demand.
    exact: String,
    /// For people.
    ago: String,
}

/// It is an element of its own.
impl HtmlSafe for When {}

impl When {
    pub(super) fn new(at: Timestamp, now: Timestamp) -> Self {
        let rfc3339 = at.to_string();
        let exact = format!("{} UTC", rfc3339.get(..19).unwrap_or_default().replace('T', " "));
        Self { rfc3339, exact, ago: ago(now.since(at)) }
    }
}

/// What is left of a timeout.
#[derive(Debug)]
pub(super) struct Left {
    /// Seconds until it is over.
    pub(super) seconds: u64,
    /// Seconds that it lasts from beginning to end.
    pub(super) of: u64,
    pub(super) words: String,
}

impl Left {
    pub(super) fn new(begins: Timestamp, ends: Timestamp, now: Timestamp) -> Self {
        let left = ends.since(now);
        Self { seconds: left.as_secs(), of: ends.since(begins).as_secs().max(1), words: span(left) }
    }
}

/// The units that people count in, the largest first.
const UNITS: [(u64, &str, &str); 4] =
    [(86_400, "day", "d"), (3600, "hour", "h"), (60, "minute", "min"), (1, "second", "s")];

fn ago(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match UNITS.iter().find(|(size, ..)| seconds >= *size) {
        Some((size, unit, _)) if seconds >= 5 => {
            let count = seconds / size;
            let plural = if count == 1 { "" } else { "s" };
            format!("{count} {unit}{plural} ago")
        }
        _ => "just now".to_owned(),
    }
}

/// Returns a duration in its two largest units, such as "4 min 12 s".
pub(super) fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let Some(first) = UNITS.iter().position(|(size, ..)| seconds >= *size) else { return "0 s".to_owned() };
    let (size, _, short) = UNITS[first];
    let (count, rest) = (seconds / size, seconds % size);
    match UNITS.get(first + 1) {
        Some((size, _, next)) if rest / size > 0 => format!("{count} {short} {} {next}", rest / size),
        _ => format!("{count} {short}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_told_in_two_units() {
        for (seconds, expected) in [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (252, "4 min 12 s"),
            (3600, "1 h"),
            (3661, "1 h 1 min"),
            (30 * 86_400 - 1, "29 d 23 h"),
        ] {
            assert_eq!(span(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn the_past_is_told_in_one_unit() {
        for (seconds, expected) in [
            (0, "just now"),
            (4, "just now"),
            (42, "42 seconds ago"),
            (60, "1 minute ago"),
            (7300, "2 hours ago"),
            (200_000, "2 days ago"),
        ] {
            assert_eq!(ago(Duration::from_secs(seconds)), expected);
        }
    }

    #[test]
    fn an_instant_is_told_exactly_and_roughly() {
        let at = Timestamp::from_millis(1_700_000_000_123);
        let when = When::new(at, at.plus(Duration::from_secs(61)));
        assert_eq!(
            when.to_string(),
            r#"<time datetime="2023-11-14T22:13:20.123Z" title="2023-11-14 22:13:20 UTC">1 minute ago</time>"#
        );
    }
}
