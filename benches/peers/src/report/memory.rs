//! What a session takes in memory, each store in a process of its own.

use std::process::Command;

use crate::memory::STORES;

/// Prints the table.
pub fn report() {
    println!("| store | bytes allocated, a session | bytes resident, a session |");
    println!("| --- | ---: | ---: |");
    for store in STORES {
        let program = std::env::current_exe().expect("this program has a path").with_file_name("allocations");
        let output = Command::new(program).arg(store).output().expect("it was built together with this one");
        let text = String::from_utf8(output.stdout).expect("text");
        let (allocated, resident) = text.trim().split_once('\t').expect("two columns");
        println!("| {store} | {allocated} | {resident} |");
    }
}
