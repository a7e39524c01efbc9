//! What sessions cost, here and elsewhere.

pub mod arm;
pub mod lost;
pub mod memory;
pub mod report;
pub mod trips;
