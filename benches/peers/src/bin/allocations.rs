//! Without arguments, prints `ARM<tab>OPERATION<tab>ALLOCATIONS<tab>BYTES`, per request; with the name of a store,
//! `ALLOCATED<tab>RESIDENT`, in bytes for each of a million sessions. Its own program, since counting costs time.

use std::alloc::System;

use layer::Operation;
use peers::arm::Arm;
use peers::memory::{SESSIONS, fill};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    match std::env::args().nth(1) {
        Some(store) => of_sessions(&store),
        None => of_requests(),
    }
}

fn of_requests() {
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

fn of_sessions(store: &str) {
    let resident_before = resident();
    let region = Region::new(ALLOCATOR);
    let held = fill(store);
    // Reallocations are counted as bytes allocated or deallocated too.
    let change = region.change();
    let allocated = change.bytes_allocated - change.bytes_deallocated;
    let each = |bytes: usize| bytes as f64 / SESSIONS as f64;
    println!("{:.1}\t{:.1}", each(allocated), each(resident() - resident_before));
    drop(held);
}

fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").expect("Linux");
    let pages: usize = text.split(' ').nth(1).expect("the second column").parse().expect("a number");
    pages * 4096
}
