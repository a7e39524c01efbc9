use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use hallpass::{InvalidCursor, StoreError, StoreFault};
use hallpass_sql::{CorruptRow, NewerSchema};
use rusqlite::ErrorCode;

use crate::url::InvalidUrl;

/// Why a store could not be opened; names the file and says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL does not name a file.
    #[error(transparent)]
    Url(#[from] InvalidUrl),
    /// There is no file, and none was to be made.
    #[error("{}: there is no store here; check the path, or start the service once to make one", .0.display())]
    Missing(PathBuf),
    /// The folder of the file does not exist.
    #[error("{}: its folder does not exist; create the folder first, or check the path", .0.display())]
    NoFolder(PathBuf),
    /// The path names a folder, a device, or nothing that could be a file.
    #[error("{}: this is not a file; name a file for the store", .0.display())]
    NotAFile(PathBuf),
    /// The file or its folder cannot be written.
    #[error("{}: cannot be written ({source}); make the file and its folder writable for this user: SQLite keeps two \
             more files beside it", .path.display())]
    NotWritable {
        /// The file.
        path: PathBuf,
        /// What the system or SQLite said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The file is some other application's database.
    #[error("{}: this is another application's database, and was left as it is; name another file", .0.display())]
    Foreign(PathBuf),
    /// The file is no database, or so damaged that it cannot be told.
    #[error("{}: this is not a database, or its beginning is damaged, and was left as it is; name another file, or \
             restore a backup", .0.display())]
    NotADatabase(PathBuf),
    /// The file was made by a later release.
    #[error("{}: made by a later release: {source}; use that release, or another file", .path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// Which schemas there are.
        source: NewerSchema,
    },
    /// The file is damaged.
    #[error("{}: damaged ({source}); stop whatever uses it, keep a copy of it with its -wal file, and restore a backup \
             or save what `sqlite3 FILE .recover` finds", .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The file system has no memory that processes can share, so the file could not be used safely.
    #[error("{}: its file system cannot hold a write-ahead log (SQLite offers {mode}); use a local disk", .path.display())]
    NoLog {
        /// The file.
        path: PathBuf,
        /// The journal mode that is left.
        mode: String,
    },
    /// Another process kept the file locked.
    #[error("{}: another process keeps it locked; end that process, or wait longer", .0.display())]
    Locked(PathBuf),
    /// Something else failed.
    #[error("{}: {source}", .path.display())]
    Failed {
        /// The file.
        path: PathBuf,
        /// What the system or SQLite said.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl OpenError {
    pub(crate) fn system(path: &Path, error: io::Error) -> Self {
        let path = path.to_owned();
        match error.kind() {
            io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
                Self::NotWritable { path, source: error.into() }
            }
            _ => Self::Failed { path, source: error.into() },
        }
    }

    pub(crate) fn sqlite(path: &Path, error: rusqlite::Error) -> Self {
        let path = path.to_owned();
        match error.sqlite_error_code() {
            Some(ErrorCode::NotADatabase) => Self::NotADatabase(path),
            Some(ErrorCode::DatabaseCorrupt) => Self::Damaged { path, source: error.into() },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied | ErrorCode::CannotOpen) => {
                Self::NotWritable { path, source: error.into() }
            }
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked(path),
            _ => Self::Failed { path, source: error.into() },
        }
    }
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Damaged { .. } | OpenError::Foreign(_) | OpenError::NotADatabase(_) => Self::corrupt(error),
            OpenError::Url(_) | OpenError::Newer { .. } | OpenError::NoLog { .. } => Self::unsupported(error),
            _ => Self::unavailable(error),
        }
    }
}

/// A reader that did not get at the log for all its attempts.
const BUSY_LOG: ErrorCode = ErrorCode::FileLockingProtocolFailed;

/// What went wrong with a read or a write.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{error}{}", advice(.error))]
    Sqlite {
        #[from]
        error: rusqlite::Error,
    },
    #[error("a row is damaged: {0}; restore a backup, or remove the row")]
    Row(#[from] CorruptRow),
    #[error("{0} was deleted or replaced while in use; stop the service, put the right file back, and start again")]
    Moved(String),
    #[error("its transaction was rolled back")]
    RolledBack,
    #[error("its thread has ended; start the service again")]
    Closed,
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
}

fn advice(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => "; free space on its disk, or allow the file to be larger",
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => "; another process is writing for too long",
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => "; stop the service and restore a backup",
        Some(ErrorCode::SystemIoFailure) => "; check its disk",
        _ => "",
    }
}

impl Fault {
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self.code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | BUSY_LOG))
    }

    /// Tells whether the connection can still be trusted: what it was asked was merely refused.
    pub(crate) fn is_harmless(&self) -> bool {
        match self {
            Self::Sqlite { .. } => {
                self.is_busy() || matches!(self.code(), Some(ErrorCode::DiskFull | ErrorCode::ConstraintViolation))
            }
            Self::Row(_) | Self::Cursor(_) => true,
            Self::Moved(_) | Self::RolledBack | Self::Closed => false,
        }
    }

    fn code(&self) -> Option<ErrorCode> {
        match self {
            Self::Sqlite { error } => error.sqlite_error_code(),
            _ => None,
        }
    }
}

impl StoreFault for Fault {
    /// Tells whether a row is damaged, and the others can be read. A file that is damaged is an outage for all.
    fn is_corrupt(&self) -> bool {
        match self {
            Self::Row(_) => true,
            // Without a code it is a value of another type.
            Self::Sqlite { error } => error.sqlite_error_code().is_none(),
            _ => false,
        }
    }

    fn is_unsupported(&self) -> bool {
        matches!(self, Self::Cursor(_))
    }
}

/// A fault and the file that has it.
pub(crate) type Trouble = hallpass::Trouble<Fault>;

/// Returns what is to be told of a fault in this file.
pub(crate) fn trouble(path: &Path, fault: Fault) -> Trouble {
    Trouble::new(path.display().to_string(), fault)
}
