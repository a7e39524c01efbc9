//! The embedded store, tested from outside.

mod conformance;
mod damage;
mod failure;
mod group_commit;
#[path = "../../../hallpass/tests/far/life.rs"]
mod life;
mod listing;
mod load;
mod many;
#[path = "../../../hallpass/tests/far/masses.rs"]
mod masses;
mod opening;
mod part;
mod patterns;
#[cfg(target_os = "linux")]
mod powerloss;
mod processes;
mod support;
mod writing;
