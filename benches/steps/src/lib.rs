//! Instructions as the processor executes them, by stepping through them.
//!
//! The processor of a virtual machine may count nothing for `perf`; stepping sees every instruction all the same, and
//! those that callgrind does not know, such as SHA's. A repeated string instruction counts once.

use std::process::{Command, Stdio};

use nix::sys::ptrace;
use nix::sys::signal::{Signal, raise};
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

/// Starts this program again with these arguments, and counts what its one thread does within [`stepped`].
pub fn count(arguments: &[&str]) -> u64 {
    let program = std::env::current_exe().expect("this program has a path");
    let mut child = Command::new(program).args(arguments).stdin(Stdio::null()).spawn().expect("it starts again");
    let pid = Pid::from_raw(child.id().try_into().expect("a process id"));
    assert!(is_stopped_by(pid, Signal::SIGSTOP), "{arguments:?} is to stop before what is counted");
    let mut count = 0;
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
    count
}

/// Marks what is counted.
pub fn stepped<T>(run: impl FnOnce() -> T) -> T {
    ptrace::traceme().expect("the parent may trace");
    raise(Signal::SIGSTOP).expect("a stop");
    let answer = run();
    raise(Signal::SIGSTOP).expect("a stop");
    answer
}

fn is_stopped_by(pid: Pid, signal: Signal) -> bool {
    match waitpid(pid, None).expect("the child is there") {
        WaitStatus::Stopped(_, stopped_by) if stopped_by == signal => true,
        WaitStatus::Stopped(_, Signal::SIGTRAP) => false,
        other => panic!("the child was to step, not {other:?}"),
    }
}
