use std::sync::LazyLock;
use std::time::Duration;

use hallpass::{Event, EventQuery, Page, PageLimit};
use hallpass_sql::{Condition, Damage, EVENT_COLUMNS, Value, Width, event_values};
use tokio::time::{Instant, sleep};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::connections::Connections;
use crate::error::Fault;
use crate::query::Postgres;
use crate::row::{self, Bound, type_of};
use crate::statement::Named;

/// How long a reader waits for older transactions to end, before it leaves what came after them to its next page.
const PATIENCE: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

const EVENT_TYPES: [&str; EVENT_COLUMNS.len()] = [
    "bytea",
    "timestamptz",
    "text",
    "text",
    "bytea",
    "text",
    "text",
    "text",
    "text",
    "text",
    "text",
    "text",
    "smallint",
    "text",
    "text",
];

pub(crate) static APPEND: LazyLock<String> = LazyLock::new(|| keeping(1, "true"));

/// Takes events in that come as columns in places from `first` on; an event is kept once, whoever hands it in again.
pub(crate) fn keeping(first: usize, condition: &str) -> String {
    let columns = EVENT_COLUMNS.join(", ");
    let places: Vec<_> = (first..).zip(EVENT_TYPES).map(|(place, ty)| format!("${place}::{ty}[]")).collect();
    format!(
        "INSERT INTO hallpass.events ({columns})
         SELECT {columns} FROM unnest({}) WITH ORDINALITY AS given ({columns}, place)
         WHERE {condition} ORDER BY place ON CONFLICT (id) DO NOTHING",
        places.join(", ")
    )
}

/// Returns the values of events column by column.
pub(crate) fn columns(events: &[[Value; EVENT_COLUMNS.len()]]) -> Vec<Vec<Bound<'_>>> {
    let column = |index: usize| events.iter().map(|event| Bound(&event[index])).collect();
    (0..EVENT_COLUMNS.len()).map(column).collect()
}

/// Takes in events that come with no change of a session.
pub(crate) async fn append(connections: &Connections, events: &[Event]) -> Result<(), Fault> {
    let events: Vec<_> = events.iter().map(event_values).collect();
    let columns = columns(&events);
    let params: Vec<_> = columns.iter().map(|column| column as &(dyn ToSql + Sync)).collect();
    connections.write(Named::Append, &params).await.map(drop)
}

/// Reads events in the order `(xid, seq)`, no further than the oldest transaction that is still open.
///
/// Whatever commits later has a higher number than all that was read, so a reader that goes on from the last event that
/// it has seen misses none. What was acknowledged before the call is found: if it is younger than an open transaction,
/// that one is waited for.
pub(crate) async fn list(connections: &Connections, query: &EventQuery, damage: &Damage) -> Result<Page<Event>, Fault> {
    let condition = Condition::of_events(query, &Postgres);
    Ok(Page::in_order(read(connections, &condition, query.limit, damage).await?, query.limit))
}

/// Reads events as [`list`] does: at least one more than the limit, if there are more.
pub(crate) async fn read(
    connections: &Connections,
    condition: &Condition,
    limit: PageLimit,
    damage: &Damage,
) -> Result<Vec<Event>, Fault> {
    let deadline = Instant::now() + PATIENCE;
    let mut pause = FIRST_PAUSE;
    let mut width = Width::one_more_than(limit.number());
    loop {
        let rows = find(connections, condition, width.rows()).await?;
        let settled = rows.iter().take_while(|row| is_settled(row)).count();
        if settled < rows.len() && Instant::now() < deadline {
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            continue;
        }
        let events = damage.sift(&row::EVENTS, &rows[..settled]);
        match width.wider(settled, events.len()) {
            Some(wider) => width = wider,
            None => return Ok(events),
        }
    }
}

async fn find(connections: &Connections, condition: &Condition, limit: usize) -> Result<Vec<Row>, Fault> {
    let Condition { sql, mut values } = condition.clone();
    values.push(Value::Integer(i64::try_from(limit).unwrap_or(i64::MAX)));
    let (columns, limit) = (EVENT_COLUMNS.join(", "), values.len());
    let sql = format!(
        "SELECT {columns}, xid < pg_snapshot_xmin(pg_current_snapshot()) FROM hallpass.events
         WHERE {sql} ORDER BY xid, seq LIMIT ${limit}"
    );
    let bound: Vec<_> = values.iter().map(|value| (Bound(value), type_of(value))).collect();
    let params: Vec<_> = bound.iter().map(|(value, ty)| (value as &(dyn ToSql + Sync), ty.clone())).collect();
    connections.read_once(&sql, &params).await
}

fn is_settled(row: &Row) -> bool {
    row.try_get(EVENT_COLUMNS.len()).unwrap_or(false)
}
