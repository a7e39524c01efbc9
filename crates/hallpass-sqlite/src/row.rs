use bytes::Bytes;
use hallpass::{Event, Record, Timestamp};
use hallpass_sql::{CorruptRow, StoredEvent, StoredSession, Value, address, instant, instant_from, version_from};
use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{Row, ToSql};

use crate::error::Fault;

/// A value for a place in a statement.
pub(crate) struct Bound<'a>(pub(crate) &'a Value);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Null => ValueRef::Null,
            Value::Integer(number) => ValueRef::Integer(*number),
            Value::Instant(at) => ValueRef::Integer(instant(*at)),
            Value::Address(ip) => return Ok(ToSqlOutput::Owned(address(*ip).into())),
            Value::Text(text) => ValueRef::Text(text.as_bytes()),
            Value::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// The columns that [`record`] and [`id`] read.
pub(crate) const RECORD: &str = "version, seen_at, expires_at, head, data, id";

/// Returns the name of the session in this row, also of a damaged one; nothing if there is none.
fn id<'a>(row: &'a Row<'_>) -> &'a [u8] {
    row.get_ref(5).ok().and_then(|id| id.as_blob().ok()).unwrap_or_default()
}

pub(crate) fn record(row: &Row<'_>) -> Result<Record, Fault> {
    let data = match row.get_ref(4)? {
        ValueRef::Null => Bytes::new(),
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Bytes::copy_from_slice(bytes),
        ValueRef::Integer(_) | ValueRef::Real(_) => return Err(CorruptRow::Column("data").into()),
    };
    let stored = StoredSession {
        version: version_from(row.get(0)?),
        seen_at: at(row, 1, "seen_at")?,
        expires_at: at(row, 2, "expires_at")?,
        head: Bytes::copy_from_slice(row.get_ref(3)?.as_blob().map_err(|_| CorruptRow::Column("head"))?),
        data,
    };
    Ok(stored.into_record()?)
}

/// A table, and how its rows are read: what is in one, and its name also where it is damaged.
pub(crate) struct Table<T> {
    pub(crate) name: &'static str,
    pub(crate) read: fn(&Row<'_>) -> Result<T, Fault>,
    pub(crate) id: for<'a> fn(&'a Row<'_>) -> &'a [u8],
}

pub(crate) const SESSIONS: Table<Record> = Table { name: "sessions", read: record, id };

pub(crate) const EVENTS: Table<Event> = Table { name: "events", read: event, id: event_id };

/// Reads the columns of `EVENT_COLUMNS`.
pub(crate) fn event(row: &Row<'_>) -> Result<Event, Fault> {
    let text = |index, column| row.get_ref(index)?.as_str().map_err(|_| Fault::from(CorruptRow::Column(column)));
    let maybe = |index, column| match row.get_ref(index)? {
        ValueRef::Null => Ok(None),
        value => value.as_str().map(Some).map_err(|_| Fault::from(CorruptRow::Column(column))),
    };
    let session = match row.get_ref(4)? {
        ValueRef::Null => None,
        value => Some(value.as_blob().map_err(|_| CorruptRow::Column("session"))?),
    };
    let stored = StoredEvent {
        id: row.get_ref(0)?.as_blob().map_err(|_| CorruptRow::Column("id"))?,
        at: at(row, 1, "at")?,
        kind: text(2, "kind")?,
        realm: text(3, "realm")?,
        session,
        subject: maybe(5, "subject")?,
        actor: text(6, "actor")?,
        reason: maybe(7, "reason")?,
        note: maybe(8, "note")?,
        request_id: maybe(9, "request_id")?,
        ip: maybe(10, "ip")?,
        user_agent: maybe(11, "user_agent")?,
        level: row.get(12).map_err(|_| CorruptRow::Column("level"))?,
        profile: maybe(13, "profile")?,
        route: maybe(14, "route")?,
    };
    Ok(stored.to_event()?)
}

/// Returns the name of the event in this row, also of a damaged one; nothing if there is none.
fn event_id<'a>(row: &'a Row<'_>) -> &'a [u8] {
    row.get_ref(0).ok().and_then(|id| id.as_blob().ok()).unwrap_or_default()
}

fn at(row: &Row<'_>, index: usize, column: &'static str) -> Result<Timestamp, Fault> {
    Ok(instant_from(row.get(index)?, column)?)
}
