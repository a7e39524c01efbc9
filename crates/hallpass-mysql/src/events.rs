use hallpass::{Event, EventQuery, Page};
use hallpass_sql::{Condition, Damage, EVENT_COLUMNS, Width, events_page};
use mysql_async::Value as Raw;

use crate::connections::Connections;
use crate::error::Fault;
use crate::numbering::Numbered;
use crate::query::Mysql;
use crate::row::{self, bound};

/// Reads events in the order in which they became visible.
///
/// What a transaction that is still open has taken in has no number yet, and will get a higher one than all that was read.
pub(crate) async fn list(connections: &Connections, query: &EventQuery, damage: &Damage) -> Result<Page<Event>, Fault> {
    Numbered::Events.number(connections).await?;
    let Condition { sql, values } = Condition::of_events(query, &Mysql);
    let columns = EVENT_COLUMNS.join(", ");
    let sql = format!("SELECT {columns} FROM hallpass_events WHERE seq IS NOT NULL AND {sql} ORDER BY seq LIMIT ?");
    let mut width = Width::one_more_than(query.limit.number());
    loop {
        let mut values: Vec<_> = values.iter().map(bound).collect();
        values.push(Raw::UInt(width.rows() as u64));
        let rows = connections.read(&sql, values).await?;
        let mut events = Vec::with_capacity(rows.len());
        for row in &rows {
            match row::event(row) {
                Ok(event) => events.push(event),
                Err(error) => damage.tell(&"mysql", "hallpass_events", row::event_id(row), &error),
            }
        }
        match width.wider(rows.len(), events.len()) {
            Some(wider) => width = wider,
            None => return Ok(events_page(events, query.limit)),
        }
    }
}
