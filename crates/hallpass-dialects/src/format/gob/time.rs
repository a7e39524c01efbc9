use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::Offset;

/// Seconds from the first year, which Go counts from, to 1970.
const TO_UNIX: i64 = 62_135_596_800;
/// The offset in seconds that stands for UTC itself.
const UTC: i32 = -60;

/// Reads what `time.Time` writes of itself, as text in RFC 3339.
pub(super) fn read(bytes: &[u8]) -> Option<String> {
    let (version, rest) = bytes.split_first()?;
    let seconds = i64::from_be_bytes(*rest.first_chunk()?).checked_sub(TO_UNIX)?;
    let nanos = i32::from_be_bytes(*rest[8..].first_chunk()?);
    let minutes = i16::from_be_bytes(*rest[12..].first_chunk()?);
    let extra = match (version, &rest[14..]) {
        (1, []) => 0,
        (2, [seconds]) => i32::from(seconds.cast_signed()),
        _ => return None,
    };
    let at = Timestamp::new(seconds, nanos).ok().filter(|_| nanos >= 0)?;
    let offset_s = i32::from(minutes) * 60 + extra;
    if offset_s == UTC {
        return Some(at.to_string());
    }
    let offset = Offset::from_seconds(offset_s).ok()?;
    let (sign, seconds) = (if offset.is_negative() { '-' } else { '+' }, offset.seconds().unsigned_abs());
    let mut text = format!("{}{sign}{:02}:{:02}", offset.to_datetime(at), seconds / 3600, seconds / 60 % 60);
    if seconds % 60 > 0 {
        let _ = write!(text, ":{:02}", seconds % 60);
    }
    Some(text)
}

/// Writes what `time.Time` reads of itself.
pub(super) fn write(text: &str) -> Option<Vec<u8>> {
    let at: Timestamp = text.parse().ok()?;
    let seconds = at.as_second() - i64::from(at.subsec_nanosecond() < 0);
    let nanos = at.subsec_nanosecond().rem_euclid(1_000_000_000);
    let offset_s = if text.ends_with(['Z', 'z']) {
        UTC
    } else {
        // The offset that stands for UTC cannot be told from it.
        offset_s(text).filter(|offset| *offset != UTC)?
    };
    let (minutes, extra) = (offset_s / 60, offset_s % 60);
    let mut out = vec![if extra == 0 { 1 } else { 2 }];
    out.extend_from_slice(&seconds.checked_add(TO_UNIX)?.to_be_bytes());
    out.extend_from_slice(&nanos.to_be_bytes());
    out.extend_from_slice(&i16::try_from(minutes).ok()?.to_be_bytes());
    if extra != 0 {
        out.extend_from_slice(&i8::try_from(extra).ok()?.to_be_bytes());
    }
    Some(out)
}

/// Returns the offset at the end of a time, `+02:00`, in seconds.
fn offset_s(text: &str) -> Option<i32> {
    let at = text.rfind(['+', '-']).filter(|at| text[..*at].contains('T'))?;
    let sign = if text[at..].starts_with('-') { -1 } else { 1 };
    let mut scale = 3600;
    let mut seconds = 0;
    for part in text[at + 1..].split(':') {
        seconds += part.parse::<u8>().ok().map(i32::from)? * scale;
        scale /= 60;
    }
    Some(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_keep_their_offset_and_their_nanoseconds() {
        for text in [
            "2026-01-01T12:00:00Z",
            "2026-01-01T12:00:00.5Z",
            "2026-01-01T12:00:00+02:00",
            "2026-01-01T12:00:00.000000001-03:30",
            "1900-01-01T00:00:00.25+00:00",
            "1890-01-01T00:00:00+01:05:21",
            "1890-01-01T00:00:00-00:01:30",
        ] {
            let bytes = write(text).unwrap();
            assert_eq!(read(&bytes).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for bytes in [
            &[][..],
            &[1; 14],
            &[3; 15],
            &[1; 16],
            &[1, 0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0],
        ] {
            assert_eq!(read(bytes), None, "{bytes:?}");
        }
        for text in ["", "2026", "2026-01-01", "tomorrow", "2026-01-01T00:00:00-00:01"] {
            assert_eq!(write(text), None, "{text}");
        }
    }
}
