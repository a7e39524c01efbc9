//! Instructions as the processor executes them, by stepping through a few requests.

use layer::Operation;

use crate::arm::Arm;

const SHORT: u32 = 2;
const LONG: u32 = 12;

/// Returns the instructions of one request.
pub(super) fn instructions(arm: Arm, operation: Operation) -> f64 {
    let total = |requests: u32| steps::count(&["steps", arm.name(), operation.name(), &requests.to_string()]);
    (total(LONG) - total(SHORT)) as f64 / f64::from(LONG - SHORT)
}

/// What is stepped through.
pub fn run(arm: Arm, operation: Operation, requests: u32) {
    let mut run = arm.runner(operation);
    run(300);
    steps::stepped(|| run(requests));
}
