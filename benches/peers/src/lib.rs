//! What sessions cost, here and elsewhere.

pub mod arm;
pub mod report;
