use hallpass::{Checkup, Finding, Timestamp};
use hallpass_sql::{index_finding, table_finding};

use crate::connections::Connections;
use crate::error::Fault;

const TIME: &str = "SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint";

const SERVER: &str = "SELECT split_part(current_setting('server_version'), ' ', 1),
    current_setting('fsync'), current_setting('synchronous_commit'), current_setting('full_page_writes')";

/// What the migrations have made, keys among them.
const INDEXES: &[&str] = &[
    "migrations_pkey",
    "sessions_pkey",
    "sessions_by_subject",
    "sessions_by_creation",
    "sessions_by_expiry",
    "sessions_by_use",
    "sessions_by_address",
    "sessions_by_level",
    "sessions_by_profile",
    "sessions_by_end",
    "events_pkey",
    "events_id_key",
    "events_by_session",
    "events_by_subject",
    "events_by_kind",
    "epochs_pkey",
    "seals_pkey",
    "seals_event_key",
    "settings_pkey",
];

const USED: &str =
    "SELECT class.relname::text FROM pg_index AS index JOIN pg_class AS class ON class.oid = index.indexrelid
    WHERE class.relnamespace = 'hallpass'::regnamespace AND index.indisvalid AND index.indisready";

const TABLES: &str = "SELECT relname::text, n_live_tup, n_dead_tup, pg_total_relation_size(relid)
    FROM pg_stat_user_tables WHERE schemaname = 'hallpass' AND relname IN ('sessions', 'events') ORDER BY relname DESC";

/// Asks what the server's clock says.
pub(crate) async fn time(connections: &Connections) -> Result<Option<Timestamp>, Fault> {
    let rows = connections.read_once(TIME, &[]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(u64::try_from(row.try_get::<_, i64>(0)?).ok().map(Timestamp::from_millis))
}

/// Looks at the server: whether what it has committed lasts, and the tables.
pub(crate) async fn checkup(connections: &Connections) -> Result<Checkup, Fault> {
    let mut checkup = Checkup::default();
    if let Some(row) = connections.read_once(SERVER, &[]).await?.first() {
        checkup.server = Some(format!("PostgreSQL {}", row.try_get::<_, &str>(0)?));
        checkup.findings.push(durability(row.try_get(1)?, row.try_get(2)?));
        checkup.findings.push(pages(row.try_get(3)?));
    }
    let used = connections.read_once(USED, &[]).await?;
    let used = used.iter().map(|row| row.try_get(0)).collect::<Result<Vec<&str>, _>>()?;
    checkup.findings.push(index_finding(INDEXES, &used));
    for row in connections.read_once(TABLES, &[]).await? {
        let name = if row.try_get::<_, &str>(0)? == "events" { "events" } else { "sessions" };
        checkup.findings.push(table_finding(name, row.try_get(1)?, Some(row.try_get(2)?), row.try_get(3)?));
    }
    Ok(checkup)
}

fn durability(fsync: &str, synchronous_commit: &str) -> Finding {
    if fsync != "on" {
        return Finding::danger(
            "durability",
            "fsync is off: the loss of power can damage every table",
            "set fsync = on",
        );
    }
    if synchronous_commit == "off" {
        let found = "synchronous_commit is off: power loss may undo a logout";
        return Finding::danger("durability", found, "set synchronous_commit = on for the server, database and user");
    }
    let found = format!("every write is synced before it is acknowledged (synchronous_commit = {synchronous_commit})");
    Finding::good("durability", found)
}

fn pages(full_page_writes: &str) -> Finding {
    if full_page_writes == "on" {
        return Finding::good("pages", "a page that was half written when power was lost is restored");
    }
    Finding::danger(
        "pages",
        "full_page_writes is off: a page that was half written when power was lost stays damaged",
        "set full_page_writes = on",
    )
}
