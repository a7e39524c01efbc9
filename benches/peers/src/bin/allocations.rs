//! Prints `ARM<tab>OPERATION<tab>ALLOCATIONS<tab>BYTES`, per request; its own program, since counting costs time.

use std::alloc::System;

use layer::Operation;
use peers::arm::Arm;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    const REQUESTS: u32 = 1000;
    for arm in Arm::ALL {
        for operation in Operation::ALL {
            let mut run = arm.runner(operation);
            run(100);
            let region = Region::new(ALLOCATOR);
            run(REQUESTS);
            let change = region.change();
            let per_request = |count: usize| count as f64 / f64::from(REQUESTS);
            let allocations = per_request(change.allocations + change.reallocations);
            println!("{}\t{}\t{allocations}\t{}", arm.name(), operation.name(), per_request(change.bytes_allocated));
        }
    }
}
