//! Requests through a service as a server makes them, without sockets.
//!
//! The request is built and the body collected inside of what is measured; what a layer adds is the difference from the
//! same routes without it.

mod arm;
mod client;
mod operation;
mod runner;

pub use crate::arm::{Placement, bare, count, hallpass, login, read};
pub use crate::client::{Client, USER_ID};
pub use crate::operation::Operation;
pub use crate::runner::{Runner, counted_requests, on_axum, runtime};
