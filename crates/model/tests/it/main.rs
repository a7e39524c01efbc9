//! The rules hold in every world, and each broken server is found out.

// Test code may be written as it reads best.
#![allow(clippy::similar_names, clippy::duration_suboptimal_units, clippy::needless_for_each)]
#![allow(clippy::format_push_string, clippy::format_collect, clippy::semicolon_if_nothing_returned)]
#![allow(clippy::zombie_processes)] // what a test starts is stopped by its guard

mod faults;
mod fleet;
mod library;
mod tabs;
mod worlds;
