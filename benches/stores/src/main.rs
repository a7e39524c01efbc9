//! Measures; `benches/run` is how to call it.

mod create;
mod fill;
mod grown;
mod rounds;
mod seed;
mod service;
mod sweep;
mod verify;

use std::path::PathBuf;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    // The disk that is measured; a folder in memory would sync nothing.
    let disk = std::env::var_os("BENCH_DISK").map_or_else(|| PathBuf::from("."), PathBuf::from);
    match arguments.as_slice() {
        ["sweep-steps", living, expired] => {
            let number = |text: &str| text.parse().expect("a number");
            // Only this thread is stepped through.
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            runtime.block_on(sweep::step(number(living), number(expired)));
        }
        ["sweep"] => runtime().block_on(sweep::report()),
        ["create"] => runtime().block_on(create::report(&disk)),
        ["grown"] => runtime().block_on(grown::report()),
        ["verify"] => runtime().block_on(verify::report(&disk)),
        _ => {
            eprintln!("usage: [BENCH_DISK=FOLDER] stores sweep|create|verify|grown");
            std::process::exit(2);
        }
    }
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime")
}
