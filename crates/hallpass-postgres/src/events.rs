use std::time::Duration;

use hallpass::{Event, EventQuery, Page};
use hallpass_sql::{Condition, Damage, EVENT_COLUMNS, Value, Width, events_page};
use tokio::time::{Instant, sleep};
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use crate::connections::Connections;
use crate::error::Fault;
use crate::query::Postgres;
use crate::row::{self, Bound, type_of};

/// How long a reader waits for older transactions to end, before it leaves what came after them to its next page.
const PATIENCE: Duration = Duration::from_secs(1);
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(50);

/// Reads events in the order `(xid, seq)`, no further than the oldest transaction that is still open.
///
/// Whatever commits later has a higher number than all that was read, so a reader that goes on from the last event that
/// it has seen misses none. What was acknowledged before the call is found: if it is younger than an open transaction,
/// that one is waited for.
pub(crate) async fn list(connections: &Connections, query: &EventQuery, damage: &Damage) -> Result<Page<Event>, Fault> {
    let deadline = Instant::now() + PATIENCE;
    let mut pause = FIRST_PAUSE;
    let mut width = Width::one_more_than(query.limit.number());
    loop {
        let rows = find(connections, query, width.rows()).await?;
        let settled = rows.iter().take_while(|row| is_settled(row)).count();
        if settled < rows.len() && Instant::now() < deadline {
            sleep(pause).await;
            pause = (pause * 2).min(LONGEST_PAUSE);
            continue;
        }
        let mut events = Vec::with_capacity(settled);
        for row in &rows[..settled] {
            match row::event(row) {
                Ok(event) => events.push(event),
                Err(error) => damage.tell(&"postgres", "events", row::event_id(row), &error),
            }
        }
        match width.wider(settled, events.len()) {
            Some(wider) => width = wider,
            None => return Ok(events_page(events, query.limit)),
        }
    }
}

async fn find(connections: &Connections, query: &EventQuery, limit: usize) -> Result<Vec<Row>, Fault> {
    let Condition { sql, mut values } = Condition::of_events(query, &Postgres);
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
