use std::error::Error;
use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use hallpass::{Event, Record, Timestamp};
use hallpass_sql::{CorruptRow, StoredEvent, StoredSession, Table, Value, version_from};
use tokio_postgres::Row;
use tokio_postgres::types::{FromSql, IsNull, ToSql, Type, to_sql_checked};

/// The instant from which the server counts, in milliseconds since 1970: 2000-01-01T00:00:00Z.
const SERVERS_EPOCH: i64 = 946_684_800_000;

/// A value for a place in a statement.
#[derive(Debug)]
pub(crate) struct Bound<'a>(pub(crate) &'a Value);

type Refusal = Box<dyn Error + Sync + Send>;

impl ToSql for Bound<'_> {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Refusal> {
        match self.0 {
            Value::Null => Ok(IsNull::Yes),
            Value::Integer(number) if *ty == Type::INT2 => i16::try_from(*number)?.to_sql(ty, out),
            Value::Integer(number) => number.to_sql(ty, out),
            Value::Instant(at) => At(*at).to_sql(ty, out),
            Value::Address(ip) => ip.to_sql(ty, out),
            Value::Text(text) => {
                out.put_slice(text.as_bytes());
                Ok(IsNull::No)
            }
            Value::Bytes(bytes) => {
                out.put_slice(bytes);
                Ok(IsNull::No)
            }
        }
    }

    fn accepts(_: &Type) -> bool {
        true // the statements of this crate are the only ones that bind it
    }

    to_sql_checked!();
}

/// Returns the type that the server is to take a value for.
pub(crate) fn type_of(value: &Value) -> Type {
    match value {
        Value::Null | Value::Text(_) => Type::TEXT,
        Value::Integer(_) => Type::INT8,
        Value::Instant(_) => Type::TIMESTAMPTZ,
        Value::Address(_) => Type::INET,
        Value::Bytes(_) => Type::BYTEA,
    }
}

/// An instant on its way; it is told as a number, so no zone of the server or of the session has a say in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct At(pub(crate) Timestamp);

impl ToSql for At {
    fn to_sql(&self, ty: &Type, out: &mut BytesMut) -> Result<IsNull, Refusal> {
        ((hallpass_sql::instant(self.0) - SERVERS_EPOCH) * 1000).to_sql(ty, out)
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }

    to_sql_checked!();
}

impl<'a> FromSql<'a> for At {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Refusal> {
        let micros = i64::from_be_bytes(raw.try_into()?);
        let since = micros.checked_add(SERVERS_EPOCH * 1000).ok_or("it is beyond all time")?;
        Ok(Self(Timestamp::UNIX_EPOCH.plus(Duration::from_micros(u64::try_from(since)?))))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::TIMESTAMPTZ
    }
}

/// The bytes of JSON, as they were given.
struct Json(Bytes);

impl<'a> FromSql<'a> for Json {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Refusal> {
        Ok(Self(Bytes::copy_from_slice(raw)))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::JSON
    }
}

/// The columns that [`record`] and [`id`] read.
pub(crate) const RECORD: &str = "version, seen_at, expires_at, head, data, sealed, id";

pub(crate) fn record(row: &Row) -> Result<Record, CorruptRow> {
    let sealed: Option<&[u8]> = column(row, 5, "sealed")?;
    let data = match column::<Option<Json>>(row, 4, "data")? {
        Some(Json(data)) => data,
        None => sealed.map(Bytes::copy_from_slice).unwrap_or_default(),
    };
    let stored = StoredSession {
        version: version_from(column(row, 0, "version")?),
        seen_at: column::<At>(row, 1, "seen_at")?.0,
        expires_at: column::<At>(row, 2, "expires_at")?.0,
        head: Bytes::copy_from_slice(column(row, 3, "head")?),
        data,
    };
    stored.into_record()
}

/// Returns the name of the session in this row, also of a damaged one; nothing if there is none.
fn id(row: &Row) -> &[u8] {
    row.try_get(6).unwrap_or_default()
}

pub(crate) const SESSIONS: Table<Row, Record> = Table { store: "postgres", name: "sessions", read: record, id };

pub(crate) const EVENTS: Table<Row, Event> = Table { store: "postgres", name: "events", read: event, id: event_id };

/// Reads the columns of `EVENT_COLUMNS`.
pub(crate) fn event(row: &Row) -> Result<Event, CorruptRow> {
    let stored = StoredEvent {
        id: column(row, 0, "id")?,
        at: column::<At>(row, 1, "at")?.0,
        kind: column(row, 2, "kind")?,
        realm: column(row, 3, "realm")?,
        session: column(row, 4, "session")?,
        subject: column(row, 5, "subject")?,
        actor: column(row, 6, "actor")?,
        reason: column(row, 7, "reason")?,
        note: column(row, 8, "note")?,
        request_id: column(row, 9, "request_id")?,
        ip: column(row, 10, "ip")?,
        user_agent: column(row, 11, "user_agent")?,
        level: column::<Option<i16>>(row, 12, "level")?.map(i64::from),
        profile: column(row, 13, "profile")?,
        route: column(row, 14, "route")?,
    };
    stored.to_event()
}

/// Returns the name of the event in this row, also of a damaged one; nothing if there is none.
fn event_id(row: &Row) -> &[u8] {
    row.try_get(0).unwrap_or_default()
}

pub(crate) fn column<'a, T: FromSql<'a>>(row: &'a Row, index: usize, name: &'static str) -> Result<T, CorruptRow> {
    row.try_get(index).map_err(|_| CorruptRow::Column(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_instant_comes_back() {
        for at in [Timestamp::UNIX_EPOCH, Timestamp::from_millis(946_684_800_001), Timestamp::MAX] {
            let mut bytes = BytesMut::new();
            At(at).to_sql(&Type::TIMESTAMPTZ, &mut bytes).expect("an instant");
            assert_eq!(At::from_sql(&Type::TIMESTAMPTZ, &bytes).expect("its own").0, at);
        }
        for odd in [i64::MIN, i64::MAX, -946_684_800_000_001] {
            assert!(At::from_sql(&Type::TIMESTAMPTZ, &odd.to_be_bytes()).is_err(), "infinity, or before 1970");
        }
    }
}
