//! What a layer adds to a request.

use std::collections::HashMap;
use std::process::Command;

use layer::{Operation, Placement};

use super::times::{self, Time};
use super::{callgrind, steps};
use crate::arm::Arm;

struct Row {
    callgrind: f64,
    steps: f64,
    time: Time,
    allocations: f64,
    bytes: f64,
}

/// Prints a table for each operation.
pub fn report() {
    let times = times::measure();
    let allocations = allocations();
    for operation in Operation::ALL {
        let row = |arm: Arm| {
            let name = (arm.name(), operation.name());
            let (allocations, bytes) = allocations[&(name.0.to_owned(), name.1.to_owned())];
            Row {
                callgrind: callgrind::instructions(arm, operation),
                steps: steps::instructions(arm, operation),
                time: times[&name],
                allocations,
                bytes,
            }
        };
        let rows: Vec<(Arm, Row)> = Arm::ALL.into_iter().map(|arm| (arm, row(arm))).collect();
        print(operation, &rows);
    }
}

fn print(operation: Operation, rows: &[(Arm, Row)]) {
    let find = |arm: Arm| rows.iter().find(|(other, _)| *other == arm).map(|(_, row)| row).expect("a row for each arm");
    let peer = find(Arm::TowerSessions(Placement::Around));
    let peer_base = find(Arm::TowerSessions(Placement::Around).base());
    println!("\n### `{}`\n", operation.name());
    println!(
        "| service | instructions | added | ÷ tower-sessions | executed | added | ÷ tower-sessions | ns least | median \
         | added | allocations added | bytes added |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    for (arm, row) in rows {
        let base = find(arm.base());
        let instructions = ratio(row.callgrind, base.callgrind, peer.callgrind - peer_base.callgrind);
        let executed = ratio(row.steps, base.steps, peer.steps - peer_base.steps);
        println!(
            "| {} | {instructions} | {executed} | {:.0} | {:.0} | {:.0} | {:.1} | {:.0} |",
            arm.name(),
            row.time.least,
            row.time.median,
            row.time.least - base.time.least,
            row.allocations - base.allocations,
            row.bytes - base.bytes,
        );
    }
}

fn ratio(count: f64, base: f64, peer: f64) -> String {
    let added = count - base;
    format!("{count:.0} | {added:.0} | {:.2}", added / peer)
}

/// Asks the program that counts allocations, which lies beside this one.
fn allocations() -> HashMap<(String, String), (f64, f64)> {
    let program = std::env::current_exe().expect("this program has a path").with_file_name("allocations");
    let output = Command::new(program).output().expect("it was built together with this one");
    let text = String::from_utf8(output.stdout).expect("text");
    let line = |line: &str| {
        let mut columns = line.split('\t');
        let mut next = || columns.next().expect("four columns").to_owned();
        let name = (next(), next());
        (name, (next().parse().expect("a number"), next().parse().expect("a number")))
    };
    text.lines().map(line).collect()
}
