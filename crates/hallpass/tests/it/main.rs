//! Tests of the library from the outside; one binary, since each more is linked again.

mod app;
mod background;
mod broken;
mod building;
mod caching;
mod carried;
mod conflicts;
mod conformance;
mod copies;
mod csrf;
mod defects;
mod demanding;
mod encrypted;
mod ending;
mod flashing;
mod impersonating;
mod jose;
mod left_behind;
#[path = "../far/life.rs"]
mod life;
mod own_sessions;
mod patterns;
mod renew_now;
mod renewal;
mod session;
mod settings;
mod side_by_side;
mod signing_in;
mod signing_keys;
mod streams;
mod sweeping;
mod tiered;
mod twins;
