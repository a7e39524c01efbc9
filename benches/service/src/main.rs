//! Measures what the service takes to answer; `benches/run forward` is how to call it.

mod arm;
mod bare;
mod hallpass;
mod load;
mod oauth2_proxy;
mod provider;
mod report;

// Sessions as `benches/stores` makes them.
#[path = "../../stores/src/fill.rs"]
mod fill;

use std::path::Path;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => report::report(),
        ["bare", key, length] => bare::serve(key, length.parse().expect("a number")),
        ["seed", store, sessions, tokens] => {
            hallpass::seed(store, sessions.parse().expect("a number"), Path::new(tokens));
        }
        ["hallpass", store, cache, sessions, tokens] => {
            let number = |text: &str| text.parse().expect("a number");
            hallpass::serve(store, number(cache), number(sessions), Path::new(tokens));
        }
        _ => {
            eprintln!("usage: service");
            std::process::exit(2);
        }
    }
}

/// As the program `hallpass` has it; the bare handler has it, too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// As a service has it: threads for all processors.
fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}
