use hallpass::{Cursor, Page, PageLimit, Query, Realm, Record, Timestamp};
use hallpass_sql::{Condition, CorruptRow, Damage, Dialect, Lead, OF_APPLICATIONS, Value, Width};
use rusqlite::{Connection, params_from_iter};

use crate::error::Fault;
use crate::row::{self, Bound, Table};

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

/// How many rows an index may find, and each page sort, before a walk from the newest on is likely to be shorter.
const MOST_TO_SORT: u32 = 50_000;

/// Reads a page from one snapshot of the store.
pub(crate) fn list(connection: &Connection, query: &Query, damage: &Damage) -> Result<Page<Record>, Fault> {
    query.after.as_ref().map(Cursor::record).transpose()?; // also where there is nothing to list
    let snapshot = connection.unchecked_transaction()?;
    let lead = lead(&snapshot, query)?;
    let records = if query.realm.is_some() || !lead.is_newest_first() {
        find(&snapshot, query, lead, damage)?
    } else {
        of_each_realm(&snapshot, query, lead, damage)?
    };
    snapshot.commit()?;
    Ok(Page::newest(records, query.limit))
}

fn lead(connection: &Connection, query: &Query) -> Result<Lead, Fault> {
    let lead = Lead::of(query);
    if lead.may_find_most(query) && finds_most(connection, query, lead)? {
        return Ok(Lead::Creation);
    }
    Ok(lead)
}

/// Tells whether the index finds more than is worth sorting; counts no further than that.
fn finds_most(connection: &Connection, query: &Query, lead: Lead) -> Result<bool, Fault> {
    let mut range = Query::default();
    match lead {
        Lead::Expiry => (range.expires_by, range.expires_after) = (query.expires_by, query.expires_after),
        Lead::Use => range.seen_before = query.seen_before,
        _ => range.ip = query.ip,
    }
    let Condition { sql, values } = Condition::of_sessions(&range, &Sqlite)?;
    let (index, most) = (lead.index(), MOST_TO_SORT);
    let sql = format!("SELECT count(*) FROM (SELECT 1 FROM sessions INDEXED BY {index} WHERE {sql} LIMIT {most})");
    let mut statement = connection.prepare_cached(&sql)?;
    let found: u32 = statement.query_row(params_from_iter(values.iter().map(Bound)), |row| row.get(0))?;
    Ok(found == MOST_TO_SORT)
}

/// Has the newest of each realm, since the order of an index is within a realm.
fn of_each_realm(connection: &Connection, query: &Query, lead: Lead, damage: &Damage) -> Result<Vec<Record>, Fault> {
    let mut statement = connection.prepare_cached(REALMS)?;
    let mut realms = statement.query([])?;
    let mut records = Vec::new();
    while let Some(row) = realms.next()? {
        let name = row.get_ref(0)?.as_str().unwrap_or_default();
        let realm = match Realm::new(name).map_err(|_| CorruptRow::Column("realm")) {
            Ok(realm) => realm,
            Err(error) => {
                damage.tell(&"sqlite", "sessions", name.as_bytes(), &error);
                continue;
            }
        };
        let mut of_this = query.clone();
        of_this.realm = Some(realm);
        records.extend(find(connection, &of_this, lead, damage)?);
    }
    Ok(records)
}

/// Finds what is over and has not ended, soonest first: in the order of its index, so that nothing is sorted.
pub(crate) fn overdue(
    connection: &Connection,
    by: Timestamp,
    limit: PageLimit,
    damage: &Damage,
) -> Result<Vec<Record>, Fault> {
    let Condition { sql, values } = Condition::of_sessions(&what_is_over(by), &Sqlite)?;
    let mut records = read(connection, &row::SESSIONS, &soonest(&sql, values.len() + 1), &values, limit, damage)?;
    records.truncate(limit.number());
    Ok(records)
}

fn what_is_over(by: Timestamp) -> Query {
    let mut query = Query::default();
    (query.ended, query.expires_by) = (Some(false), Some(by));
    query
}

