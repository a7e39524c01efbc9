//! The Redis store, tested from outside, against real servers.

mod access;
#[path = "../../../hallpass/tests/far/breakage.rs"]
mod breakage;
mod broken;
mod caching;
mod conformance;
#[path = "../../../hallpass/tests/far/copies.rs"]
mod copies;
mod failure;
mod feed;
mod fleet;
mod index;
#[path = "../../../hallpass/tests/far/life.rs"]
mod life;
#[path = "../../../hallpass/tests/far/load.rs"]
mod load;
mod many;
#[path = "../../../hallpass/tests/far/masses.rs"]
mod masses;
#[path = "../../../hallpass/tests/far/outage.rs"]
mod outage;
mod patterns;
#[path = "../../../hallpass/tests/far/races.rs"]
mod races;
#[path = "../../../hallpass/tests/far/records.rs"]
mod records;
mod settling;
#[path = "../../../hallpass/tests/far/skew.rs"]
mod skew;
#[path = "../../../hallpass/tests/far/storm/mod.rs"]
mod storm;
mod storms;
mod support;
