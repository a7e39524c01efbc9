use crate::{Finding, Repository};

const PRINTS: [&str; 7] = ["println!", "eprintln!", "print!", "eprint!", "dbg!", "io::stdout()", "io::stderr()"];

/// One module prints: the command line's `output`. Everybody else returns values, or emits `tracing` events.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in repository.rust().filter(|source| !is_printer(&source.path)) {
        for (number, line) in source.shipped() {
            if let Some(call) = PRINTS.iter().find(|call| line.contains(**call)) {
                let message = format!("{call}: only the command line's output module prints");
                findings.push(Finding::line(&source.path, number, message));
            }
        }
    }
    findings
}

fn is_printer(path: &str) -> bool {
    // What a test could not check has to get past the harness.
    path == "crates/hallpass/src/testing/require.rs"
        || path == "crates/hallpass-cli/src/output.rs"
        || path.starts_with("crates/hallpass-cli/src/output/")
}
