use crate::{Finding, Repository, Source};

/// The contracts whose methods have default bodies, and where they stand.
const CONTRACTS: [(&str, &str); 2] =
    [("Store", "crates/hallpass/src/store/mod.rs"), ("SelfContained", "crates/hallpass/src/carried/contract.rs")];
/// What wraps another without saying so by a type parameter.
const NAMED: [&str; 2] = ["Counted", "ObservedStore"];

/// What wraps a store or a form of tokens answers every question of the contract itself: a default body would answer in
/// the place of what is wrapped.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (contract, home) in CONTRACTS {
        let Some(home) = repository.rust().find(|source| source.path == home) else { continue };
        let start = format!("pub trait {contract}:");
        let methods: Vec<_> =
            home.code().find(|(_, line)| line.starts_with(&start)).map_or_else(Vec::new, |(at, _)| methods(home, at));
        for source in repository.rust().filter(|source| !source.is_test()) {
            for (at, _) in source.code().filter(|(_, line)| is_wrapper(line, contract)) {
                let has = self::methods(source, at);
                for method in methods.iter().filter(|method| !has.contains(method)) {
                    let message = format!("`{method}` of {contract} is not passed on to what this wraps");
                    findings.push(Finding::line(&source.path, at, message));
                }
            }
        }
    }
    findings
}

fn is_wrapper(line: &str, contract: &str) -> bool {
    let Some((head, of)) = line.split_once(" for ") else { return false };
    let is_generic = head.starts_with("impl<") && head.contains(&format!(": {contract}"));
    let is_named = NAMED.iter().any(|name| of.trim_end_matches(" {") == *name);
    (is_generic || is_named) && head.ends_with(&format!(" {contract}"))
}

/// Returns the names of the functions in the block that begins on this line.
fn methods(source: &Source, start: usize) -> Vec<&str> {
    let block = source.code().skip(start).map(|(_, line)| line).take_while(|line| !line.starts_with('}'));
    block
        .filter(|line| line.starts_with("    ") && !line.starts_with("     "))
        .filter_map(|line| line.split_once("fn ")?.1.split(|c: char| !c.is_alphanumeric() && c != '_').next())
        .collect()
}
