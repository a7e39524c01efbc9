use std::fmt::Write;

use bytes::Bytes;
use hallpass::{Event, Record, Timestamp};
use hallpass_sql::{
    CorruptRow, StoredEvent, StoredSession, Table, Value, address, instant, instant_from, version_from,
};
use jiff::civil;
use jiff::tz::TimeZone;
use mysql_async::{Row, Value as Raw};

/// Returns a value for a place in a statement.
pub(crate) fn bound(value: &Value) -> Raw {
    match value {
        Value::Null => Raw::NULL,
        Value::Integer(number) => Raw::Int(*number),
        Value::Instant(at) => moment(*at),
        Value::Address(ip) => Raw::Bytes(address(*ip)),
        Value::Text(text) => Raw::Bytes(text.as_bytes().to_vec()),
        Value::Bytes(bytes) => Raw::Bytes(bytes.to_vec()),
    }
}

/// Returns an instant for a place in a statement.
pub(crate) fn moment(at: Timestamp) -> Raw {
    let at = utc(at);
    let part = |number: i8| number.unsigned_abs();
    Raw::Date(
        at.year().unsigned_abs(),
        part(at.month()),
        part(at.day()),
        part(at.hour()),
        part(at.minute()),
        part(at.second()),
        at.subsec_nanosecond().unsigned_abs() / 1000,
    )
}

fn utc(at: Timestamp) -> civil::DateTime {
    let at = jiff::Timestamp::from_millisecond(instant(at)).unwrap_or(jiff::Timestamp::MAX);
    TimeZone::UTC.to_datetime(at)
}

/// Writes a value into a statement: text and bytes in hexadecimal, so that nothing in them has a meaning.
pub(crate) fn write_literal(out: &mut String, value: &Value) {
    let hex = |out: &mut String, bytes: &[u8]| {
        out.push_str("x'");
        for byte in bytes {
            for digit in [byte >> 4, byte & 15] {
                out.push(char::from(b"0123456789abcdef"[usize::from(digit)]));
            }
        }
        out.push('\'');
    };
    match value {
        Value::Null => out.push_str("NULL"),
        Value::Integer(number) => {
            let _ = write!(out, "{number}"); // writing to a string cannot fail
        }
        Value::Instant(at) => {
            let _ = write!(out, "'{}'", utc(*at).strftime("%Y-%m-%d %H:%M:%S%.3f"));
        }
        Value::Address(ip) => hex(out, &address(*ip)),
        Value::Text(text) => {
            out.push_str("_utf8mb4 ");
            hex(out, text.as_bytes());
        }
        Value::Bytes(bytes) => hex(out, bytes),
    }
}

/// The columns that [`record`] and [`id`] read.
pub(crate) const RECORD: &str = "version, seen_at, expires_at, head, data, sealed, id";

pub(crate) fn record(row: &Row) -> Result<Record, CorruptRow> {
    let data = maybe(row, 4, "data")?.or(maybe(row, 5, "sealed")?).unwrap_or_default();
    let stored = StoredSession {
        version: version_from(number(row, 0, "version")?),
        seen_at: at(row, 1, "seen_at")?,
        expires_at: at(row, 2, "expires_at")?,
        head: Bytes::copy_from_slice(bytes(row, 3, "head")?),
        data: Bytes::copy_from_slice(data),
    };
    stored.into_record()
}

/// Returns the name of the session in this row, also of a damaged one; nothing if there is none.
fn id(row: &Row) -> &[u8] {
    bytes(row, 6, "id").unwrap_or_default()
}

pub(crate) const SESSIONS: Table<Row, Record> = Table { store: "mysql", name: "hallpass_sessions", read: record, id };

pub(crate) const EVENTS: Table<Row, Event> =
    Table { store: "mysql", name: "hallpass_events", read: event, id: event_id };

