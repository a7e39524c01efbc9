use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use crate::error::Fault;

/// How long a read may go without asking whether the file is still there.
const LATENESS: Duration = Duration::from_millis(100);

/// Which files the store was opened on: the database, its log and the index of the log.
///
/// A file that is deleted or replaced while it is open goes on living without a name. What is written to it is lost when
/// the process ends, and what other processes write is not seen (<https://www.sqlite.org/howtocorrupt.html>, section 2.4).
/// So the names are looked up again: at each transaction before it is answered, and at reads at most every 100 ms.
#[derive(Debug)]
pub(crate) struct Identity {
    files: [(PathBuf, Option<FileId>); 3],
    since: Instant,
    /// When the files were last seen to be in place, in milliseconds after `since`.
    seen: AtomicU64,
}

type FileId = (u64, u64);

impl Identity {
    /// Takes in the files as they are, while a connection holds them open.
    pub(crate) fn of(path: &Path) -> Self {
        let files = ["", "-wal", "-shm"].map(|suffix| {
            let path = beside(path, suffix);
            let id = id(&path);
            (path, id)
        });
        Self { files, since: Instant::now(), seen: AtomicU64::new(0) }
    }

    /// Checks that every name still leads to the file that is open.
    pub(crate) fn check(&self) -> Result<(), Fault> {
        match self.files.iter().find(|(path, known)| id(path) != *known) {
            Some((path, _)) => Err(Fault::Moved(path.display().to_string())),
            None => Ok(()),
        }
    }

    /// As [`check`](Self::check), unless that was done a moment ago.
    pub(crate) fn check_now_and_then(&self) -> Result<(), Fault> {
        let now = millis(self.since.elapsed());
        if now.saturating_sub(self.seen.load(Ordering::Relaxed)) < millis(LATENESS) {
            return Ok(());
        }
        self.check()?;
        self.seen.store(now, Ordering::Relaxed);
        Ok(())
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// Returns the name of the file that SQLite keeps beside `path` under this suffix.
pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

#[cfg(unix)]
fn id(path: &Path) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

/// Elsewhere an open file can be neither deleted nor replaced; that it is there is all that can be asked.
#[cfg(not(unix))]
fn id(path: &Path) -> Option<FileId> {
    fs::metadata(path).ok().map(|_| (0, 0))
}
