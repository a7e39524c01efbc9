use std::fmt::Write;
use std::time::Duration;

use hallpass::{Event, EventQuery, Page};
use hallpass_sql::{Condition, Damage, EVENT_COLUMNS, Width, events_page};
use mysql_async::prelude::Queryable;
use mysql_async::{Conn, TxOpts, Value as Raw};
use tokio::time::Instant;

use crate::connections::Connections;
use crate::error::Fault;
use crate::query::Mysql;
use crate::row::{self, bound};

/// How many events get their number in one transaction.
const AT_ONCE: usize = 1_000;
/// How long a reader gives numbers before it reads.
const PATIENCE: Duration = Duration::from_secs(1);

const HAS_UNNUMBERED: &str = "SELECT 1 FROM hallpass_events FORCE INDEX (events_by_seq) WHERE seq IS NULL LIMIT 1";
const LAST: &str = "SELECT value FROM hallpass_counters WHERE name = 'events' FOR UPDATE";

/// Reads events in the order in which they became visible.
///
/// What a transaction that is still open has taken in has no number yet, and will get a higher one than all that was read.
pub(crate) async fn list(connections: &Connections, query: &EventQuery, damage: &Damage) -> Result<Page<Event>, Fault> {
    number(connections).await?;
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

/// Gives their numbers to events that are committed and have none.
pub(crate) async fn number(connections: &Connections) -> Result<(), Fault> {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline && !connections.read(HAS_UNNUMBERED, Vec::new()).await?.is_empty() {
        let numbered = connections.again_if_it_gave_way(|| connections.on_one(number_some)).await?;
        if numbered == 0 {
            break; // the others belong to transactions that are open
        }
    }
    Ok(())
}

/// Who gives numbers holds the counter until they are committed, so that nobody sees a higher number before a lower one.
async fn number_some(mut conn: Conn) -> Result<usize, Fault> {
    let mut transaction = conn.start_transaction(TxOpts::default()).await?;
    let last: Option<i64> = transaction.query_first(LAST).await?;
    let found = format!(
        "SELECT intake FROM hallpass_events FORCE INDEX (events_by_seq) WHERE seq IS NULL
         ORDER BY intake LIMIT {AT_ONCE} FOR UPDATE SKIP LOCKED"
    );
    let found: Vec<i64> = transaction.query(found).await?;
    let Some(last) = last.filter(|_| !found.is_empty()) else {
        transaction.rollback().await?;
        return Ok(0);
    };
    let (mut numbers, mut names) = (String::new(), String::new());
    for (seq, intake) in (last + 1..).zip(&found) {
        let _ = write!(numbers, " WHEN {intake} THEN {seq}"); // writing to a string cannot fail
        let _ = write!(names, "{}{intake}", if names.is_empty() { "" } else { ", " });
    }
    let count = found.len();
    transaction
        .query_drop(format!("UPDATE hallpass_events SET seq = CASE intake{numbers} END WHERE intake IN ({names})"))
        .await?;
    transaction
        .query_drop(format!("UPDATE hallpass_counters SET value = value + {count} WHERE name = 'events'"))
        .await?;
    transaction.commit().await?;
    Ok(count)
}
