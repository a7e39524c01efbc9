use hallpass::{Cursor, Page, PageLimit, Query, Record, Timestamp};
use hallpass_sql::{Condition, Damage, Dialect, Lead, OF_APPLICATIONS, Value, Width};
use tokio_postgres::types::ToSql;

use crate::connections::Connections;
use crate::error::Fault;
use crate::row::{self, Bound, type_of};

/// How PostgreSQL writes what dialects write differently.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Postgres;

impl Dialect for Postgres {
    fn placeholder(&self, out: &mut String, number: usize) {
        use std::fmt::Write;
        let _ = write!(out, "${number}"); // writing to a string cannot fail
    }

    fn position(&self) -> &'static str {
        "strpos"
    }

    fn trail_tables(&self) -> (&'static str, &'static str) {
        ("hallpass.seals", "hallpass.events")
    }

    fn has_addresses(&self) -> bool {
        true
    }

    fn after_event(&self) -> (&'static str, &'static str) {
        (
            "(xid, seq) > (SELECT xid, seq FROM (
                (SELECT xid, seq, 1 AS rank FROM hallpass.events WHERE id <= ",
            " ORDER BY id DESC LIMIT 1) UNION ALL (SELECT '0'::xid8, 0, 0)) AS place ORDER BY rank DESC LIMIT 1)",
        )
    }
}

pub(crate) async fn list(connections: &Connections, query: &Query, damage: &Damage) -> Result<Page<Record>, Fault> {
    query.after.as_ref().map(Cursor::record).transpose()?;
    let Condition { sql, values } = Condition::of_sessions(query, &Postgres)?;
    let sql = page(&sql, query, values.len() + 1);
    let records = read(connections, &sql, &values, query.limit, damage).await?;
    Ok(Page::newest(records, query.limit))
}

/// Finds what is over and has not ended, soonest first: in the order of its index, so that nothing is sorted.
pub(crate) async fn overdue(
    connections: &Connections,
    by: Timestamp,
    limit: PageLimit,
    damage: &Damage,
) -> Result<Vec<Record>, Fault> {
    let mut records = read(connections, &soonest(), &[by.into()], limit, damage).await?;
    records.truncate(limit.number());
    Ok(records)
}

fn soonest() -> String {
    format!(
        "SELECT {} FROM hallpass.sessions WHERE expires_at <= $1 AND ended_at IS NULL AND {OF_APPLICATIONS}
         ORDER BY expires_at LIMIT $2",
        row::RECORD
    )
}

/// Reads at least one more than the limit, if there are more; what is damaged is told and left out.
async fn read(
    connections: &Connections,
    sql: &str,
    values: &[Value],
    limit: PageLimit,
    damage: &Damage,
) -> Result<Vec<Record>, Fault> {
    let mut width = Width::one_more_than(limit.number());
    loop {
        let limit = Value::Integer(i64::try_from(width.rows()).unwrap_or(i64::MAX));
        let bound: Vec<_> = values.iter().chain([&limit]).map(|value| (Bound(value), type_of(value))).collect();
        let params: Vec<_> = bound.iter().map(|(value, ty)| (value as &(dyn ToSql + Sync), ty.clone())).collect();
        // Planned each time, with the values in sight: what a filter finds differs a millionfold.
        let rows = connections.read_once(sql, &params).await?;
        let records = damage.sift(&row::SESSIONS, &rows);
        match width.wider(rows.len(), records.len()) {
            Some(wider) => width = wider,
            None => return Ok(records),
        }
    }
}

