//! The Memcached store of [`hallpass`]: one server, or a fixed ring of several.
//!
//! ```no_run
//! use hallpass::{Sessions, Store};
//! use hallpass_memcached::MemcachedStore;
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let store = MemcachedStore::from_url("memcached://cache-1.internal,cache-2.internal").await?;
//! for danger in store.server_facts().iter().flat_map(|facts| facts.dangers()) {
//!     eprintln!("{danger}");
//! }
//! assert!(store.capabilities().shared && !store.capabilities().list);
//! let sessions = Sessions::builder().store(store).build()?;
//! # Ok(()) }
//! ```
//!
//! # Setup
//!
//! Memcached 1.6.18 or newer: older ones do not number the answer that there is nothing. The store is named by a URL or
//! by [`MemcachedOptions`]; it speaks to servers itself, so there is no client to bring:
//!
//! | servers | URL |
//! | --- | --- |
//! | one | `memcached://HOST:11211` |
//! | several | `memcached://HOST:11211,HOST:11211` |
//! | with a file of users (`-Y`) | `memcached://USER:PASSWORD@HOST,HOST` |
//!
//! Start servers with `-I 2m`, so that a session can have its 1 MiB of attributes, and with memory (`-m`) for all
//! sessions and then some. Compare-and-set must not be turned off (`-C`).
//!
//! Connections are not encrypted: servers belong into a network that nobody else is in, and should listen on nothing
//! else.
//!
//! Every node must have the same list, in any order, with the same names: `localhost` and `127.0.0.1` are two servers.
//! A name leads to one server: one with several addresses leads now to this and now to that one.
//!
//! # Keys and schema
//!
//! Every key begins with the [prefix](MemcachedOptions::prefix), here the usual one, and is at most 178 bytes of printable
//! ASCII:
//!
//! | key | holds | goes |
//! | --- | --- | --- |
//! | `hallpass:session:REALM/ID` | the record: what saves compare, at fixed places, then the fields, the attributes as JSON | 2 hours after `expires_at` |
//! | `hallpass:epoch:REALM/HASH` | a number; the hash is SHA-256 of the subject | stays |
//!
//! A key has one server, found by rendezvous hashing over the servers' names, and never another. A server that is away
//! keeps its keys: if another one took a logout in its place, it would come back with the session alive.
//!
//! So the list does not change at run time. A server more or less moves some of the keys, and who was signed in there is
//! logged out; a list that is changed back finds old records where it left them. To change it, restart the servers, or
//! choose another [prefix](MemcachedOptions::prefix).
//!
//! A load is one question. A save or touch is two: it reads the record, compares its version, looks that it has not ended,
//! and writes with the server's own compare-and-set number. A creation is two as well: it looks whether there is something,
//! and adds. The server's expiry only cleans up. It is two hours late, and at least two hours away at every write, so
//! that no clock ends a session.
//!
//! # Capabilities
//!
//! It is shared, and that is all: it lists nothing, keeps no events, tells of no changes, and is not durable. What needs
//! one of these fails as [unsupported](hallpass::StoreError::is_unsupported): listings, revoking all sessions of a
//! subject, limits of sessions per subject, and the audit trail, which is in the log alone. One session is loaded,
//! changed, renewed and revoked as in any other store.
//!
//! Nobody ends a session whose time is over before its token is shown: nothing finds it. It is refused then, as always.
//!
//! There are no [settings](hallpass::Settings). A service takes its one API key from `HALLPASS_ADMIN_KEY`.
//!
//! An epoch begins at the server's own time, in millionths of a second, and is raised by one. One that the server has
//! lost begins again higher than it ever was, so self-contained tokens that were given out before are too old and not
//! good again. That fails in two cases: if the epoch is lost within two seconds of being raised, and if the clock of the
//! server's machine is set back before the server is started again.
//!
//! # When a server is away
//!
//! Questions about its keys fail as unavailable, in no more than the [timeout](MemcachedOptions::timeout): no absent
//! records, no conflicts. The keys of other servers are not touched by that. Between two attempts to connect questions
//! fail at once. A new connection is tried for from the first moment on, at intervals that grow to half a second, so that
//! service is back within two seconds of the server. A node starts as long as one server answers.
//!
//! A read whose connection was lost is asked again on the next one, and so is a touch. A save is not: it may have been
//! done, so it fails as unavailable, and who asks again finds out.
//!
//! Answers carry the number of their question. One that is out of step, or not of the protocol, or larger than anything
//! that was written, closes the connection, and everybody who waited on it is told so.
//!
//! A server that was restarted is empty: its sessions are unknown, whoever was signed in there signs in again, and no
//! save in flight makes a session again.
//!
//! # When memory is full
//!
//! A server throws away what was used longest ago. A session that was thrown away is unknown, and its user logged out. A
//! tombstone that was thrown away is an unknown session too, never one that lives: no save creates.
//!
//! With `-M` a server refuses new sessions instead, as unavailable. It does worse to those that it has: when it has no memory
//! for the new version of a record, it throws the old one away as well, at a mere touch too. That was seen with 1.6.18,
//! and is so by intent. So `-M` is to be considered where new sessions matter less than those at rest; more memory
//! is better than either. [`ServerFacts::evictions`] says whether there is enough.
//!
//! A record larger than the server takes fails as unsupported, and says how large it is. It is not sent, since the server
//! would throw the old one away.
//!
//! # Limits
//!
//! A session takes some 210 bytes and its attributes. One connection to each server is shared by everything in the
//! process, and is kept in the runtime in which the store was opened. Times beyond January 2038 are none to servers of today: a record that is to be kept for longer does not
//! expire, and goes when it is thrown away.
//!
//! # Testing
//!
//! The conformance suite runs against one server with one service, and against two servers with two services. Servers are
//! killed, restarted, filled up, and frozen under load; connections are cut within replies and swallowed; a server that
//! lies answers with garbage, cut lines, lengths that are none, and in the wrong order. Stores that are broken on purpose
//! fail the same cases.
//!
//! A test of your own takes a URL with a [prefix](MemcachedOptions::prefix) that nobody else has.

mod epoch;
mod error;
mod facts;
mod keys;
mod link;
mod open;
mod options;
mod proto;
mod records;
mod ring;
mod store;
mod stored;
mod ttl;
mod url;

pub use crate::error::OpenError;
pub use crate::facts::ServerFacts;
pub use crate::options::MemcachedOptions;
pub use crate::store::MemcachedStore;
pub use crate::url::InvalidUrl;
