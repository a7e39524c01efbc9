use std::time::Duration;

use hallpass_sql::{Migration, pending};
use mysql_async::Conn;
use mysql_async::prelude::Queryable;
use tokio::time::timeout;

use crate::connections::connect;
use crate::error::Fault;
use crate::options::MysqlOptions;

const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "sessions", sql: include_str!("migrations/0001_sessions.sql") },
    Migration { version: 2, name: "the audit trail", sql: include_str!("migrations/0002_audit.sql") },
];

/// How long to wait for another node that brings the tables up to date.
const PATIENCE: Duration = Duration::from_mins(5);

const IS_THERE: &str = "SELECT COUNT(*) FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_name = 'hallpass_migrations'";

const BEGIN: &str = "CREATE TABLE IF NOT EXISTS hallpass_migrations (
        version INT NOT NULL PRIMARY KEY,
        name VARCHAR(255) NOT NULL,
        done_at TIMESTAMP NOT NULL DEFAULT CURRENT_TIMESTAMP
    ) ENGINE = InnoDB";

/// Brings the tables to the present schema, however many nodes do so at the same moment.
pub(crate) async fn prepare(options: &MysqlOptions) -> Result<(), Fault> {
    let slow = |_| Fault::Slow(options.usage.timeout);
    // Without the limits of other connections: who comes second waits for the first.
    let mut conn = timeout(options.usage.timeout, connect(&options.way)).await.map_err(slow)??;
    let found = timeout(options.usage.timeout, present(&mut conn)).await.map_err(slow)??;
    if found == 0 && !options.usage.create {
        return Err(Fault::Missing);
    }
    if !pending(MIGRATIONS, found)?.is_empty() {
        timeout(PATIENCE, migrate(&mut conn)).await.map_err(|_| Fault::Slow(PATIENCE))??;
    }
    // The lock goes with the connection.
    Ok(conn.disconnect().await?)
}

async fn present(conn: &mut Conn) -> Result<u32, Fault> {
    if conn.query_first::<i64, _>(IS_THERE).await?.unwrap_or(0) == 0 {
        return Ok(0);
    }
    let found: Option<u32> = conn.query_first("SELECT COALESCE(MAX(version), 0) FROM hallpass_migrations").await?;
    Ok(found.unwrap_or(0))
}

/// Each step is looked up and done under the lock, so that it runs once. The server commits after each statement of this
/// kind, so a step that was cut short runs again, and each of its statements can.
async fn migrate(conn: &mut Conn) -> Result<(), Fault> {
    let lock = format!("SELECT GET_LOCK(CONCAT('hallpass.', LEFT(DATABASE(), 50)), {})", PATIENCE.as_secs());
    if conn.query_first::<Option<i64>, _>(lock).await?.flatten() != Some(1) {
        return Err(Fault::Slow(PATIENCE));
    }
    conn.query_drop("SET NAMES utf8mb4").await?;
    conn.query_drop(BEGIN).await?;
    let version: Option<String> = conn.query_first("SELECT VERSION()").await?;
    let is_mariadb = version.is_some_and(|version| version.contains("MariaDB"));
    let collation = if is_mariadb { "utf8mb4_nopad_bin" } else { "utf8mb4_0900_bin" };
    let present = present(conn).await?;
    for step in pending(MIGRATIONS, present)? {
        conn.query_drop(step.sql.replace("{collation}", collation)).await?;
        let (version, name) = (step.version, step.name);
        conn.query_drop(format!("INSERT INTO hallpass_migrations (version, name) VALUES ({version}, '{name}')"))
            .await?;
        tracing::info!(target: "hallpass::mysql", schema = version, "{name}");
    }
    Ok(())
}
