use std::fmt::Write;
use std::sync::LazyLock;

use hallpass::{Event, Expected, Outcome, Realm, Record, SWEEP_MARGIN, SessionId, Timestamp, Version};
use hallpass_sql::{SESSION_COLUMNS, SESSION_VALUES, Value, event_values, outcome, session_values, version};
use serde::de::IgnoredAny;
use tokio_postgres::types::{ToSql, Type};

use crate::connections::Connections;
use crate::error::Fault;
use crate::events;
use crate::row::{self, At, Bound};
use crate::statement::Named;

pub(crate) static LOAD: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {} FROM hallpass.sessions WHERE realm = $1 AND id = $2", row::RECORD));

pub(crate) static CREATE: LazyLock<String> = LazyLock::new(|| saving(&insert(), false));
pub(crate) static CREATE_WITH_EVENTS: LazyLock<String> = LazyLock::new(|| saving(&insert(), true));
pub(crate) static UPDATE: LazyLock<String> = LazyLock::new(|| saving(&update(), false));
pub(crate) static UPDATE_WITH_EVENTS: LazyLock<String> = LazyLock::new(|| saving(&update(), true));

pub(crate) const TOUCH: &str = "UPDATE hallpass.sessions
    SET seen_at = greatest(seen_at, $4), expires_at = greatest(expires_at, $5)
    WHERE realm = $1 AND id = $2 AND version = $3 AND ended_at IS NULL RETURNING 1";

/// A row that somebody else is writing is passed, and looked at again when it is locked. What is locked stays in its place,
/// so it is found there: by its key, each row would be one more way through the largest index.
pub(crate) const SWEEP: &str = "WITH due AS MATERIALIZED (
        SELECT ctid AS place FROM hallpass.sessions WHERE expires_at < $1
        ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED
    )
    DELETE FROM hallpass.sessions WHERE ctid = ANY (ARRAY(SELECT place FROM due)) RETURNING 1";

/// The columns of a session, `sealed` among them.
const VALUES: usize = SESSION_VALUES + 1;
/// The place of what is announced with the change, and of the version that is expected.
const NEWS: usize = VALUES + 1;
const EXPECTED: usize = VALUES + 2;

fn insert() -> String {
    let places: Vec<_> = (1..=VALUES).map(|number| format!("${number}")).collect();
    format!(
        "INSERT INTO hallpass.sessions ({}, sealed) SELECT {} WHERE ${EXPECTED}::bigint IS NULL
         ON CONFLICT (realm, id) DO NOTHING RETURNING 1",
        SESSION_COLUMNS.join(", "),
        places.iter().zip(TYPES).map(|(place, ty)| format!("{place}::{ty}")).collect::<Vec<_>>().join(", ")
    )
}

/// The types of the columns, for an insertion that says what its values are.
const TYPES: [&str; VALUES] = [
    "text",
    "bytea",
    "bigint",
    "timestamptz",
    "timestamptz",
    "text",
    "timestamptz",
    "timestamptz",
    "smallint",
    "text",
    "inet",
    "text",
    "bytea",
    "json",
    "bytea",
];

fn update() -> String {
    let mut sets = format!("sealed = ${VALUES}");
    for (index, column) in SESSION_COLUMNS.iter().enumerate().skip(2) {
        let place = index + 1;
        // Writing to a string cannot fail.
        let _ = match *column {
            // A use that was noted meanwhile is not undone.
            "seen_at" => write!(sets, ", seen_at = greatest(seen_at, ${place})"),
            column => write!(sets, ", {column} = ${place}"),
        };
    }
    format!(
        "UPDATE hallpass.sessions SET {sets}
         WHERE realm = $1 AND id = $2 AND version = ${EXPECTED} AND ended_at IS NULL RETURNING 1"
    )
}

/// One statement, and so one transaction and one round trip: the change, its events, and the news of it.
fn saving(change: &str, with_events: bool) -> String {
    let kept = if with_events {
        format!(", kept AS ({})", events::keeping(EXPECTED + 1, "EXISTS (SELECT 1 FROM saved)"))
    } else {
        String::new()
    };
    format!(
        "WITH saved AS ({change}){kept}
         SELECT CASE WHEN ${NEWS}::text IS NOT NULL THEN pg_notify('hallpass', ${NEWS}::text)::text END FROM saved"
    )
}

pub(crate) async fn load(connections: &Connections, realm: &Realm, id: &SessionId) -> Result<Option<Record>, Fault> {
    let rows = connections.read(Named::Load, &[&realm.as_str(), &&id.as_bytes()[..]]).await?;
    Ok(rows.first().map(row::record).transpose()?)
}

/// Writes a row if what is there is as expected; `news` is told to others when that is committed.
pub(crate) async fn save(
    connections: &Connections,
    record: &Record,
    expected: Expected,
    events: &[Event],
    news: Option<&str>,
) -> Result<Outcome, Fault> {
    let (named, expected) = match (expected, events.is_empty()) {
        (Expected::Absent, true) => (Named::Create, None),
        (Expected::Absent, false) => (Named::CreateWithEvents, None),
        (Expected::Version(expected), true) => (Named::Update, Some(version(expected))),
        (Expected::Version(expected), false) => (Named::UpdateWithEvents, Some(version(expected))),
    };
    let mut values = session_values(record);
    let sealed = without_what_is_no_json(&mut values);
    let bound: Vec<_> = values.iter().chain([&sealed]).map(Bound).collect();
    let mut params: Vec<&(dyn ToSql + Sync)> = bound.iter().map(|value| value as _).collect();
    params.push(&news);
    params.push(&expected);
    let events: Vec<_> = events.iter().map(event_values).collect();
    let columns = events::columns(&events);
    if !events.is_empty() {
        params.extend(columns.iter().map(|column| column as &(dyn ToSql + Sync)));
    }
    Ok(outcome(!connections.write(named, &params).await?.is_empty()))
}

/// Takes attributes that are no JSON out of their column, and returns them for the other.
fn without_what_is_no_json(values: &mut [Value; SESSION_VALUES]) -> Value {
    let data = &mut values[SESSION_VALUES - 1];
    match data {
        Value::Text(text) if serde_json::from_str::<IgnoredAny>(text).is_ok() => Value::Null,
        Value::Text(text) => {
            let sealed = Value::bytes(text.as_bytes());
            *data = Value::Null;
            sealed
        }
        other => std::mem::replace(other, Value::Null),
    }
}

pub(crate) async fn touch(
    connections: &Connections,
    realm: &Realm,
    id: &SessionId,
    expected: Version,
    (seen_at, expires_at): (Timestamp, Timestamp),
) -> Result<Outcome, Fault> {
    let params: [&(dyn ToSql + Sync); 5] =
        [&realm.as_str(), &&id.as_bytes()[..], &version(expected), &At(seen_at), &At(expires_at)];
    Ok(outcome(!connections.write(Named::Touch, &params).await?.is_empty()))
}

pub(crate) async fn sweep(connections: &Connections, now: Timestamp, limit: usize) -> Result<usize, Fault> {
    let before = At(now.minus(SWEEP_MARGIN));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    // Planned each time, with the limit in sight: for an unknown one the server would plan to read everything.
    let params: [(&(dyn ToSql + Sync), Type); 2] = [(&before, Type::TIMESTAMPTZ), (&limit, Type::INT8)];
    Ok(connections.write_once(SWEEP, &params).await?.len())
}
