//! Sessions of Express, Django, Spring and Go where those keep them, for [hallpass](https://docs.rs/hallpass).
//!
//! ```no_run
//! use hallpass_dialects::express::Express;
//! use hallpass_dialects::Secret;
//! use hallpass_foreign::{Changes, Committed, Home, RedisHome, RedisServer, commit};
//!
//! # async fn example(now_ms: i64, header: &[u8]) -> Result<(), Box<dyn std::error::Error>> {
//! let server = RedisServer::from_url("redis://127.0.0.1").await?;
//! let home = RedisHome::new(server, Express::new([Secret::new("keyboard cat")]))?;
//!
//! for found in home.list(None, 100, now_ms).await?.items {
//!     println!("{} {:?}", found.credential.fingerprint(), found.user(home.dialect()));
//!     let mut changes = Changes::new();
//!     changes.set("theme", "dark");
//!     assert!(!matches!(commit(&home, &found, &changes, now_ms).await?, Committed::Gone));
//! }
//! # Ok(()) }
//! ```
//!
//! A [`Home`] is a store in which another framework keeps its sessions. What is there is read and written by the codecs of
//! [`hallpass_dialects`], under that framework's own keys, with its own times, indexes and news.
//!
//! # Homes
//!
//! | home | of |
//! | --- | --- |
//! | [`RedisHome`] | express-session with connect-redis; Django's `cache` with its own Redis cache and django-redis; Spring Session with and without an index; boj/redistore and rbcervilla/redisstore |
//! | `SqliteHome` (feature `sqlite`) | Django's `db` in SQLite |
//! | `PostgresHome` (feature `postgres`) | Django's `db` in PostgreSQL, without encryption |
//!
//! Of Spring's reactive repository with an index, sessions are read and revoked, and not written. Of Django's `cached_db`,
//! the copies in the cache are only read. A cluster of Redis is refused.
//!
//! # Shared sessions
//!
//! With the feature `axum`, `ForeignLayer` gives the handlers of axum the session that its framework's cookie points at:
//! they see who signed in there, and what is set or ended here is set and ended there.
//! Sessions that a cookie carries itself are not taken.
//!
//! # Writes that are not seen
//!
//! A write compares what is stored with what was read, in one step of the server. If somebody else wrote meanwhile,
//! [`commit`] reads that and does its [`Changes`] again on it, attribute by attribute. In a hash of Spring only the fields
//! that change are compared, and others may write theirs at the same time. So no write of a framework is lost to one of
//! ours. The frameworks do not do that: a request of Express, Django or gorilla that read a session before our write, and
//! saves it afterwards, writes over it, as it does over another request of its own.
//!
//! A session that ended is never brought back, whatever was in flight.
//!
//! # Security
//!
//! In Express, Django and Spring whoever knows a key is its user: keys are shown as their
//! [`Fingerprint`]. What is stored may come from an attacker, and is read with the bounds of
//! the codecs.

mod changes;
mod commit;
mod error;
mod found;
mod home;
mod json;
mod redis;
#[cfg(any(feature = "postgres", feature = "sqlite"))]
mod table;
#[cfg(feature = "axum")]
mod web;

pub use hallpass_dialects::{self as dialects, Credential, Dialect, Fingerprint, Framework, Keep, Secret};
pub use hallpass_redis::RedisServer;

pub use crate::changes::Changes;
pub use crate::commit::{Committed, commit};
pub use crate::error::Error;
pub use crate::found::Found;
pub use crate::home::{Home, Page};
pub use crate::json::{from_json, map_to_json, to_json};
pub use crate::redis::{Clues, Detected, RedisHome, Tongue, detect};
#[cfg(feature = "postgres")]
pub use crate::table::PostgresHome;
#[cfg(feature = "sqlite")]
pub use crate::table::SqliteHome;
#[cfg(feature = "axum")]
pub use crate::web::{ForeignLayer, ForeignService, ForeignSession, Refusal};
