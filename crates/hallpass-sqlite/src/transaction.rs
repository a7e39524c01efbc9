//! Many writes, one transaction, one sync.

use rusqlite::Connection;

use crate::error::Fault;

/// A write that waits for its turn.
pub(crate) trait Write: Send {
    /// Does it, within a transaction; called again if that was rolled back.
    fn run(&mut self, connection: &Connection) -> Result<(), Fault>;
}

/// How a batch failed as a whole.
#[derive(Debug)]
pub(crate) enum BatchFault {
    /// The transaction did not begin: nothing was written.
    Begin(Fault),
    /// SQLite gave the transaction up because of one of the writes: nothing was written.
    Member(Fault),
    /// The commit failed: whether anything was written shows only when the file is next opened.
    Commit(Fault),
}

/// Runs all writes in one transaction and commits it; answers how each of them failed, if it did.
///
/// A write that fails leaves nothing behind, and the others are kept. A savepoint for each has SQLite copy every page
/// that it touches, a sixth of all work, and hardly ever does one fail. So they run without savepoints first; if one
/// fails, they are rolled back and run again, each in its own.
pub(crate) fn commit_together(
    connection: &Connection,
    writes: &mut [&mut dyn Write],
) -> Result<Vec<Option<Fault>>, BatchFault> {
    let faults = match run_bare(connection, writes)? {
        Some(faults) => faults,
        None => run_in_savepoints(connection, writes)?,
    };
    match do_now(connection, "COMMIT") {
        Ok(()) => Ok(faults),
        Err(fault) => {
            roll_back(connection);
            Err(BatchFault::Commit(fault))
        }
    }
}

/// Runs all in a new transaction; if one fails, there is none any more, and no answer.
fn run_bare(connection: &Connection, writes: &mut [&mut dyn Write]) -> Result<Option<Vec<Option<Fault>>>, BatchFault> {
    do_now(connection, "BEGIN IMMEDIATE").map_err(BatchFault::Begin)?;
    for write in &mut *writes {
        if write.run(connection).is_err() || connection.is_autocommit() {
            roll_back(connection);
            return Ok(None);
        }
    }
    Ok(Some(writes.iter().map(|_| None).collect()))
}

fn run_in_savepoints(connection: &Connection, writes: &mut [&mut dyn Write]) -> Result<Vec<Option<Fault>>, BatchFault> {
    do_now(connection, "BEGIN IMMEDIATE").map_err(BatchFault::Begin)?;
    let faults: Result<_, Fault> = writes.iter_mut().map(|write| run_in_savepoint(connection, *write)).collect();
    faults.map_err(|lost| {
        roll_back(connection);
        BatchFault::Member(lost)
    })
}

/// Runs one write in its savepoint; answers how it failed, or fails itself if that took the transaction along.
fn run_in_savepoint(connection: &Connection, write: &mut dyn Write) -> Result<Option<Fault>, Fault> {
    do_now(connection, "SAVEPOINT one")?;
    let fault = write.run(connection).err();
    // A full disk, among others, makes SQLite roll back everything (<https://www.sqlite.org/lang_transaction.html>).
    if connection.is_autocommit() {
        return Err(fault.unwrap_or(Fault::RolledBack));
    }
    if let Some(fault) = fault {
        if do_now(connection, "ROLLBACK TO one").and_then(|()| do_now(connection, "RELEASE one")).is_err() {
            return Err(fault);
        }
        return Ok(Some(fault));
    }
    do_now(connection, "RELEASE one")?;
    Ok(None)
}

fn roll_back(connection: &Connection) {
    if !connection.is_autocommit()
        && let Err(error) = connection.execute_batch("ROLLBACK")
    {
        tracing::warn!(target: "hallpass::sqlite", %error, "a failed transaction could not be rolled back");
    }
}

fn do_now(connection: &Connection, statement: &str) -> Result<(), Fault> {
    connection.prepare_cached(statement)?.execute([])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> Connection {
        let connection = Connection::open_in_memory().expect("memory");
        connection.execute_batch("CREATE TABLE names (name TEXT NOT NULL)").expect("a table");
        connection
    }

    fn names(connection: &Connection) -> String {
        connection
            .query_row("SELECT coalesce(group_concat(name, ' '), '') FROM names", [], |row| row.get(0))
            .expect("names")
    }

    /// Writes its first statement, and then does the second.
    struct Two(&'static str, &'static str);

    impl Write for Two {
        fn run(&mut self, connection: &Connection) -> Result<(), Fault> {
            connection.execute_batch(self.0)?;
            Ok(connection.execute_batch(self.1)?)
        }
    }

    fn commit(connection: &Connection, writes: &mut [Two]) -> Result<Vec<bool>, BatchFault> {
        let mut writes: Vec<_> = writes.iter_mut().map(|write| write as &mut dyn Write).collect();
        let faults = commit_together(connection, &mut writes)?;
        Ok(faults.iter().map(Option::is_some).collect())
    }

    #[test]
    fn a_write_that_fails_half_way_is_rolled_back_alone() {
        let connection = connection();
        let mut writes = [
            Two("INSERT INTO names VALUES ('one')", ""),
            Two("INSERT INTO names VALUES ('half')", "INSERT INTO names VALUES (NULL)"),
            Two("INSERT INTO names VALUES ('two')", "INSERT INTO names VALUES ('three')"),
        ];
        assert_eq!(commit(&connection, &mut writes).expect("the batch is kept"), [false, true, false]);
        assert_eq!(names(&connection), "one two three");
        assert!(connection.is_autocommit());
    }

    #[test]
    fn a_transaction_that_is_lost_leaves_nothing() {
        let connection = connection();
        let mut writes = [Two("INSERT INTO names VALUES ('one')", ""), Two("ROLLBACK", "")];
        let lost = commit(&connection, &mut writes).expect_err("there is nothing to commit");
        assert!(matches!(lost, BatchFault::Member(Fault::RolledBack)), "{lost:?}");
        assert_eq!(names(&connection), "");
        assert!(connection.is_autocommit());
    }

    #[test]
    fn a_transaction_that_cannot_be_committed_leaves_nothing() {
        let connection = connection();
        connection
            .execute_batch(
                "PRAGMA foreign_keys = ON; CREATE TABLE owners (name TEXT PRIMARY KEY);
                 CREATE TABLE pets (owner TEXT REFERENCES owners (name) DEFERRABLE INITIALLY DEFERRED)",
            )
            .expect("tables");
        let mut writes = [Two("INSERT INTO names VALUES ('one')", "INSERT INTO pets VALUES ('nobody')")];
        let refused = commit(&connection, &mut writes).expect_err("it breaks a rule at the end");
        assert!(matches!(refused, BatchFault::Commit(_)), "{refused:?}");
        assert_eq!(names(&connection), "");
        assert!(connection.is_autocommit());
    }
}
