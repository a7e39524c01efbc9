//! The PostgreSQL store of [`hallpass`]: a few pipelined connections, events in the transaction of their change, and a
//! feed of changes.
//!
//! ```no_run
//! use hallpass::Store;
//! use hallpass_postgres::PostgresStore;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let store = PostgresStore::from_url("postgres://hallpass:password@db.internal/hallpass").await?;
//! assert!(store.capabilities().durable);
//! # Ok(()) }
//! ```
//!
//! # Setup
//!
//! PostgreSQL 13 or later, a database with the encoding UTF8, and a user who owns the schema `hallpass` in it. The store
//! makes that schema if the user may create one; else an owner of the database says once
//! `CREATE SCHEMA hallpass AUTHORIZATION the_user`. The URL is read as `libpq` reads it; see
//! [`PostgresStore::from_url`] for what is added. Several hosts are a primary and its standbys: the store looks for the one
//! that can be written. Or give the driver's own [`tokio_postgres::Config`] to [`PostgresOptions`]; the driver and
//! [`rustls`] are re-exported.
//!
//! [`PostgresOptions::with_connections`] takes connections that you make, or those of your pool:
//!
//! ```no_run
//! use hallpass_postgres::{PostgresConnection, PostgresOptions, PostgresStore, tokio_postgres};
//!
//! # async fn example(pool: deadpool_postgres::Pool) -> Result<(), Box<dyn std::error::Error>> {
//! let options = PostgresOptions::with_connections("postgres://db.internal/shop", move || {
//!     let pool = pool.clone();
//!     async move { pool.get().await.map(|client| PostgresConnection::lent(client, |client| client)) }
//! })
//! // A pool keeps news to itself: a near cache needs a connection beside it.
//! .hearing(|| tokio_postgres::connect("host=db.internal dbname=shop user=hallpass", tokio_postgres::NoTls));
//! let store = PostgresStore::open(options).await?;
//! # Ok(()) }
//! ```
//!
//! What leaves the machine is encrypted unless the URL says `sslmode=disable`, and the server's certificate and name are
//! checked, against the system's authorities or `sslrootcert=FILE`. Without the feature `tls` there is no encryption.
//!
//! Prepared statements and `LISTEN` belong to a connection, so a pooler between must keep connections for a client
//! (`pool_mode = session`). There is nothing that it could save: a node has eight connections, and nine with a feed.
//!
//! # Keys and schema
//!
//! The tables `hallpass.sessions`, `events`, `seals`, `epochs`, `settings` and `migrations` are made and brought up to date when a
//! store is opened, once, however many nodes start. The key of a session is `(realm, id)`. Attributes are `json`, so that
//! they come back to the byte; the view `hallpass.readable_sessions` has them as `jsonb`, and ids as the program shows them:
//!
//! ```sql
//! SELECT id, seen_at FROM hallpass.readable_sessions WHERE subject = 'ann' AND data @> '{"plan": "gold"}';
//! ```
//!
//! Instants are `timestamptz` and go over the wire as numbers, so no time zone has a say in them. The record itself is the
//! packed column `head`. Every filter of a listing has its index, but for a part of a client's description, which is
//! looked for from the newest session on, and `expires_after` alone, which nearly all that live fulfil.
//!
//! # Capabilities
//!
//! It lists, and it is shared. A save is one statement with its events: one round trip and one transaction.
//!
//! *Events* come in the order in which their transactions became visible. A reader goes no further than the oldest
//! transaction that is open on the server, so that it never passes one that commits late. A long transaction, of whatever
//! application on the server, therefore holds up listings of events by a second each, and what is newer than it to its
//! end; nothing is lost.
//!
//! *Changes* are told by `NOTIFY`, in the transaction that makes them, so a save that happens is told of whatever becomes of
//! its caller or its node. Creations and touches are not told. The server commits transactions that notify one after the
//! other, each with its own sync: changes of sessions come no faster than the disk syncs, while creations and touches, which
//! are most of the writes, share syncs. The feed says `Hole` when it begins and whenever its connection was lost, which it
//! notices within a second and the timeout.
//!
//! [`Capabilities::durable`] is what the server says: `fsync = on`, and `synchronous_commit` not `off`.
//!
//! # When the server is away
//!
//! Every call ends within the timeout of 3 seconds, connecting included; a statement is given up by the server a little
//! earlier, so that a call that fails usually did not happen. It fails as unavailable, and names server and cause. A lost
//! connection is made anew by who needs it next, at most ten times a second, so service is back as soon as the server is.
//! A read is asked again when its connection is lost; a write never is, since it may have happened. A server that became a
//! standby is left. Missing tables are reported as corrupt, never as an empty store.
//!
//! # Limits
//!
//! A use of a session writes a row and its index entries anew; autovacuum is set to tidy early. Events are kept until
//! somebody deletes them. A dump that is restored on another server keeps the order of its events: this is noticed when a
//! store is opened, so open one after a restore before the first write.
//!
//! # Testing
//!
//! The conformance suite runs against a real server, on one store, on two, on two with a cache each, on a pool of
//! deadpool-postgres, and with the wire cut. Others kill the server three times under a load of sessions, of which nothing
//! acknowledged may be undone, nobody logged out, and no call fail later than 2 s after the server, not counting what the
//! machine was late with (`HALLPASS_STORM_SECONDS=60` makes that long); freeze it, fill its disk, cut the wire within an
//! answer, hold locks and transactions open, set a node's clock wrong by 90 seconds, start a dozen nodes at once, and list
//! and revoke tens of thousands of sessions of one subject in flat memory (`HALLPASS_TEST_SESSIONS=1000000` makes them a
//! million). The server's time zone is an odd one throughout.
//!
//! [`Capabilities::durable`]: hallpass::Capabilities::durable

mod checkup;
mod connection;
mod connections;
mod epochs;
mod error;
mod events;
mod feed;
mod given;
mod line;
mod options;
mod query;
mod row;
mod schema;
mod sessions;
mod settings;
mod statement;
mod store;
mod tls;
mod trail;
mod url;

#[cfg(feature = "tls")]
pub use rustls;
pub use tokio_postgres;

pub use crate::error::OpenError;
pub use crate::given::PostgresConnection;
pub use crate::options::PostgresOptions;
pub use crate::settings::PostgresSettings;
pub use crate::store::PostgresStore;
pub use crate::url::InvalidUrl;
