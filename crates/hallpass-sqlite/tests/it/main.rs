//! The embedded store, tested from outside.
