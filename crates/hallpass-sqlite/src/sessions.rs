use std::fmt::Write;
use std::sync::LazyLock;

use hallpass::{Expected, Outcome, Realm, Record, SWEEP_MARGIN, SessionId, Timestamp, Version};
use hallpass_sql::{SESSION_COLUMNS, SESSION_VALUES, Value, instant, outcome, version};
use rusqlite::{Connection, OptionalExtension, params, params_from_iter};

use crate::error::Fault;
use crate::row::{self, Bound};

static LOAD: LazyLock<String> =
    LazyLock::new(|| format!("SELECT {} FROM sessions WHERE realm = ?1 AND id = ?2", row::RECORD));

static INSERT: LazyLock<String> = LazyLock::new(|| {
    let places: Vec<_> = (1..=SESSION_VALUES).map(|number| format!("?{number}")).collect();
    format!(
        "INSERT INTO sessions ({}) VALUES ({}) ON CONFLICT (realm, id) DO NOTHING",
        SESSION_COLUMNS.join(", "),
        places.join(", ")
    )
});

/// What may not change with a living session for the short form of an update.
const SELDOM: [&str; 2] = ["subject", "created_at"];

/// An update that leaves two indexes alone, since SQLite rewrites those of every column that is set, changed or not.
static UPDATE: LazyLock<String> = LazyLock::new(|| update(&SELDOM));

static UPDATE_ALL: LazyLock<String> = LazyLock::new(|| update(&[]));

fn update(same: &[&str]) -> String {
    let mut sets = String::new();
    let mut condition = format!("realm = ?1 AND id = ?2 AND version = ?{} AND ended_at IS NULL", SESSION_VALUES + 1);
    for (index, column) in SESSION_COLUMNS.iter().enumerate().skip(2) {
        let place = index + 1;
        let comma = if sets.is_empty() { "" } else { ", " };
        let _ = match *column {
            _ if same.contains(column) => write!(condition, " AND {column} IS ?{place}"),
            // A touch may have moved it since the record was read.
            "seen_at" => write!(sets, "{comma}seen_at = max(seen_at, ?{place})"),
            _ => write!(sets, "{comma}{column} = ?{place}"),
        };
    }
    format!("UPDATE sessions SET {sets} WHERE {condition}")
}

const TOUCH: &str = "UPDATE sessions SET seen_at = max(seen_at, ?4), expires_at = max(expires_at, ?5)
    WHERE realm = ?1 AND id = ?2 AND version = ?3 AND ended_at IS NULL";

/// The stored time is checked in the statement that removes, of one snapshot.
pub(crate) const SWEEP: &str = "DELETE FROM sessions WHERE rowid IN
    (SELECT rowid FROM sessions WHERE expires_at < ?1 ORDER BY expires_at LIMIT ?2)";

pub(crate) fn load(connection: &Connection, realm: &Realm, id: &SessionId) -> Result<Option<Record>, Fault> {
    let mut statement = connection.prepare_cached(&LOAD)?;
    let found = statement.query_row(params![realm.as_str(), id.as_bytes()], |row| Ok(row::record(row)));
    found.optional()?.transpose()
}

/// Writes a row if what is there is as expected.
pub(crate) fn save(
    connection: &Connection,
    values: &[Value; SESSION_VALUES],
    expected: Expected,
) -> Result<Outcome, Fault> {
    match expected {
        Expected::Absent => {
            let rows = connection.prepare_cached(&INSERT)?.execute(params_from_iter(values.iter().map(Bound)))?;
            Ok(outcome(rows > 0))
        }
        Expected::Version(expected) => {
            let expected = Value::Integer(version(expected));
            let all = || params_from_iter(values.iter().chain([&expected]).map(Bound));
            let rows = connection.prepare_cached(&UPDATE)?.execute(all())?;
            if rows > 0 {
                return Ok(Outcome::Applied);
            }
            Ok(outcome(connection.prepare_cached(&UPDATE_ALL)?.execute(all())? > 0))
        }
    }
}

pub(crate) fn touch(
    connection: &Connection,
    realm: &Realm,
    id: &SessionId,
    expected: Version,
    (seen_at, expires_at): (Timestamp, Timestamp),
) -> Result<Outcome, Fault> {
    let mut statement = connection.prepare_cached(TOUCH)?;
    let rows = statement.execute(params![
        realm.as_str(),
        id.as_bytes(),
        version(expected),
        instant(seen_at),
        instant(expires_at)
    ])?;
    Ok(outcome(rows > 0))
}

pub(crate) fn sweep(connection: &Connection, now: Timestamp, limit: usize) -> Result<usize, Fault> {
    let before = instant(now.minus(SWEEP_MARGIN));
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    Ok(connection.prepare_cached(SWEEP)?.execute(params![before, limit])?)
}
