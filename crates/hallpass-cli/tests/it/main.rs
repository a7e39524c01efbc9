//! The program as its users see it.

// Test code may be written as it reads best.
#![allow(clippy::similar_names, clippy::duration_suboptimal_units, clippy::needless_for_each)]
#![allow(clippy::format_push_string, clippy::format_collect, clippy::semicolon_if_nothing_returned)]
#![allow(clippy::zombie_processes)] // what a test starts is stopped by its guard

mod bench;
mod completions;
mod crash;
mod errors;
mod help;
mod homes;
mod reading;
mod redis;
mod revoking;
mod seed;
mod serving;
mod terminal;
mod watching;
