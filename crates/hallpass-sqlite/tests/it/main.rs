//! The embedded store, tested from outside.

mod group_commit;
mod support;
