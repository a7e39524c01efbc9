//! The Redis store, tested from outside, against real servers.

mod access;
mod broken;
mod caching;
mod conformance;
#[path = "../../../hallpass-sql/tests/servers/copies.rs"]
mod copies;
mod failure;
mod feed;
mod fleet;
mod index;
mod load;
mod races;
mod support;
