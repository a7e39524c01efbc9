//! The service over real HTTP.

// Test code may be written as it reads best.
#![allow(clippy::similar_names, clippy::duration_suboptimal_units, clippy::needless_for_each)]
#![allow(clippy::format_push_string, clippy::format_collect, clippy::semicolon_if_nothing_returned)]
#![allow(clippy::zombie_processes)] // what a test starts is stopped by its guard

mod bad_input;
mod data;
mod demo;
mod drain;
mod events;
mod flow;
mod idempotency;
mod keys;
mod listing;
mod locked;
mod openapi;
mod outage;
mod own;
mod race;
mod revoke;
mod roles;
mod running;
mod secrets;
mod service;
mod shed;
mod sqlite;
mod sweeping;
mod timeline;
mod tokens;
mod traces;
