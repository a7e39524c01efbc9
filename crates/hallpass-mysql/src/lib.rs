//! The MySQL and MariaDB store of [`hallpass`]: events in the transaction of their change, told in their order, and a feed
//! of changes.
//!
//! ```no_run
//! use hallpass::Store;
//! use hallpass_mysql::MysqlStore;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let store = MysqlStore::from_url("mysql://hallpass:password@db.internal/hallpass").await?;
//! assert!(store.capabilities().durable);
//! # Ok(()) }
//! ```
//!
//! # Setup
//!
//! MariaDB 10.6 or MySQL 8.0, or later, with `InnoDB`, and a user with
//! `GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX ON the_database.* TO the_user`. See
//! [`MysqlStore::from_url`] for what a URL can say. Or give the driver's own [`mysql_async::Opts`] to [`MysqlOptions`]; the
//! driver is re-exported. A pooler between must keep a connection for a client.
//!
//! The store takes a [`mysql_async::Pool`] of yours as well, and shares it with the rest of the application:
//!
//! ```no_run
//! use hallpass_mysql::MysqlStore;
//! use hallpass_mysql::mysql_async::{Opts, OptsBuilder, Pool};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let opts = Opts::from_url("mysql://shop:password@db.internal/shop")?;
//! let pool = Pool::new(OptsBuilder::from_opts(opts).client_found_rows(true));
//! let store = MysqlStore::open(pool.clone()).await?;
//! # Ok(()) }
//! ```
//!
//! A call is then two round trips more: it says what it needs of a connection, which the driver makes as new afterwards.
//!
//! What leaves the machine is encrypted unless the URL says `sslmode=disable`, and the server's certificate and name are
//! checked, against the usual public authorities or those in `sslrootcert=FILE` alone. Without the feature `tls` there is
//! no encryption, and a store that needs it cannot be opened.
//!
//! # Keys and schema
//!
//! The tables `hallpass_sessions`, `hallpass_events`, `hallpass_seals`, `hallpass_epochs`, `hallpass_settings`, `hallpass_changes`,
//! `hallpass_counters` and `hallpass_migrations` are made and brought up to date when a store is opened, once, however
//! many nodes start (`GET_LOCK`). The key of a session is `(realm, id)`. Text is compared by its bytes. Instants are
//! `DATETIME(3)` in UTC, which no server or session converts. Attributes are JSON in a text column, so that they come back
//! to the byte, and the server's functions read them:
//!
//! ```sql
//! SELECT HEX(id), seen_at FROM hallpass_sessions WHERE subject = 'ann' AND JSON_VALUE(data, '$.plan') = 'gold';
//! ```
//!
//! The record itself is the packed column `head`. Every filter of a listing has its index, but for a part of a client's
//! description, which is looked for from the newest session on, and `expires_after` alone, which nearly all that live
//! fulfil.
//!
//! # Capabilities
//!
//! It lists, and it is shared. A save is one transaction and one round trip.
//!
//! *Events* come in the order in which they became visible. The number that the server draws for a row is drawn before the
//! commit, so a reader that goes by it passes what commits late. So whoever reads first gives numbers to what is committed
//! by then, and only one at a time does so. Listing events therefore writes, and needs the primary.
//!
//! *Changes* are rows that nodes ask for every 200 milliseconds, numbered in the same way, and forgotten after five minutes.
//! They are written in the transaction that makes the change, so a save that happens is told of whatever becomes of its
//! caller or its node. Creations and touches are not told. The feed says `Hole` when it begins and whenever the server did
//! not answer.
//!
//! [`Capabilities::durable`] is what the server said when the store was opened: `innodb_flush_log_at_trx_commit` 1 (or 3),
//! and `sync_binlog = 1` if there is a binary log, since a transaction that is missing there is undone after a crash.
//!
//! # When the server is away
//!
//! Every call ends within the timeout of 3 seconds, waiting for a connection included; a statement is given up by the
//! server a little earlier where it can be told so. It fails as unavailable, and names server and cause. When a connection
//! is lost, all are made anew, so service is back as soon as the server is. A read is asked again when its connection is
//! lost; a write never is, since it may have happened, except that one which the server gave up for another (a deadlock)
//! is. A server that only reads is left. Missing tables are reported as corrupt, never as an empty store.
//!
//! # Limits
//!
//! A connection serves one call at a time: by default there are 16, and more callers wait. A record has to fit into
//! `max_allowed_packet` twice. Events are kept until somebody deletes them. MySQL limits the time of reads only
//! (`max_execution_time`) and of waiting for a lock, in whole seconds; MariaDB that of every statement.
//!
//! # Testing
//!
//! The conformance suite runs against a real MariaDB server, on one store, on two, on two with a cache each, on a pool of
//! the driver's, and with the wire cut. Others kill the server three times under a load of sessions, of which nothing
//! acknowledged may be undone, nobody logged out, and no call fail later than 2 s after the server, not counting what the
//! machine was late with (`HALLPASS_STORM_SECONDS=60` makes that long); freeze it, fill its disk, cut the wire within an
//! answer, hold locks and transactions open, set a node's clock wrong by 90 seconds, start a dozen nodes at once, and list
//! and revoke tens of thousands of sessions of one subject in flat memory (`HALLPASS_TEST_SESSIONS=1000000` makes them a
//! million). The server's time zone, character set and mode are odd ones throughout.
//!
//! What is said of MySQL was read in its documentation, and not run. The statements use no `RETURNING`, which it does not
//! have, and no column of the type `JSON`, which it rewrites. One takes a value by `VALUES()` in `ON DUPLICATE KEY UPDATE`,
//! which MySQL warns of since 8.0.20 and still does: the alias that it wants instead is unknown to MariaDB. Accounts of
//! MySQL 8 use `caching_sha2_password`: the driver sends the password over encryption or a socket, and otherwise under a
//! key that the server names and nobody checks. So encrypt what leaves the machine.
//!
//! [`Capabilities::durable`]: hallpass::Capabilities::durable

mod checkup;
mod connections;
mod epochs;
mod error;
mod events;
mod feed;
mod numbering;
mod options;
mod query;
mod row;
mod schema;
mod sessions;
mod settings;
mod store;
mod trail;
mod url;

pub use mysql_async;

pub use crate::error::OpenError;
pub use crate::options::MysqlOptions;
pub use crate::settings::MysqlSettings;
pub use crate::store::MysqlStore;
pub use crate::url::InvalidUrl;
