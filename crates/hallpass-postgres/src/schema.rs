use std::time::Duration;

use hallpass_sql::{Migration, latest, pending};
use tokio::time::timeout;

use crate::connection::{Live, Purpose, Recipe};
use crate::error::Fault;

const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "sessions", sql: include_str!("migrations/0001_sessions.sql") },
    Migration { version: 2, name: "the audit trail", sql: include_str!("migrations/0002_audit.sql") },
];

/// How long to wait for another node that brings the tables up to date.
const PATIENCE: Duration = Duration::from_mins(5);

/// `hallpass` in hexadecimal: what nodes lock while they bring the tables up to date.
const LOCK: i64 = i64::from_be_bytes(*b"hallpass");

/// By the tables of the catalogue: `to_regclass` may answer from what this connection has seen before it had the lock.
const IS_THERE: &str = "SELECT EXISTS (
        SELECT 1 FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
        WHERE n.nspname = 'hallpass' AND c.relname = 'migrations')";

const PRESENT: &str = "SELECT COALESCE(max(version), 0) FROM hallpass.migrations";

/// Brings the tables to the present schema, however many nodes do so at the same moment.
pub(crate) async fn prepare(recipe: &Recipe, create: bool) -> Result<(), Fault> {
    let slow = |_| Fault::Slow(recipe.timeout);
    let live = timeout(recipe.timeout, recipe.connect(Purpose::Calls)).await.map_err(slow)??;
    let present = timeout(recipe.timeout, present(&live)).await.map_err(slow)??;
    if present == 0 && !create {
        return Err(Fault::Missing);
    }
    if !pending(MIGRATIONS, present)?.is_empty() || are_from_elsewhere(&live).await? {
        timeout(PATIENCE, migrate(&live)).await.map_err(|_| Fault::Slow(PATIENCE))??;
    }
    Ok(())
}

async fn present(live: &Live) -> Result<u32, Fault> {
    let found = live.ask_once(IS_THERE, &[]).await?;
    if !found.first().is_some_and(|row| row.try_get(0).unwrap_or(false)) {
        return Ok(0);
    }
    let found = live.ask_once(PRESENT, &[]).await?;
    let number: i32 = found.first().and_then(|row| row.try_get(0).ok()).unwrap_or(0);
    Ok(u32::try_from(number).unwrap_or(0))
}

/// Each step is looked up and done under the lock and in one transaction, so that it runs once, and whole or not at all.
async fn migrate(live: &Live) -> Result<(), Fault> {
    live.run(&format!(
        "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL search_path = pg_catalog; SELECT pg_advisory_xact_lock({LOCK})"
    ))
    .await?;
    let done = migrate_alone(live).await;
    live.run(if done.is_ok() { "COMMIT" } else { "ROLLBACK" }).await?;
    done
}

async fn migrate_alone(live: &Live) -> Result<(), Fault> {
    let present = present(live).await?;
    for step in pending(MIGRATIONS, present)? {
        if step.version == 1 {
            live.run(BEGIN).await?;
        }
        live.run(step.sql).await?;
        let (version, name) = (step.version, step.name);
        live.run(&format!("INSERT INTO hallpass.migrations (version, name) VALUES ({version}, '{name}')")).await?;
        tracing::info!(target: "hallpass::postgres", schema = version, "{name}");
    }
    if present == latest(MIGRATIONS) && are_from_elsewhere(live).await? {
        // All at once, and so by `seq`: the order that they had.
        live.run("UPDATE hallpass.events SET xid = '0'").await?;
        tracing::info!(target: "hallpass::postgres", "events that were restored from another server are kept in their order");
    }
    Ok(())
}

/// Who may not make a schema can be given one.
const BEGIN: &str = "DO $$ BEGIN
        IF to_regnamespace('hallpass') IS NULL THEN CREATE SCHEMA hallpass; END IF;
    END $$;
    CREATE TABLE hallpass.migrations (
        version integer PRIMARY KEY,
        name text NOT NULL,
        done_at timestamptz NOT NULL DEFAULT now()
    )";

/// Tells whether events have numbers of transactions that this server has not given out: a dump was restored here.
async fn are_from_elsewhere(live: &Live) -> Result<bool, Fault> {
    let ask = "SELECT EXISTS (SELECT 1 FROM hallpass.events WHERE xid >= pg_snapshot_xmax(pg_current_snapshot()))";
    match live.ask_once(ask, &[]).await {
        Ok(rows) => Ok(rows.first().is_some_and(|row| row.try_get(0).unwrap_or(false))),
        Err(fault) => Err(fault),
    }
}
