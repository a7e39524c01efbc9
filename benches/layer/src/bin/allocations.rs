//! Prints `ARM OPERATION ALLOCATIONS BYTES` for each arm and operation, per request.

use std::alloc::System;

use layer::{Operation, Placement, Runner, bare, hallpass};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    for operation in Operation::ALL {
        report("bare", operation, bare(Placement::Around, operation));
        report("bare-inside", operation, bare(Placement::Inside, operation));
        report("hallpass", operation, hallpass(Placement::Around, operation));
        report("hallpass-inside", operation, hallpass(Placement::Inside, operation));
    }
}

fn report(arm: &str, operation: Operation, mut run: Runner) {
    const REQUESTS: u32 = 1000;
    run(100);
    let region = Region::new(ALLOCATOR);
    run(REQUESTS);
    let change = region.change();
    let per_request = |count: usize| count as f64 / f64::from(REQUESTS);
    println!(
        "{arm}\t{}\t{:.2}\t{:.0}",
        operation.name(),
        per_request(change.allocations + change.reallocations),
        per_request(change.bytes_allocated)
    );
}
