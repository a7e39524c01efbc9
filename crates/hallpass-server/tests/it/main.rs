//! The service over real HTTP.

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
