//! The embedded store, tested from outside.

mod group_commit;
mod load;
mod part;
#[cfg(target_os = "linux")]
mod powerloss;
mod support;