/// Finds at least one more than the page has, if there are more.
fn find(connection: &Connection, query: &Query, lead: Lead, damage: &Damage) -> Result<Vec<Record>, Fault> {
    let Condition { sql, values } = Condition::of_sessions(query, &Sqlite)?;
    read(connection, &row::SESSIONS, &page(&sql, lead, values.len() + 1), &values, query.limit, damage)
}

/// Reads at least one more than the limit, if there are more; what is damaged is told and left out.
pub(crate) fn read<T>(
    connection: &Connection,
    table: &Table<T>,
    sql: &str,
    values: &[Value],
    limit: PageLimit,
    damage: &Damage,
) -> Result<Vec<T>, Fault> {
    let mut statement = connection.prepare_cached(sql)?;
    let mut width = Width::one_more_than(limit.number());
    loop {
        let limit = Value::Integer(i64::try_from(width.rows()).unwrap_or(i64::MAX));
        let mut rows = statement.query(params_from_iter(values.iter().chain([&limit]).map(Bound)))?;
        let (mut found, mut items) = (0, Vec::new());
        while let Some(row) = rows.next()? {
            found += 1;
            match (table.read)(row) {
                Ok(item) => items.push(item),
                Err(Fault::Row(error)) => damage.tell(&"sqlite", table.name, (table.id)(row), &error),
                Err(fault) => return Err(fault),
            }
        }
        match width.wider(found, items.len()) {
            Some(wider) => width = wider,
            None => return Ok(items),
        }
    }
}

fn page(condition: &str, lead: Lead, limit: usize) -> String {
    format!("{} WHERE {condition} ORDER BY created_at DESC, id DESC LIMIT ?{limit}", select(lead))
}

fn soonest(condition: &str, limit: usize) -> String {
    format!("{} WHERE {condition} AND {OF_APPLICATIONS} ORDER BY expires_at LIMIT ?{limit}", select(Lead::Expiry))
}

