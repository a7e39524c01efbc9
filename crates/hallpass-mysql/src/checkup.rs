use hallpass::{Checkup, Finding, Timestamp};
use hallpass_sql::{index_finding, table_finding};
use mysql_async::Row;

use crate::connections::Connections;
use crate::error::Fault;
use crate::row::{bytes, number};

const TIME: &str = "SELECT CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)";

const SERVER: &str = "SELECT VERSION(),
    @@innodb_flush_log_at_trx_commit, @@log_bin, @@sync_binlog";

/// What the migrations have made, keys among them.
const INDEXES: &[&str] = &[
    "hallpass_migrations.PRIMARY",
    "hallpass_sessions.PRIMARY",
    "hallpass_sessions.sessions_by_subject",
    "hallpass_sessions.sessions_by_creation",
    "hallpass_sessions.sessions_by_expiry",
    "hallpass_sessions.sessions_by_use",
    "hallpass_sessions.sessions_by_address",
    "hallpass_sessions.sessions_by_level",
    "hallpass_sessions.sessions_by_profile",
    "hallpass_sessions.sessions_by_end",
    "hallpass_events.PRIMARY",
    "hallpass_events.events_by_id",
    "hallpass_events.events_by_seq",
    "hallpass_events.events_by_session",
    "hallpass_events.events_by_subject",
    "hallpass_events.events_by_kind",
    "hallpass_seals.PRIMARY",
    "hallpass_seals.seals_by_event",
    "hallpass_epochs.PRIMARY",
    "hallpass_settings.PRIMARY",
    "hallpass_counters.PRIMARY",
    "hallpass_changes.PRIMARY",
    "hallpass_changes.changes_by_seq",
    "hallpass_changes.changes_by_age",
];

const TABLES: &str = "SELECT table_name, CAST(table_rows AS SIGNED), CAST(data_length + index_length AS SIGNED)
    FROM information_schema.tables
    WHERE table_schema = DATABASE() AND table_name IN ('hallpass_sessions', 'hallpass_events') ORDER BY table_name DESC";

/// Asks what the server's clock says.
pub(crate) async fn time(connections: &Connections) -> Result<Option<Timestamp>, Fault> {
    let rows = connections.read(TIME, Vec::new()).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(u64::try_from(number(row, 0, "time")?).ok().map(Timestamp::from_millis))
}

/// Looks at the server: whether what it has committed lasts, and the tables.
pub(crate) async fn checkup(connections: &Connections) -> Result<Checkup, Fault> {
    let mut checkup = Checkup::default();
    let mut is_mariadb = false;
    if let Some(row) = connections.read(SERVER, Vec::new()).await?.first() {
        let version = text(row, 0, "version")?;
        is_mariadb = version.contains("MariaDB");
        let (name, number_of) = (if is_mariadb { "MariaDB" } else { "MySQL" }, version.split('-').next());
        checkup.server = Some(format!("{name} {}", number_of.unwrap_or_default()));
        let (flush, log, sync) = (number(row, 1, "flush")?, number(row, 2, "log_bin")?, number(row, 3, "sync_binlog")?);
        checkup.findings.push(durability(flush));
        checkup.findings.push(log_finding(log != 0, sync));
    }
    let used = connections.read(&used(is_mariadb), Vec::new()).await?;
    let used = used.iter().map(|row| text(row, 0, "index_name")).collect::<Result<Vec<_>, _>>()?;
    checkup.findings.push(index_finding(INDEXES, &used));
    for row in connections.read(TABLES, Vec::new()).await? {
        let name = if text(&row, 0, "table_name")? == "hallpass_events" { "events" } else { "sessions" };
        checkup.findings.push(table_finding(name, number(&row, 1, "rows")?, None, number(&row, 2, "bytes")?));
    }
    Ok(checkup)
}

/// Returns what asks for the indexes that statements may use; the two servers have different words for it.
fn used(is_mariadb: bool) -> String {
    let is_used = if is_mariadb { "ignored = 'NO'" } else { "is_visible = 'YES'" };
    format!(
        "SELECT DISTINCT CONCAT(table_name, '.', index_name) FROM information_schema.statistics
         WHERE table_schema = DATABASE() AND {is_used}"
    )
}

fn durability(flush: i64) -> Finding {
    // 3 is MariaDB's: it syncs as 1 does.
    if matches!(flush, 1 | 3) {
        return Finding::good("durability", "every write is synced before it is acknowledged");
    }
    let found = format!("innodb_flush_log_at_trx_commit is {flush}: power loss may undo a logout");
    Finding::danger("durability", found, "set innodb_flush_log_at_trx_commit = 1")
}

/// A transaction that is not in the binary log is undone after a crash.
fn log_finding(is_on: bool, sync: i64) -> Finding {
    match (is_on, sync) {
        (false, _) => Finding::good("binary log", "there is none"),
        (true, 1) => Finding::good("binary log", "it is synced with every write"),
        (true, _) => {
            let found = format!("sync_binlog is {sync}: power loss may undo a logout");
            Finding::danger("binary log", found, "set sync_binlog = 1")
        }
    }
}

fn text<'a>(row: &'a Row, index: usize, column: &'static str) -> Result<&'a str, Fault> {
    Ok(str::from_utf8(bytes(row, index, column)?).map_err(|_| hallpass_sql::CorruptRow::Column(column))?)
}
