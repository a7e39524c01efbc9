//! The MySQL store, tested from outside, on MariaDB.

mod conformance;
mod proxy;
mod support;
