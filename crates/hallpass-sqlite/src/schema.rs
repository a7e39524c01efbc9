use std::path::Path;
use std::time::{Duration, Instant};

use hallpass_sql::{Migration, pending};
use rusqlite::{Connection, ErrorCode};

use crate::error::OpenError;

const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, name: "sessions", sql: include_str!("migrations/0001_sessions.sql") },
    Migration { version: 2, name: "an index for every filter", sql: include_str!("migrations/0002_filters.sql") },
    Migration { version: 3, name: "the audit trail", sql: include_str!("migrations/0003_audit.sql") },
];

/// `HPas`: what marks a file as a store of hallpass (<https://www.sqlite.org/pragma.html#pragma_application_id>).
const APPLICATION: i32 = i32::from_be_bytes(*b"HPas");

/// Brings the file to the present schema, however many processes do so at the same moment.
pub(crate) fn prepare(connection: &mut Connection, path: &Path, patience: Duration) -> Result<(), OpenError> {
    refuse_what_is_not_ours(connection, path)?;
    use_log(connection, path, patience)?;
    migrate(connection, path)
}

/// Nothing is written before this is clear.
fn refuse_what_is_not_ours(connection: &Connection, path: &Path) -> Result<(), OpenError> {
    if is_ours(connection).map_err(|error| OpenError::sqlite(path, error))? {
        Ok(())
    } else {
        Err(OpenError::Foreign(path.to_owned()))
    }
}

/// Reads one state of the file, since another process may be making it a store at this moment.
fn is_ours(connection: &Connection) -> rusqlite::Result<bool> {
    let snapshot = connection.unchecked_transaction()?;
    let application: i32 = snapshot.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let objects: i64 = snapshot.query_row("SELECT COUNT(*) FROM sqlite_schema", [], |row| row.get(0))?;
    let is_new = application == 0 && objects == 0 && schema(&snapshot)? == 0;
    snapshot.commit()?;
    Ok(is_new || application == APPLICATION)
}

fn schema(connection: &Connection) -> rusqlite::Result<u32> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

/// Turns on the write-ahead log. Where two processes do this at once SQLite answers "busy" without waiting.
fn use_log(connection: &Connection, path: &Path, patience: Duration) -> Result<(), OpenError> {
    let deadline = Instant::now() + patience;
    loop {
        match connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get::<_, String>(0)) {
            Ok(mode) if mode == "wal" => return Ok(()),
            Ok(mode) => return Err(OpenError::NoLog { path: path.to_owned(), mode }),
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && Instant::now() < deadline => {
                std::thread::sleep(Duration::from_millis(5));
            }
            Err(error) => return Err(OpenError::sqlite(path, error)),
        }
    }
}

/// Each step is looked up and done under the lock, so that it runs once.
fn migrate(connection: &mut Connection, path: &Path) -> Result<(), OpenError> {
    let failed = |error| OpenError::sqlite(path, error);
    let steps =
        |present| pending(MIGRATIONS, present).map_err(|source| OpenError::Newer { path: path.to_owned(), source });
    if steps(schema(connection).map_err(failed)?)?.is_empty() {
        return Ok(());
    }
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate).map_err(failed)?;
    for step in steps(schema(&transaction).map_err(failed)?)? {
        transaction.execute_batch(step.sql).map_err(failed)?;
        transaction.pragma_update(None, "user_version", step.version).map_err(failed)?;
        tracing::info!(target: "hallpass::sqlite", path = %path.display(), schema = step.version, "{}", step.name);
    }
    transaction.pragma_update(None, "application_id", APPLICATION).map_err(failed)?;
    transaction.commit().map_err(failed)
}
