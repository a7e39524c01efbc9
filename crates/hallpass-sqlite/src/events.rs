use std::sync::LazyLock;

use hallpass::{Event, EventQuery, Page};
use hallpass_sql::{Condition, Damage, EVENT_COLUMNS, Value, Width, events_page};
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

pub(crate) fn list(connection: &Connection, query: &EventQuery, damage: &Damage) -> Result<Page<Event>, Fault> {
    let Condition { sql, values } = Condition::of_events(query, &Sqlite);
    let columns = EVENT_COLUMNS.join(", ");
    let limit = values.len() + 1;
    let mut statement =
        connection.prepare_cached(&format!("SELECT {columns} FROM events WHERE {sql} ORDER BY seq LIMIT ?{limit}"))?;
    let mut width = Width::one_more_than(query.limit.number());
    loop {
        let limit = Value::Integer(i64::try_from(width.rows()).unwrap_or(i64::MAX));
        let mut rows = statement.query(params_from_iter(values.iter().chain([&limit]).map(Bound)))?;
        let (mut found, mut events) = (0, Vec::new());
        while let Some(row) = rows.next()? {
            found += 1;
            match row::event(row) {
                Ok(event) => events.push(event),
                Err(Fault::Row(error)) => damage.tell(&"sqlite", "events", row::event_id(row), &error),
                Err(fault) => return Err(fault),
            }
        }
        match width.wider(found, events.len()) {
            Some(wider) => width = wider,
            None => return Ok(events_page(events, query.limit)),
        }
    }
}
