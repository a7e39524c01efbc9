//! The Memcached store, tested from outside, against real servers and one that lies.

mod access;
#[path = "../../../hallpass/tests/far/breakage.rs"]
mod breakage;
mod broken;
mod conformance;
mod epoch;
mod expiry;
mod failure;
mod fake;
mod fleet;
#[path = "../../../hallpass/tests/far/life.rs"]
mod life;
#[path = "../../../hallpass/tests/far/load.rs"]
mod load;
mod memory;
#[path = "../../../hallpass/tests/far/outage.rs"]
mod outage;
mod patterns;
#[path = "../../../hallpass/tests/far/races.rs"]
mod races;
#[path = "../../../hallpass/tests/far/records.rs"]
mod records;
mod support;
