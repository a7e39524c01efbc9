//! Instructions as the processor executes them, by stepping through a few requests.
//!
//! The processor of a virtual machine may count nothing for `perf`; stepping sees every instruction all the same, and
//! those that callgrind does not know, such as SHA's. A repeated string instruction counts once.

use std::process::Stdio;

use layer::Operation;
use nix::sys::ptrace;
use nix::sys::signal::{Signal, raise};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

use super::myself;
use crate::arm::Arm;

const SHORT: u32 = 2;
const LONG: u32 = 12;

/// Returns the instructions of one request.
pub(super) fn instructions(arm: Arm, operation: Operation) -> f64 {
    let [short, long] = [SHORT, LONG].map(|requests| total(arm, operation, requests));
    (long - short) / f64::from(LONG - SHORT)
}

fn total(arm: Arm, operation: Operation, requests: u32) -> f64 {
    let arguments = ["steps", arm.name(), operation.name(), &requests.to_string()];
    let mut child = myself().args(arguments).stdin(Stdio::null()).spawn().expect("this program starts again");
    let pid = Pid::from_raw(child.id().try_into().expect("a process id"));
    assert!(is_stopped_by(pid, Signal::SIGSTOP), "{arguments:?} is to stop before the requests");
    let mut count = 0_u64;
    let mut before = 0;
    loop {
        ptrace::step(pid, None).expect("a step");
        if is_stopped_by(pid, Signal::SIGSTOP) {
            break;
        }
        let at = ptrace::getregs(pid).expect("registers").rip;
        count += u64::from(at != before);
        before = at;
    }
    child.kill().expect("the child is there");
    child.wait().expect("the child ends");
    count as f64
}

fn is_stopped_by(pid: Pid, signal: Signal) -> bool {
    match waitpid(pid, None).expect("the child is there") {
        WaitStatus::Stopped(_, stopped_by) if stopped_by == signal => true,
        WaitStatus::Stopped(_, Signal::SIGTRAP) => false,
        other => panic!("the child was to step, not {other:?}"),
    }
}

/// What is stepped through, between two stops.
pub fn run(arm: Arm, operation: Operation, requests: u32) {
    let mut run = arm.runner(operation);
    run(300);
    ptrace::traceme().expect("the parent may trace");
    raise(Signal::SIGSTOP).expect("a stop");
    run(requests);
    raise(Signal::SIGSTOP).expect("a stop");
}
