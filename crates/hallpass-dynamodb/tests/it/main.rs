//! The DynamoDB store, tested from outside, against a real server.

mod access;
#[path = "../../../hallpass/tests/far/breakage.rs"]
mod breakage;
mod broken;
mod conformance;
mod failure;
mod fake;
#[path = "../../../hallpass/tests/far/life.rs"]
mod life;
#[path = "../../../hallpass/tests/far/load.rs"]
mod load;
mod log;
#[path = "../../../hallpass/tests/far/outage.rs"]
mod outage;
mod patterns;
#[path = "../../../hallpass/tests/far/races.rs"]
mod races;
#[path = "../../../hallpass/tests/far/records.rs"]
mod records;
#[path = "../../../hallpass/tests/far/skew.rs"]
mod skew;
mod support;
mod table;
