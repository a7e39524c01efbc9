//! The MySQL store, tested from outside, on MariaDB.

mod opening;
mod order;
mod pool;
mod server;
#[path = "../../../hallpass-sql/tests/servers/mod.rs"]
mod servers;
#[cfg(feature = "tls")]
mod tls;
mod writing;