fn page(condition: &str, query: &Query, limit: usize) -> String {
    let columns = row::RECORD;
    let lead = Lead::of(query);
    if query.realm.is_none() && lead.is_newest_first() {
        // The newest of each realm, since the order of an index is within a realm; each realm is found by one step.
        return format!(
            "WITH RECURSIVE each (name) AS (
                (SELECT realm FROM hallpass.sessions ORDER BY realm LIMIT 1)
                UNION ALL
                SELECT (SELECT realm FROM hallpass.sessions WHERE realm > name ORDER BY realm LIMIT 1)
                FROM each WHERE name IS NOT NULL
            )
            SELECT {columns} FROM each CROSS JOIN LATERAL (
                SELECT * FROM hallpass.sessions WHERE realm = name AND {condition}
                ORDER BY created_at DESC, id DESC LIMIT ${limit}
            ) AS newest WHERE name IS NOT NULL ORDER BY created_at DESC, id DESC LIMIT ${limit}"
        );
    }
    // The planner takes what is over to be spread evenly among all sessions, and would look for it from the newest on.
    // An order that no index has leaves it the index of expiry.
    let leads = lead == Lead::Expiry && !lead.may_find_most(query);
    let created_at = if leads { "created_at + interval '0'" } else { "created_at" };
    format!(
        "SELECT {columns} FROM hallpass.sessions WHERE {condition} ORDER BY {created_at} DESC, id DESC LIMIT ${limit}"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::PostgresStore;
    use hallpass::Store;

    /// Twenty thousand sessions, the oldest of which are over: as in a store that has run for a while.
    const FILL: &str = "INSERT INTO hallpass.sessions
            (realm, id, version, seen_at, expires_at, subject, created_at, ended_at, level, profile, ip, head)
        SELECT 'default', decode(lpad(to_hex(n), 32, '0'), 'hex'), 1, t, t, 'user' || n % 5000, t,
            CASE WHEN n % 100 = 0 THEN t END, CASE WHEN n % 100 = 1 THEN 2 ELSE 1 END,
            CASE WHEN n % 100 = 2 THEN 'remember' ELSE 'default' END, '10.0.0.0'::inet + n, '\\x00'
        FROM generate_series(1, 20000) AS n, LATERAL (SELECT to_timestamp(n::float8) AS t) AS at;
        ANALYZE hallpass.sessions";

    #[tokio::test]
    async fn every_filter_is_answered_by_its_index() {
        let Some(server) = rig::Postgres::shared() else { return };
        let database = server.database();
        let store = PostgresStore::from_url(&server.url(&database)).await.expect("a store");
        server.run(&database, FILL);
        for query in hallpass_sql::testing::every_filter() {
            let lead = Lead::of(&query);
            assert!(store.list(&query).await.is_ok(), "{query:?}");
            let Condition { sql, values } = Condition::of_sessions(&query, &Postgres).expect("no cursor");
            let sql = format!(
                "EXPLAIN {}",
                page(&sql, &query, values.len() + 1).replace(&format!("${}", values.len() + 1), "101")
            );
            let bound: Vec<_> = values.iter().map(|value| (Bound(value), type_of(value))).collect();
            let params: Vec<_> = bound.iter().map(|(value, ty)| (value as &(dyn ToSql + Sync), ty.clone())).collect();
            let rows = store.connections().read_once(&sql, &params).await.expect("a plan");
            let plan: Vec<String> = rows.iter().map(|row| row.get(0)).collect();
            let plan = plan.join("\n");
            assert!(plan.contains(lead.index()) && !plan.contains("Seq Scan"), "{query:?}: {plan}");
        }
    }

    #[tokio::test]
    async fn a_sweep_and_a_reader_of_events_go_by_their_indexes() {
        let Some(server) = rig::Postgres::shared() else { return };
        let database = server.database();
        drop(PostgresStore::from_url(&server.url(&database)).await.expect("a store"));
        server.run(&database, FILL);
        server.run(
            &database,
            "INSERT INTO hallpass.events (id, at, kind, realm, actor)
                 SELECT decode(lpad(to_hex(n), 32, '0'), 'hex'), now(), 'created', 'default', 'policy'
                 FROM generate_series(1, 20000) AS n; ANALYZE hallpass.events",
        );
        let sweep = crate::sessions::SWEEP.replace("$1", "to_timestamp(100)").replace("$2", "50");
        let plan = server.run(&database, &format!("EXPLAIN {sweep}"));
        assert!(
            plan.contains("sessions_by_expiry") && plan.contains("Tid Scan") && !plan.contains("Seq Scan"),
            "{plan}"
        );

        let soonest = soonest().replace("$1", "to_timestamp(100)").replace("$2", "50");
        let plan = server.run(&database, &format!("EXPLAIN {soonest}"));
        assert!(plan.contains("sessions_by_expiry") && !plan.contains("Sort"), "{plan}");

        let mut query = hallpass::EventQuery::default();
        query.after = Some(hallpass::EventId::from_number(19_000));
        let Condition { sql, .. } = Condition::of_events(&query, &Postgres);
        let sql = sql.replace("$1", &format!("'\\x{:032x}'", 19_000));
        let sql = format!("EXPLAIN SELECT id FROM hallpass.events WHERE {sql} ORDER BY xid, seq LIMIT 101");
        let plan = server.run(&database, &sql);
        assert!(plan.contains("Index Scan using events_pkey"), "{plan}");
        assert!(plan.contains("Index Cond: (ROW(xid, seq) > ROW($0, $1))") && !plan.contains("Seq Scan"), "{plan}");
    }
}
