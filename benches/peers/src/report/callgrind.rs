//! Instructions as callgrind counts them, once the service has started and is warm.
//!
//! The processor that valgrind shows has no SHA extensions: a SHA-256 counts as about 2,100 instructions, and takes some
//! 200 where there are such extensions. The clock counts as nothing, since valgrind makes it a system call.

use std::process::Command;

use layer::{Operation, counted_requests};

use crate::arm::Arm;

const REQUESTS: u32 = 500;

/// Returns the instructions of one request.
pub(super) fn instructions(arm: Arm, operation: Operation) -> f64 {
    let program = std::env::current_exe().expect("this program has a path");
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null", "--toggle-collect=*counted_requests*"])
        .arg(program)
        .args(["callgrind", arm.name(), operation.name()])
        .output()
        .expect("valgrind starts");
    let said = String::from_utf8_lossy(&output.stderr);
    let collected = said.lines().find_map(|line| line.split_once("Collected : ")).map(|(_, count)| count.trim());
    let total: Option<f64> = collected.and_then(|count| count.parse().ok());
    total.unwrap_or_else(|| panic!("no count in what valgrind said:\n{said}")) / f64::from(REQUESTS)
}

/// What runs under callgrind.
pub fn run(arm: Arm, operation: Operation) {
    let mut run = arm.runner(operation);
    run(300);
    counted_requests(&mut run, REQUESTS);
}
