//! The embedded store of [`hallpass`]: one SQLite file, durable, and shared between processes.
//!
//! ```
//! use hallpass::Store;
//! use hallpass_sqlite::SqliteStore;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("hallpass.db");
//! let store = SqliteStore::open(path)?;
//! assert!(store.capabilities().durable);
//! # Ok(()) }
//! ```
//!
//! # What is durable
//!
//! A write is answered after it was synced to the disk (`synchronous=FULL`), so it survives `kill -9` and, as far as
//! the disk tells the truth, the loss of power. Writes that wait at the same moment share one transaction and one sync.
//! Each has a savepoint of its own: one that fails is rolled back alone. [`Capabilities::durable`] tells what SQLite
//! says of the connection that writes, not what was asked for.
//!
//! # Several processes
//!
//! The file is in WAL mode, so any number of processes can read and write it at once, and each read sees every
//! transaction that was committed before it began, whoever made it. It must be on a local file system: WAL needs
//! memory that all its processes share.
//!
//! # When the file goes wrong
//!
//! A file that was deleted or replaced while in use answers nothing more: neither reads from the file that is gone, nor a
//! new and empty one. The same holds for its companions `-wal` and `-shm`, which belong to it while it is open.
//! Every error names the file and says what to do.
//!
//! [`Capabilities::durable`]: hallpass::Capabilities::durable

mod connection;
mod epochs;
mod error;
mod events;
mod identity;
mod open;
mod options;
mod query;
mod reader;
mod row;
mod schema;
mod sessions;
mod settings;
mod store;
mod transaction;
mod url;
mod writer;

pub use rusqlite;

pub use crate::error::OpenError;
pub use crate::options::{SqliteOptions, Synchronous};
pub use crate::settings::SqliteSettings;
pub use crate::store::SqliteStore;
pub use crate::url::InvalidUrl;
pub use crate::writer::WriteCounts;