/// Reads the columns of `EVENT_COLUMNS`.
pub(crate) fn event(row: &Row) -> Result<Event, CorruptRow> {
    let text = |index, column| str::from_utf8(bytes(row, index, column)?).map_err(|_| CorruptRow::Column(column));
    let maybe_text = |index, column| {
        let found = maybe(row, index, column)?;
        found.map(str::from_utf8).transpose().map_err(|_| CorruptRow::Column(column))
    };
    let stored = StoredEvent {
        id: bytes(row, 0, "id")?,
        at: at(row, 1, "at")?,
        kind: text(2, "kind")?,
        realm: text(3, "realm")?,
        session: maybe(row, 4, "session")?,
        subject: maybe_text(5, "subject")?,
        actor: text(6, "actor")?,
        reason: maybe_text(7, "reason")?,
        note: maybe_text(8, "note")?,
        request_id: maybe_text(9, "request_id")?,
        ip: maybe_text(10, "ip")?,
        user_agent: maybe_text(11, "user_agent")?,
        level: maybe_number(row, 12, "level")?,
        profile: maybe_text(13, "profile")?,
        route: maybe_text(14, "route")?,
    };
    stored.to_event()
}

/// Returns the name of the event in this row, also of a damaged one; nothing if there is none.
fn event_id(row: &Row) -> &[u8] {
    bytes(row, 0, "id").unwrap_or_default()
}

/// Returns the number in this column.
pub(crate) fn number(row: &Row, index: usize, column: &'static str) -> Result<i64, CorruptRow> {
    match row.as_ref(index) {
        Some(Raw::Int(number)) => Ok(*number),
        Some(Raw::UInt(number)) => i64::try_from(*number).map_err(|_| CorruptRow::Column(column)),
        Some(Raw::Bytes(digits)) => {
            str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok()).ok_or(CorruptRow::Column(column))
        }
        _ => Err(CorruptRow::Column(column)),
    }
}

fn maybe_number(row: &Row, index: usize, column: &'static str) -> Result<Option<i64>, CorruptRow> {
    if row.as_ref(index) == Some(&Raw::NULL) { Ok(None) } else { number(row, index, column).map(Some) }
}

/// Returns the bytes in this column.
pub(crate) fn bytes<'a>(row: &'a Row, index: usize, column: &'static str) -> Result<&'a [u8], CorruptRow> {
    maybe(row, index, column)?.ok_or(CorruptRow::Column(column))
}

pub(crate) fn maybe<'a>(row: &'a Row, index: usize, column: &'static str) -> Result<Option<&'a [u8]>, CorruptRow> {
    match row.as_ref(index) {
        Some(Raw::Bytes(bytes)) => Ok(Some(bytes)),
        Some(Raw::NULL) => Ok(None),
        _ => Err(CorruptRow::Column(column)),
    }
}

fn at(row: &Row, index: usize, column: &'static str) -> Result<Timestamp, CorruptRow> {
    let wrong = CorruptRow::Column(column);
    let Some(Raw::Date(year, month, day, hour, minute, second, micros)) = row.as_ref(index) else {
        return Err(wrong);
    };
    let signed = |part: u8| i8::try_from(part).unwrap_or(-1);
    let date = civil::Date::new(i16::try_from(*year).unwrap_or(-1), signed(*month), signed(*day));
    let nanos = i32::try_from(*micros).unwrap_or(-1).saturating_mul(1000);
    let time = civil::Time::new(signed(*hour), signed(*minute), signed(*second), nanos);
    let (Ok(date), Ok(time)) = (date, time) else { return Err(wrong) };
    let at = TimeZone::UTC.to_timestamp(date.to_datetime(time)).map_err(|_| wrong)?;
    instant_from(at.as_millisecond(), column)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instant_is_written_in_utc() {
        let literal = |value: Value| {
            let mut out = String::new();
            write_literal(&mut out, &value);
            out
        };
        assert_eq!(literal(Value::Instant(Timestamp::UNIX_EPOCH)), "'1970-01-01 00:00:00.000'");
        assert_eq!(literal(Value::Instant(Timestamp::MAX)), "'9999-12-30 22:00:00.000'");
        assert_eq!(literal(Value::Instant(Timestamp::from_millis(1_700_000_000_007))), "'2023-11-14 22:13:20.007'");
        assert_eq!(moment(Timestamp::from_millis(1_700_000_000_007)), Raw::Date(2023, 11, 14, 22, 13, 20, 7000));
    }

    #[test]
    fn nothing_in_a_text_has_a_meaning() {
        let mut out = String::new();
        write_literal(&mut out, &Value::Text("'; \\".to_owned()));
        write_literal(&mut out, &Value::Bytes(Bytes::new()));
        assert_eq!(out, "_utf8mb4 x'273b205c'x''");
    }
}
