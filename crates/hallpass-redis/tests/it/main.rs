//! The Redis store, tested from outside, against real servers.

mod access;
mod broken;
mod conformance;
mod failure;
mod feed;
mod fleet;
mod index;
mod load;
mod races;
mod support;
