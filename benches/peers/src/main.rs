//! Measures; `benches/run` is how to call it.

use layer::Operation;
use peers::arm::Arm;
use peers::report;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        ["layer"] => report::layer(),
        ["memory"] => report::memory(),
        ["trips"] => peers::trips::report(),
        ["lost"] => peers::lost::report(),
        ["sockets"] => peers::sockets::report(),
        ["serve-here", name] => peers::sockets::serve(name),
        ["redis"] => peers::fleet::report(),
        ["serve", library, url] => peers::fleet::serve(library, url),
        ["start", address, route, count] => peers::fleet::start(address, route, count.parse().expect("a number")),
        ["load", address, route, seconds] => peers::fleet::load(address, route, seconds.parse().expect("a number")),
        ["callgrind", arm, operation] => report::run_for_callgrind(named(arm), parsed(operation)),
        ["steps", arm, operation, requests] => {
            report::run_for_steps(named(arm), parsed(operation), requests.parse().expect("a number"));
        }
        _ => {
            eprintln!("usage: peers layer|memory|trips|lost|sockets|redis");
            std::process::exit(2);
        }
    }
}

fn named(arm: &str) -> Arm {
    Arm::named(arm).expect("an arm")
}

fn parsed(operation: &str) -> Operation {
    operation.parse().expect("an operation")
}
