use hallpass::{Cursor, Page, Query, Record};
use hallpass_sql::{Condition, Damage, Dialect, Lead, Value, Width, newest_page};
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
    let mut width = Width::one_more_than(query.limit.number());
    loop {
        let limit = Value::Integer(i64::try_from(width.rows()).unwrap_or(i64::MAX));
        let bound: Vec<_> = values.iter().chain([&limit]).map(|value| (Bound(value), type_of(value))).collect();
        let params: Vec<_> = bound.iter().map(|(value, ty)| (value as &(dyn ToSql + Sync), ty.clone())).collect();
        // Planned each time, with the values in sight: what a filter finds differs a millionfold.
        let rows = connections.read_once(&sql, &params).await?;
        let mut records = Vec::with_capacity(rows.len());
        for row in &rows {
            match row::record(row) {
                Ok(record) => records.push(record),
                Err(error) => damage.tell(&"postgres", "sessions", row::id(row), &error),
            }
        }
        match width.wider(rows.len(), records.len()) {
            Some(wider) => width = wider,
            None => return Ok(newest_page(records, query.limit)),
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
