//! The Redis store, tested from outside, against real servers.

mod conformance;
