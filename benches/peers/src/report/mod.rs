//! The measurements, and the tables that they are written into.

mod callgrind;
mod layer;
mod steps;
mod times;

pub use self::callgrind::run as run_for_callgrind;
pub use self::layer::report as layer;
pub use self::steps::run as run_for_steps;

use std::process::Command;

/// Returns this program, to be started again for a measurement of its own.
fn myself() -> Command {
    Command::new(std::env::current_exe().expect("this program has a path"))
}
