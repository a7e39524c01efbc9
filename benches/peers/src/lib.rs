//! What sessions cost, here and elsewhere.

mod app;
pub mod arm;
pub mod fleet;
pub mod lost;
pub mod memory;
pub mod report;
pub mod sockets;
pub mod trips;
