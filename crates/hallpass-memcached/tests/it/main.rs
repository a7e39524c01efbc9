//! The Memcached store, tested from outside, against real servers and one that lies.

mod access;
mod broken;
mod conformance;
mod epoch;
mod expiry;
mod failure;
mod fake;
mod fleet;
mod load;
mod memory;
mod races;
mod support;
