use hallpass::{Cursor, Page, Query, Realm, Record};
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
    query.after.as_ref().map(Cursor::record).transpose()?; // also where there is nothing to list
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
    let mut statement = connection.prepare_cached(&page(&sql, query))?;
    let mut rows = statement.query(params_from_iter(values.iter().map(Bound)))?;
    let mut records = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(row::record(row)?);
    }
    Ok(records)
}

/// One more than the page has, to see whether there are more.
fn page(condition: &str, query: &Query) -> String {
    let limit = query.limit.number() + 1;
    format!("SELECT {} FROM sessions WHERE {condition} ORDER BY created_at DESC, id DESC LIMIT {limit}", row::RECORD)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;
    use hallpass::{SessionId, Subject, Timestamp};
    use std::path::Path;
    use std::time::Duration;

    /// Returns how SQLite would answer the question.
    fn plan(query: &Query) -> String {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("hallpass.db");
        let mut connection = Connection::open(&path).expect("a database");
        schema::prepare(&mut connection, Path::new(&path), Duration::ZERO).expect("a new store");
        let Condition { sql, values } = Condition::of_sessions(query, &Sqlite).expect("its own cursor");
        let sql = format!("EXPLAIN QUERY PLAN {}", page(&sql, query));
        let mut statement = connection.prepare(&sql).expect("a statement");
        let lines = statement
            .query_map(params_from_iter(values.iter().map(Bound)), |row| row.get::<_, String>(3))
            .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>);
        lines.expect("a plan").join("; ")
    }

    #[test]
    fn a_page_is_found_in_an_index_without_sorting() {
        let mut of_realm = Query::default();
        of_realm.realm = Some(Realm::default());
        let of_subject = Query::of_subject(Realm::default(), Subject::new("ann").expect("a subject"));
        for (query, index) in [(of_realm, "sessions_by_creation"), (of_subject, "sessions_by_subject")] {
            let mut further = query.clone();
            further.after = Some(cursor());
            for query in [query, further] {
                let plan = plan(&query);
                assert!(plan.contains(index) && !plan.contains("TEMP B-TREE"), "{plan}");
            }
        }
    }

    fn cursor() -> Cursor {
        let chain = hallpass::Chain::start(hallpass::Generation::FIRST, Timestamp::from_millis(1)).chain;
        let terms = hallpass::Terms { idle: 1, absolute: 1, renewal: 1 };
        let (id, profile) = (SessionId::random(), hallpass::Profile::default());
        Cursor::after_record(&Record::new(id, Realm::default(), profile, terms, chain, Timestamp::from_millis(1)))
    }
}
