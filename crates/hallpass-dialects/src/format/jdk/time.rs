//! What `java.time.Ser` writes, as text in the form of `toString`.

use std::fmt::Write as _;

use jiff::Timestamp;

/// Returns the class and the text of a value of `java.time`.
pub(super) fn read(block: &[u8]) -> Option<(&'static str, String)> {
    let (kind, mut rest) = block.split_first()?;
    let rest = &mut rest;
    let read = match kind {
        1 => ("java.time.Duration", duration(i64_of(rest)?, i32_of(rest)?)?),
        2 => ("java.time.Instant", instant(i64_of(rest)?, i32_of(rest)?)?),
        3 => ("java.time.LocalDate", date(rest)?),
        4 => ("java.time.LocalTime", time(rest)?),
        5 => ("java.time.LocalDateTime", format!("{}T{}", date(rest)?, time(rest)?)),
        6 => ("java.time.ZonedDateTime", zoned(rest)?),
        _ => return None,
    };
    rest.is_empty().then_some(read)
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (taken, behind) = rest.split_first_chunk()?;
    *rest = behind;
    Some(*taken)
}

fn i64_of(rest: &mut &[u8]) -> Option<i64> {
    take(rest).map(i64::from_be_bytes)
}

fn i32_of(rest: &mut &[u8]) -> Option<i32> {
    take(rest).map(i32::from_be_bytes)
}

fn i8_of(rest: &mut &[u8]) -> Option<i8> {
    take(rest).map(i8::from_be_bytes)
}

fn instant(seconds: i64, nanos: i32) -> Option<String> {
    let at = Timestamp::from_second(seconds).ok()?;
    let text = at.to_string();
    Some(format!("{}{}Z", text.strip_suffix('Z')?, fraction(nanos)?))
}

/// Returns a fraction of a second in groups of three digits.
fn fraction(nanos: i32) -> Option<String> {
    Some(match u32::try_from(nanos).ok().filter(|nanos| *nanos < 1_000_000_000)? {
        0 => String::new(),
        nanos if nanos % 1_000_000 == 0 => format!(".{:03}", nanos / 1_000_000),
        nanos if nanos % 1000 == 0 => format!(".{:06}", nanos / 1000),
        nanos => format!(".{nanos:09}"),
    })
}

fn date(rest: &mut &[u8]) -> Option<String> {
    let year = i32_of(rest)?;
    let [month, day] = take(rest)?;
    let is_date = (1..=12).contains(&month) && (1..=31).contains(&day) && (0..=9999).contains(&year);
    is_date.then(|| format!("{year:04}-{month:02}-{day:02}"))
}

/// Reads a time of day, whose last part that is not zero is written as its complement.
fn time(rest: &mut &[u8]) -> Option<String> {
    let mut parts = [0_i8; 3];
    let mut nanos = 0;
    let mut is_cut = false;
    for part in &mut parts {
        *part = i8_of(rest)?;
        if *part < 0 {
            *part = !*part;
            is_cut = true;
            break;
        }
    }
    if !is_cut {
        nanos = i32_of(rest)?;
    }
    let [hour, minute, second] = parts;
    if hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let mut text = format!("{hour:02}:{minute:02}");
    if second > 0 || nanos > 0 {
        let _ = write!(text, ":{second:02}{}", fraction(nanos)?);
    }
    Some(text)
}

fn zoned(rest: &mut &[u8]) -> Option<String> {
    let local = format!("{}T{}", date(rest)?, time(rest)?);
    let offset = offset(rest)?;
    Some(match i8_of(rest)? {
        7 => {
            let length = u16::from_be_bytes(take(rest)?);
            let name = rest.split_at_checked(length.into())?;
            *rest = name.1;
            let name = str::from_utf8(name.0).ok().filter(|name| name.len() <= 100 && name.is_ascii())?;
            format!("{local}{offset}[{name}]")
        }
        8 if self::offset(rest)? == offset => format!("{local}{offset}"),
        _ => return None,
    })
}

fn offset(rest: &mut &[u8]) -> Option<String> {
    let seconds = match i8_of(rest)? {
        127 => i32_of(rest)?,
        quarters => i32::from(quarters) * 900,
    };
    if seconds == 0 {
        return Some("Z".to_owned());
    }
    let (sign, seconds) = (if seconds < 0 { '-' } else { '+' }, seconds.unsigned_abs());
    let mut text = format!("{sign}{:02}:{:02}", seconds / 3600, seconds / 60 % 60);
    if seconds % 60 > 0 {
        let _ = write!(text, ":{:02}", seconds % 60);
    }
    (seconds <= 18 * 3600).then_some(text)
}

/// `Duration.toString`: `PT1M30S`.
fn duration(seconds: i64, nanos: i32) -> Option<String> {
    let fraction = fraction(nanos)?;
    if seconds == 0 && fraction.is_empty() {
        return Some("PT0S".to_owned());
    }
    // What is negative has its fraction above the second below it.
    let (whole, nanos) = if seconds < 0 && nanos > 0 { (seconds + 1, 1_000_000_000 - nanos) } else { (seconds, nanos) };
    let (hours, minutes, rest) = (whole / 3600, whole % 3600 / 60, whole % 60);
    let mut text = "PT".to_owned();
    if hours != 0 {
        let _ = write!(text, "{hours}H");
    }
    if minutes != 0 {
        let _ = write!(text, "{minutes}M");
    }
    if rest != 0 || nanos != 0 {
        let sign = if seconds < 0 && rest == 0 { "-" } else { "" };
        let digits = format!("{nanos:09}");
        let digits = digits.trim_end_matches('0');
        let point = if digits.is_empty() { "" } else { "." };
        let _ = write!(text, "{sign}{rest}{point}{digits}S");
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    // What Java 17 prints.
    #[test]
    fn durations_are_written_as_java_does() {
        for (seconds, nanos, text) in [
            (0, 0, "PT0S"),
            (90, 0, "PT1M30S"),
            (3600, 0, "PT1H"),
            (-1, 500_000_000, "PT-0.5S"),
            (-2, 500_000_000, "PT-1.5S"),
            (1, 5, "PT1.000000005S"),
        ] {
            assert_eq!(duration(seconds, nanos).as_deref(), Some(text));
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for block in
            [&[][..], &[9], &[2, 0], &[3, 0, 0, 7, 0xea, 13, 1], &[4, 25], &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]]
        {
            assert_eq!(read(block), None, "{block:?}");
        }
    }
}
