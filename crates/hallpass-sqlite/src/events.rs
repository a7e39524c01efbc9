use std::sync::LazyLock;

use hallpass::{Event, EventQuery, Page};
use hallpass_sql::{Condition, EVENT_COLUMNS, Value, events_page};
use rusqlite::{Connection, params_from_iter};

use crate::error::Fault;
use crate::query::Sqlite;
use crate::row::{self, Bound};

/// An event is kept once, whoever hands it in again.
static INSERT: LazyLock<String> = LazyLock::new(|| {
    let places: Vec<_> = (1..=EVENT_COLUMNS.len()).map(|number| format!("?{number}")).collect();
    format!(
        "INSERT INTO events ({}) VALUES ({}) ON CONFLICT (id) DO NOTHING",
        EVENT_COLUMNS.join(", "),
        places.join(", ")
    )
});

pub(crate) fn keep(connection: &Connection, values: &[Value; EVENT_COLUMNS.len()]) -> Result<(), Fault> {
    connection.prepare_cached(&INSERT)?.execute(params_from_iter(values.iter().map(Bound)))?;
    Ok(())
}

pub(crate) fn list(connection: &Connection, query: &EventQuery) -> Result<Page<Event>, Fault> {
    let Condition { sql, values } = Condition::of_events(query, &Sqlite);
    let one_more = query.limit.number() + 1;
    let columns = EVENT_COLUMNS.join(", ");
    let mut statement = connection
        .prepare_cached(&format!("SELECT {columns} FROM events WHERE {sql} ORDER BY seq LIMIT {one_more}"))?;
    let mut rows = statement.query(params_from_iter(values.iter().map(Bound)))?;
    let mut events = Vec::new();
    while let Some(row) = rows.next()? {
        events.push(row::event(row)?);
    }
    Ok(events_page(events, query.limit))
}
