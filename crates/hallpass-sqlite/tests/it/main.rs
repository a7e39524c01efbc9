//! The embedded store, tested from outside.

mod conformance;
mod damage;
mod failure;
mod group_commit;
mod listing;
mod load;
mod many;
#[path = "../../../hallpass/tests/far/masses.rs"]
mod masses;
mod opening;
mod part;
#[cfg(target_os = "linux")]
mod powerloss;
mod processes;
mod support;
mod writing;
