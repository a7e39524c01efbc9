//! What holds of every store on a database server, tested from outside: failures, news, damage, opening, writing.
//!
//! The tests of each such store take this in, beside a module `server` that names the store and its server, and has what
//! is different in their SQL.

mod caching;
mod checkup;
mod conformance;
#[path = "../../../hallpass/tests/far/copies.rs"]
mod copies;
mod damage;
mod failure;
mod feed;
#[path = "../../../hallpass/tests/far/life.rs"]
mod life;
mod many;
#[path = "../../../hallpass/tests/far/masses.rs"]
mod masses;
pub(crate) mod opening;
mod patterns;
mod pool;
#[path = "../../../hallpass/tests/far/skew.rs"]
mod skew;
#[path = "../../../hallpass/tests/far/storm/mod.rs"]
mod storm;
mod storms;
pub(crate) mod support;
#[cfg(feature = "tls")]
pub(crate) mod tls;
mod writing;
