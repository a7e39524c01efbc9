use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use crate::options::{SqliteOptions, Synchronous};

/// More than the statements of this crate, listings with their many shapes included.
const STATEMENTS: usize = 128;

/// Opens a connection that writes; the file must exist.
///
/// The path is absolute, so that SQLite takes it for a path and never for a URI or a name with a meaning.
pub(crate) fn writing(path: &Path, options: &SqliteOptions) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    guard(&connection, options.busy_timeout)?;
    // Checkpoints are the writer's own business: SQLite's automatic ones hide their errors.
    connection.pragma_update(None, "wal_autocheckpoint", 0)?;
    let synchronous = match options.synchronous {
        None => "FULL",
        Some(Synchronous::Normal) => "NORMAL",
        Some(Synchronous::Off) => "OFF",
    };
    connection.pragma_update(None, "synchronous", synchronous)?;
    // Where `fsync` alone does not reach the disk (macOS); elsewhere these do nothing.
    connection.pragma_update(None, "fullfsync", true)?;
    connection.pragma_update(None, "checkpoint_fullfsync", true)?;
    // What was a session's attributes is overwritten, where that costs no write of its own.
    connection.query_row("PRAGMA secure_delete = FAST", [], |_| Ok(()))?;
    connection.pragma_update(None, "cache_size", -16 * 1024)?;
    if let Some(bytes) = options.largest_file {
        let page: u32 = connection.query_row("PRAGMA page_size", [], |row| row.get(0))?;
        let pages = i64::try_from(bytes / u64::from(page.max(1))).unwrap_or(i64::MAX);
        connection.query_row(&format!("PRAGMA max_page_count = {pages}"), [], |_| Ok(()))?;
    }
    Ok(connection)
}

/// Opens a connection that only reads.
pub(crate) fn reading(path: &Path, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    guard(&connection, busy_timeout)?;
    Ok(connection)
}

/// Sets what holds for every connection: nothing in the file can make SQLite do more than read and write rows
/// (<https://www.sqlite.org/security.html>).
fn guard(connection: &Connection, busy_timeout: Duration) -> rusqlite::Result<()> {
    connection.busy_timeout(busy_timeout)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_TRUSTED_SCHEMA, false)?;
    connection.set_prepared_statement_cache_capacity(STATEMENTS);
    connection.pragma_update(None, "cell_size_check", true)?;
    // What a savepoint may have to put back, and what is sorted, is kept here and not in a file.
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // A page that is mapped and cannot be read kills the process; one that is read gives an error.
    connection.query_row("PRAGMA mmap_size = 0", [], |_| Ok(()))
}

/// Tells whether what this connection commits survives the loss of power, by what SQLite says of it.
pub(crate) fn is_durable(connection: &Connection) -> rusqlite::Result<bool> {
    const FULL: i64 = 2;
    let synchronous: i64 = connection.query_row("PRAGMA synchronous", [], |row| row.get(0))?;
    let journal: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0))?;
    Ok(synchronous >= FULL && journal == "wal")
}
