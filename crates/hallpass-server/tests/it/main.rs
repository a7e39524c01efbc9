//! The service over real HTTP.

mod demo;
