use std::fmt::Write;
use std::sync::Arc;

use hallpass::{Event, EventQuery, Page};
use hallpass_sql::{Condition, Damage, EVENT_COLUMNS, event_values};

use crate::connections::Connections;
use crate::error::Fault;
use crate::numbering::Numbered;
use crate::query::{self, Mysql};
use crate::row::{self, write_literal};
use crate::sessions;

/// Reads events in the order in which they became visible.
///
/// What a transaction that is still open has taken in has no number yet, and will get a higher one than all that was read.
pub(crate) async fn list(connections: &Connections, query: &EventQuery, damage: &Damage) -> Result<Page<Event>, Fault> {
    Numbered::Events.number(connections).await?;
    let Condition { sql, values } = Condition::of_events(query, &Mysql);
    let columns = EVENT_COLUMNS.join(", ");
    let sql = format!("SELECT {columns} FROM hallpass_events WHERE seq IS NOT NULL AND {sql} ORDER BY seq LIMIT ?");
    let events = query::read(connections, &row::EVENTS, &sql, &values, query.limit, damage).await?;
    Ok(Page::in_order(events, query.limit))
}

/// Takes in events that come with no change of a session.
pub(crate) async fn append(connections: &Arc<Connections>, events: &[Event]) -> Result<(), Fault> {
    let mut script = String::from("START TRANSACTION; SET @applied = 1; ");
    for event in events {
        write_keeping(&mut script, event);
    }
    script.push_str("COMMIT; SELECT @applied");
    sessions::run_apart(connections, script).await.map(drop)
}

/// Writes a statement that takes an event in if the change before was applied; once, whoever hands it in again.
pub(crate) fn write_keeping(script: &mut String, event: &Event) {
    let _ = write!(script, "INSERT INTO hallpass_events ({}) SELECT ", EVENT_COLUMNS.join(", "));
    for (index, value) in event_values(event).iter().enumerate() {
        if index > 0 {
            script.push_str(", ");
        }
        write_literal(script, value);
    }
    script.push_str(" FROM DUAL WHERE @applied = 1 ON DUPLICATE KEY UPDATE id = VALUES(id); ");
}
