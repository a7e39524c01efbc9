use hallpass::{Page, Query, Realm, Record};
use hallpass_sql::{Condition, CorruptRow, Dialect, newest_page};
use rusqlite::{Connection, params_from_iter};

use crate::error::Fault;
use crate::row::{self, Bound};

/// How SQLite writes what dialects write differently: as `hallpass-sql` does by itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sqlite;

impl Dialect for Sqlite {}

/// Finds each realm by one step in the index, however many sessions it has.
const REALMS: &str = "WITH RECURSIVE each (realm) AS (
        SELECT min(realm) FROM sessions
        UNION ALL
        SELECT (SELECT min(realm) FROM sessions WHERE realm > each.realm) FROM each WHERE each.realm IS NOT NULL
    ) SELECT realm FROM each WHERE realm IS NOT NULL";

/// Reads a page from one snapshot of the store.
pub(crate) fn list(connection: &Connection, query: &Query) -> Result<Page<Record>, Fault> {
    let snapshot = connection.unchecked_transaction()?;
    let records = match query.realm {
        Some(_) => of_realm(&snapshot, query)?,
        None => of_all_realms(&snapshot, query)?,
    };
    snapshot.commit()?;
    Ok(newest_page(records, query.limit))
}

fn of_all_realms(connection: &Connection, query: &Query) -> Result<Vec<Record>, Fault> {
    let mut statement = connection.prepare_cached(REALMS)?;
    let mut realms = statement.query([])?;
    let mut records = Vec::new();
    while let Some(row) = realms.next()? {
        let name = row.get_ref(0)?.as_str().map_err(|_| CorruptRow::Column("realm"))?;
        let realm = Realm::new(name).map_err(|_| CorruptRow::Column("realm"))?;
        let mut of_this = query.clone();
        of_this.realm = Some(realm);
        records.extend(of_realm(connection, &of_this)?);
    }
    Ok(records)
}

fn of_realm(connection: &Connection, query: &Query) -> Result<Vec<Record>, Fault> {
    let Condition { sql, values } = Condition::of_sessions(query, &Sqlite)?;
    let one_more = query.limit.number() + 1;
    let mut statement = connection.prepare_cached(&format!(
        "SELECT {} FROM sessions WHERE {sql} ORDER BY created_at DESC, id DESC LIMIT {one_more}",
        row::RECORD
    ))?;
    let mut rows = statement.query(params_from_iter(values.iter().map(Bound)))?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(row::record(row)?);
    }
    Ok(records)
}