fn select(lead: Lead) -> String {
    format!("SELECT {} FROM sessions INDEXED BY {}", row::RECORD, lead.index())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema;
    use hallpass::{SessionId, Subject};
    use std::path::Path;
    use std::time::Duration;

    fn store() -> (tempfile::TempDir, Connection) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("hallpass.db");
        let mut connection = Connection::open(&path).expect("a database");
        schema::prepare(&mut connection, Path::new(&path), Duration::ZERO).expect("a new store");
        (folder, connection)
    }

    fn explain(connection: &Connection, sql: &str, values: &[Value]) -> String {
        let mut statement = connection.prepare(&format!("EXPLAIN QUERY PLAN {sql}")).expect("a statement");
        let lines = statement
            .query_map(params_from_iter(values.iter().map(Bound)), |row| row.get::<_, String>(3))
            .and_then(Iterator::collect::<rusqlite::Result<Vec<_>>>);
        lines.expect("a plan").join("; ")
    }

    /// Returns how SQLite would answer the question.
    fn plan(query: &Query) -> String {
        let (_folder, connection) = store();
        let Condition { sql, mut values } = Condition::of_sessions(query, &Sqlite).expect("its own cursor");
        values.push(Value::Integer(11));
        explain(&connection, &page(&sql, Lead::of(query), values.len()), &values)
    }

    fn every_filter() -> Vec<(Query, Lead)> {
        let at = Some(Timestamp::from_millis(1));
        let ask = |change: fn(&mut Query, Option<Timestamp>)| {
            let mut query = Query::default();
            query.realm = Some(Realm::default());
            change(&mut query, at);
            query
        };
        vec![
            (ask(|_, _| ()), Lead::Creation),
            (ask(|query, _| query.subject = Some(Subject::new("ann").expect("a subject"))), Lead::Subject),
            (ask(|query, at| query.created_after = at), Lead::Creation),
            (ask(|query, at| query.expires_by = at), Lead::Expiry),
            (ask(|query, at| (query.expires_by, query.expires_after) = (at, at)), Lead::Expiry),
            (ask(|query, at| (query.expires_by, query.ended) = (at, Some(false))), Lead::Expiry),
            (ask(|query, at| query.seen_before = at), Lead::Use),
            (ask(|query, _| query.ip = Some("10.0.0.0/8".parse().expect("a range"))), Lead::Address),
            (ask(|query, _| query.ended = Some(true)), Lead::End),
            (ask(|query, _| query.profile = Some(hallpass::Profile::default())), Lead::Profile),
            (ask(|query, _| query.level = hallpass::Level::new(2)), Lead::Level),
        ]
    }

    #[test]
    fn every_filter_is_answered_by_its_index_and_only_ranges_are_sorted() {
        for (query, lead) in every_filter() {
            let mut further = query.clone();
            further.after = Some(cursor());
            for query in [query, further] {
                let plan = plan(&query);
                assert!(plan.contains(&format!("SEARCH sessions USING INDEX {}", lead.index())), "{query:?}: {plan}");
                assert_eq!(plan.contains("TEMP B-TREE"), !lead.is_newest_first(), "{query:?}: {plan}");
            }
        }
    }

    #[test]
    fn what_is_over_is_found_in_all_realms_at_once_by_the_index_of_expiry() {
        let plan = plan(&what_is_over(Timestamp::from_millis(1)));
        assert!(plan.contains("SEARCH sessions USING INDEX sessions_by_expiry (expires_at<?)"), "{plan}");
    }

    #[test]
    fn what_is_overdue_is_read_in_the_order_of_its_index_and_no_further_than_its_limit() {
        let (_folder, connection) = store();
        let query = what_is_over(Timestamp::from_millis(1));
        let Condition { sql, mut values } = Condition::of_sessions(&query, &Sqlite).expect("no cursor");
        values.push(Value::Integer(11));
        let plan = explain(&connection, &soonest(&sql, values.len()), &values);
        assert!(plan.contains("SEARCH sessions USING INDEX sessions_by_expiry (expires_at<?)"), "{plan}");
        assert!(!plan.contains("TEMP B-TREE"), "{plan}");
    }

    #[test]
    fn a_sweep_forgets_by_the_index_of_expiry() {
        let (_folder, connection) = store();
        let plan = explain(&connection, crate::sessions::SWEEP, &[Value::Integer(1), Value::Integer(1)]);
        assert!(plan.contains("USING COVERING INDEX sessions_by_expiry (expires_at<?)"), "{plan}");
        assert!(!plan.contains("SCAN sessions") && !plan.contains("TEMP B-TREE"), "{plan}");
    }

    #[test]
    fn a_range_that_hardly_narrows_is_left_to_the_order_of_creation() {
        let (_folder, connection) = store();
        let rows = MOST_TO_SORT + 1;
        let fill = format!(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
             INSERT INTO sessions (realm, id, version, seen_at, expires_at, created_at, level, profile, head)
             SELECT 'default', CAST(printf('%016d', i) AS BLOB), 1, i, i, i, 1, 'default', x'00' FROM n"
        );
        connection.execute_batch(&fill).expect("rows");
        let ask = |by: u32, after: Option<u64>| {
            let mut query = Query::default();
            query.expires_by = Some(Timestamp::from_millis(by.into()));
            query.expires_after = after.map(Timestamp::from_millis);
            lead(&connection, &query).expect("a database")
        };
        assert_eq!(ask(100, Some(1)), Lead::Expiry);
        assert_eq!(ask(rows, Some(1)), Lead::Creation);
        assert_eq!(ask(rows, None), Lead::Expiry, "what is over is always found by its index");
    }

    fn cursor() -> Cursor {
        let chain = hallpass::Chain::start(hallpass::Generation::FIRST, Timestamp::from_millis(1)).chain;
        let terms = hallpass::Terms { idle: 1, absolute: 1, renewal: 1, anonymous: 900, locks: false };
        let (id, profile) = (SessionId::random(), hallpass::Profile::default());
        Cursor::after_record(&Record::new(id, Realm::default(), profile, terms, chain, Timestamp::from_millis(1)))
    }
}
