use jiff::Timestamp;
use jiff::fmt::rfc2822;

/// Returns the time as HTTP writes it: `Thu, 15 Jan 2026 00:00:00 GMT`.
pub(crate) fn http(ms: i64) -> String {
    let seconds = Timestamp::from_second(ms.div_euclid(1000)).unwrap_or(Timestamp::UNIX_EPOCH);
    // Years beyond 9999 have no date in HTTP; nothing here lives so long.
    rfc2822::DateTimePrinter::new().timestamp_to_rfc9110_string(&seconds).unwrap_or_default()
}

/// Returns the time as `Date.prototype.toISOString` writes it: with milliseconds and `Z`.
pub(crate) fn iso(ms: i64) -> Option<String> {
    Timestamp::from_millisecond(ms).ok().map(|at| format!("{at:.3}"))
}

/// Reads a time in ISO 8601 with an offset, to the millisecond below.
pub(crate) fn from_iso(text: &str) -> Option<i64> {
    let text = text.strip_suffix("+00:00").map_or_else(|| text.to_owned(), |text| format!("{text}Z"));
    text.parse::<Timestamp>().ok().map(Timestamp::as_millisecond)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_written_as_each_of_them_does() {
        assert_eq!(http(1_768_435_200_999), "Thu, 15 Jan 2026 00:00:00 GMT");
        assert_eq!(iso(1_767_225_600_000).as_deref(), Some("2026-01-01T00:00:00.000Z"));
        assert_eq!(from_iso("2026-01-01T00:00:00.000Z"), Some(1_767_225_600_000));
        assert_eq!(from_iso("2026-01-01T02:00:00.5+02:00"), Some(1_767_225_600_500));
        assert_eq!(from_iso("2026-01-01T00:00:00.123456+00:00"), Some(1_767_225_600_123));
        assert_eq!(from_iso("tomorrow"), None);
    }
}
