//! Tests of the library from the outside; one binary, since each more is linked again.

mod app;
mod broken;
mod building;
mod caching;
mod carried;
mod conflicts;
mod conformance;
mod copies;
mod defects;
mod encrypted;
mod ending;
mod jose;
mod left_behind;
#[path = "../far/life.rs"]
mod life;
mod patterns;
mod renew_now;
mod renewal;
mod session;
mod settings;
mod signing_in;
mod signing_keys;
mod sweeping;
mod tiered;
mod twins;
