//! `instructions ARM OPERATION REQUESTS` makes requests for callgrind to count; without arguments it lists what there is.

use layer::{Operation, Placement, bare, counted_requests, hallpass};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [arm, operation, requests] = arguments.as_slice() else {
        eprintln!("usage: instructions bare|hallpass|bare-inside|hallpass-inside OPERATION REQUESTS");
        std::process::exit(2);
    };
    let operation: Operation = operation.parse().expect("an operation");
    let mut run = match arm.as_str() {
        "bare" => bare(Placement::Around, operation),
        "bare-inside" => bare(Placement::Inside, operation),
        "hallpass" => hallpass(Placement::Around, operation),
        "hallpass-inside" => hallpass(Placement::Inside, operation),
        other => panic!("no arm {other}"),
    };
    run(300);
    counted_requests(&mut run, requests.parse().expect("a number"));
}
