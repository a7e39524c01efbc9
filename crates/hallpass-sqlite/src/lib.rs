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
//! # Setup
//!
//! A path, a URL such as `sqlite:hallpass.db`, or [`SqliteOptions`]. A missing file is created, for its owner alone; a
//! tool that only looks says [`create(false)`](SqliteOptions::create). The file must be on a local disk: its processes
//! share memory. SQLite is compiled in, and re-exported as [`rusqlite`]. There is no connection to bring: a store opens
//! several, each guarded in its own way, and an application opens the same file beside it with what connections it likes.
//!
//! # Keys and schema
//!
//! The tables `sessions`, `events`, `seals`, `epochs` and `settings` are made and brought up to date when a store is opened,
//! once, however many processes open it. Attributes are JSON text and instants are milliseconds since 1970, so that the
//! tool `sqlite3` can show them; the record itself is the packed column `head`. A copy for safety is made with
//! `sqlite3 hallpass.db ".backup copy.db"`: the file alone lacks what is still in its `-wal`.
//!
//! # Capabilities
//!
//! It lists, keeps events in the transaction of their change, and is shared: any number of processes read and write the
//! file at once, and each read sees every transaction that was committed before it began, whoever made it. It has no
//! feed of changes, since a file tells nobody; without one, nothing is cached above it.
//!
//! A write is answered after it was synced (`synchronous=FULL`), so it survives `kill -9` and, as far as the disk tells
//! the truth, the loss of power. Writes that wait at the same moment share one transaction and one sync; one that
//! fails is rolled back to its own savepoint, and takes no other along. [`Capabilities::durable`] tells what SQLite says of
//! the connection that writes, not what was asked for.
//!
//! # When the server is away
//!
//! There is no server, but a file can be locked for too long, its disk full or failing, and it can be deleted or
//! replaced while it is in use. Then reads and writes fail as unavailable: neither does a file that is gone go on being
//! used, nor is a new and empty one made. The same holds for its companions `-wal` and `-shm`, which belong to it
//! while it is open. A write whose commit failed has an unknown outcome. A damaged file is reported as corrupt. Every
//! error names the file and says what to do.
//!
//! # Limits
//!
//! One process writes at a time, so several services on one file take turns. Events are kept until a purge of the audit trail
//! forgets them. Dropping the last clone of a store waits until what it accepted is written.
//!
//! # Testing
//!
//! The conformance suite runs on one store and on two. The power is cut a thousand times: a layer below a process writes
//! down what it does to its files, and each time what was not synced is kept, dropped or torn.
//!
//! [`Capabilities::durable`]: hallpass::Capabilities::durable

mod checkup;
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
mod trail;
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
