use std::time::Duration;

/// The units that people count in, the largest first.
const UNITS: [(u64, &str, &str); 4] =
    [(86_400, "day", "d"), (3600, "hour", "h"), (60, "minute", "min"), (1, "second", "s")];

/// Tells how long ago something was, in its largest unit, such as "4 minutes ago".
pub(crate) fn ago(duration: Duration) -> String {
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
pub(crate) fn span(duration: Duration) -> String {
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
}
