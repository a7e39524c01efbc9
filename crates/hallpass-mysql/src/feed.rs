use std::sync::Arc;
use std::time::Duration;

use hallpass::{Change, Realm, SessionId};
use hallpass_sql::News;
use mysql_async::{Row, Value as Raw};
use tokio::time::sleep;

use crate::connections::{Connections, only};
use crate::error::Fault;
use crate::numbering::Numbered;
use crate::row::{bytes, number};

/// How late news is at the most, on a server that answers at once.
const PAUSE: Duration = Duration::from_millis(200);
const AT_ONCE: usize = 1_000;
/// After how many questions old news is forgotten.
const FORGET_AFTER: u32 = 64;

const LAST: &str = "SELECT value FROM hallpass_counters WHERE name = 'changes'";
const NEXT: &str = "SELECT seq, realm, id FROM hallpass_changes WHERE seq > ? ORDER BY seq LIMIT 1000";
/// Nobody who listens is that late, and not told that there was a hole.
const FORGET: &str = "DELETE FROM hallpass_changes WHERE at < UTC_TIMESTAMP(3) - INTERVAL 5 MINUTE
    ORDER BY at LIMIT 10000";

/// Tells what others announce, asked for again and again.
///
/// Until the server was asked first, and whenever it did not answer, there is a hole.
pub(crate) async fn listen(connections: Arc<Connections>, news: Arc<News>) {
    loop {
        if let Ok(last) = begin(&connections).await {
            news.tell(&Change::Hole);
            let fault = hear(&connections, &news, last).await;
            tracing::warn!(target: "hallpass::mysql", server = %connections.server(), error = %fault, "the feed of changes was lost");
            news.tell(&Change::Hole);
        }
        sleep(PAUSE).await;
    }
}

/// Returns the number of the last change that is visible now.
async fn begin(connections: &Connections) -> Result<i64, Fault> {
    Numbered::Changes.number(connections).await?;
    Ok(only(&connections.read(LAST, Vec::new()).await?, "value")?.unwrap_or(0))
}

/// Tells what comes after `last`, until the server does not answer.
async fn hear(connections: &Connections, news: &News, mut last: i64) -> Fault {
    let mut asked = 0_u32;
    loop {
        match next(connections, last).await {
            Ok(rows) => {
                for row in &rows {
                    last = number(row, 0, "seq").unwrap_or(last);
                    news.tell(&change(row).unwrap_or(Change::Hole));
                }
                if rows.len() == AT_ONCE {
                    continue;
                }
            }
            Err(fault) => return fault,
        }
        asked += 1;
        if asked.is_multiple_of(FORGET_AFTER)
            && let Err(fault) = forget(connections).await
        {
            return fault;
        }
        sleep(PAUSE).await;
    }
}

async fn next(connections: &Connections, last: i64) -> Result<Vec<Row>, Fault> {
    Numbered::Changes.number(connections).await?;
    connections.read(NEXT, vec![Raw::Int(last)]).await
}

/// Forgets old news.
pub(crate) async fn forget(connections: &Connections) -> Result<(), Fault> {
    connections.write(FORGET, Vec::new()).await.map(drop)
}

fn change(row: &Row) -> Option<Change> {
    let realm = Realm::new(str::from_utf8(bytes(row, 1, "realm").ok()?).ok()?).ok()?;
    let id = <[u8; 16]>::try_from(bytes(row, 2, "id").ok()?).ok()?;
    Some(Change::Session { realm, id: SessionId::from_bytes(id) })
}
