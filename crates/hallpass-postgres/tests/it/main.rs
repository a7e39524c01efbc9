//! The PostgreSQL store, tested from outside.

mod conformance;
