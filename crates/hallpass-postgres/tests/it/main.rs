//! The PostgreSQL store, tested from outside.

mod opening;
mod order;
mod pool;
mod server;
#[path = "../../../hallpass-sql/tests/servers/mod.rs"]
mod servers;
mod standby;
#[cfg(feature = "tls")]
mod tls;
mod writing;
