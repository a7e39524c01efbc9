//! The measurements, and the tables that they are written into.

mod callgrind;
mod layer;
mod memory;
mod steps;
mod times;

pub use self::callgrind::run as run_for_callgrind;
pub use self::layer::report as layer;
pub use self::memory::report as memory;
pub use self::steps::run as run_for_steps;
