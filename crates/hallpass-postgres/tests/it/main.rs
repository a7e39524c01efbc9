//! The PostgreSQL store, tested from outside.

mod conformance;
mod damage;
mod failure;
mod feed;
mod opening;
mod order;
mod proxy;
mod support;
#[cfg(feature = "tls")]
mod tls;
mod writing;
