use std::sync::LazyLock;

use hallpass::{Event, EventQuery, Page};
use hallpass_sql::{Condition, Damage, EVENT_COLUMNS, Value};
use rusqlite::{Connection, params_from_iter};

use crate::error::Fault;
use crate::query::{self, Sqlite};
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

pub(crate) fn list(connection: &Connection, query: &EventQuery, damage: &Damage) -> Result<Page<Event>, Fault> {
    let Condition { sql, values } = Condition::of_events(query, &Sqlite);
    let columns = EVENT_COLUMNS.join(", ");
    let limit = values.len() + 1;
    let sql = format!("SELECT {columns} FROM events WHERE {sql} ORDER BY seq LIMIT ?{limit}");
    let events = query::read(connection, &row::EVENTS, &sql, &values, query.limit, damage)?;
    Ok(Page::in_order(events, query.limit))
}
