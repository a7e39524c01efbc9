//! Measures; `benches/run carried` is how to call it.

mod claims;
mod cookies;
mod rounds;
mod verify;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments.as_slice() {
        [] => {
            verify::report();
            println!();
            cookies::report();
        }
        // For a profiler: one thing, again and again.
        [name, times] => {
            let times = times.parse().expect("a number");
            let mut arms = verify::arms();
            arms.extend(cookies::arms());
            let arm = arms.iter_mut().find(|arm| arm.name == *name).expect("the name of an arm");
            (0..times).for_each(|_| (arm.run)());
        }
        _ => {
            eprintln!("usage: carried [ARM TIMES]");
            std::process::exit(2);
        }
    }
}
