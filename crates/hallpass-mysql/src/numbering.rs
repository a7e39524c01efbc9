use std::fmt::Write;
use std::time::Duration;

use mysql_async::prelude::Queryable;
use mysql_async::{Conn, TxOpts};
use tokio::time::Instant;

use crate::connections::Connections;
use crate::error::Fault;

/// How many rows get their number in one transaction.
const AT_ONCE: usize = 1_000;
/// How long somebody gives numbers before going on.
const PATIENCE: Duration = Duration::from_secs(1);

/// A table whose rows get a number when they are visible, in a column `seq`.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Numbered {
    Events,
    Changes,
}

impl Numbered {
    /// Returns its name without `hallpass_`, by which its counter goes, too.
    fn name(self) -> &'static str {
        match self {
            Self::Events => "events",
            Self::Changes => "changes",
        }
    }

    /// Gives their numbers to rows that are committed and have none.
    ///
    /// The number that the server draws by itself is drawn before the commit: who goes by that passes what commits late.
    pub(crate) async fn number(self, connections: &Connections) -> Result<(), Fault> {
        let deadline = Instant::now() + PATIENCE;
        let name = self.name();
        let is_left = format!("SELECT 1 FROM hallpass_{name} FORCE INDEX ({name}_by_seq) WHERE seq IS NULL LIMIT 1");
        while Instant::now() < deadline && !connections.read(&is_left, Vec::new()).await?.is_empty() {
            let numbered =
                connections.again_if_it_gave_way(|| connections.on_one(|conn| self.number_some(conn))).await?;
            if numbered == 0 {
                break; // the others belong to transactions that are open
            }
        }
        Ok(())
    }

    /// Who gives numbers holds the counter until they are committed, so that nobody sees a higher one before a lower one.
    async fn number_some(self, mut conn: Conn) -> Result<usize, Fault> {
        let name = self.name();
        let mut transaction = conn.start_transaction(TxOpts::default()).await?;
        let last = format!("SELECT value FROM hallpass_counters WHERE name = '{name}' FOR UPDATE");
        let last: Option<i64> = transaction.query_first(last).await?;
        let found = format!(
            "SELECT intake FROM hallpass_{name} FORCE INDEX ({name}_by_seq) WHERE seq IS NULL
             ORDER BY intake LIMIT {AT_ONCE} FOR UPDATE SKIP LOCKED"
        );
        let found: Vec<i64> = transaction.query(found).await?;
        let Some(last) = last.filter(|_| !found.is_empty()) else {
            transaction.rollback().await?;
            return Ok(0);
        };
        let (mut numbers, mut rows) = (String::new(), String::new());
        for (seq, intake) in (last + 1..).zip(&found) {
            let _ = write!(numbers, " WHEN {intake} THEN {seq}"); // writing to a string cannot fail
            let _ = write!(rows, "{}{intake}", if rows.is_empty() { "" } else { ", " });
        }
        let count = found.len();
        let update = format!("UPDATE hallpass_{name} SET seq = CASE intake{numbers} END WHERE intake IN ({rows})");
        transaction.query_drop(update).await?;
        let update = format!("UPDATE hallpass_counters SET value = value + {count} WHERE name = '{name}'");
        transaction.query_drop(update).await?;
        transaction.commit().await?;
        Ok(count)
    }
}
