use std::collections::{BTreeMap, BTreeSet};

use crate::{Finding, Repository, Source};

const LIBRARY: &str = "crates/hallpass/src/";

// Modules that decide, and touch nothing outside the program.
const PURE: [&str; 12] = [
    "audit",
    "carried",
    "code.",
    "event.",
    "id.",
    "keys",
    "name.",
    "policy",
    "record",
    "session/attributes",
    "session/changes",
    "token",
];
// Says what implementers do, and does nothing itself.
const CONTRACT: &str = "carried/contract.";
// The handle that a handler holds commits itself: it and the engine are two ends of one thing.
const TWO_ENDS: [&str; 2] = ["session", "sessions"];
const IO: [&str; 12] = [
    ".await",
    "async fn",
    "std::env",
    "std::fs",
    "std::io",
    "std::process",
    "std::thread",
    "tokio::",
    "TcpListener",
    "TcpStream",
    "UdpSocket",
    "UnixStream",
];
const CLOCKS: [&str; 5] = ["Instant::now", "SystemTime", "Timestamp::now", "SystemClock", ".clock"];
// Its heartbeats say when the store may forget them; it judges nobody by the time.
const DATED: &str = "store/feed/";
const HTTP: [&str; 7] = ["axum::", "axum_core::", "http::", "tower::", "tower_layer::", "tower_service::", "HeaderMap"];

/// The arrows between the modules of the library point downwards, and each kind of thing has its one home.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in repository.rust() {
        let inside = source.path.strip_prefix(LIBRARY);
        let module = inside.map(module);
        let is_pure = |path: &str| PURE.iter().any(|pure| path.starts_with(pure)) && !path.starts_with(CONTRACT);
        if inside.is_some_and(is_pure) {
            deny(source, &IO, "this module decides, and does no I/O", &mut findings);
            deny(source, &CLOCKS, "the time is an argument here", &mut findings);
        }
        let is_dated = inside.is_some_and(|path| path.starts_with(DATED));
        if (module == Some("store") && !is_dated) || is_store(&source.path) {
            deny(source, &CLOCKS[1..], "a store never judges time", &mut findings);
        }
        if module.is_some_and(|module| !matches!(module, "http" | "lib" | "testing")) || is_store(&source.path) {
            deny(source, &HTTP, "nothing below http/ knows HTTP", &mut findings);
        }
    }
    circles(repository, &mut findings);
    findings
}

fn module(path: &str) -> &str {
    path.split(['/', '.']).next().unwrap_or_default()
}

fn is_store(path: &str) -> bool {
    ["dynamodb", "memcached", "mysql", "postgres", "redis", "sql", "sqlite"]
        .iter()
        .any(|store| path.starts_with(&format!("crates/hallpass-{store}/src/")))
}

fn deny(source: &Source, words: &[&str], reason: &str, findings: &mut Vec<Finding>) {
    for (number, line) in source.shipped() {
        if let Some(word) = words.iter().find(|word| mentions(line, word)) {
            findings.push(Finding::line(&source.path, number, format!("{word}: {reason}")));
        }
    }
}

// `http::` in `crate::http::` is our own module, and in `xhttp::` another word.
fn mentions(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = &line[..at];
        let part_of_a_word = before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
        let begins_a_word = word.starts_with(|c: char| c.is_alphanumeric());
        !(begins_a_word && (part_of_a_word || before.ends_with("::")))
    })
}

/// Finds modules of the library that use each other in a circle: they are one module, or the arrow is wrong.
fn circles(repository: &Repository, findings: &mut Vec<Finding>) {
    let mut uses: BTreeMap<&str, BTreeSet<String>> = BTreeMap::new();
    for source in repository.rust() {
        let Some(module) = source.path.strip_prefix(LIBRARY).map(module) else { continue };
        // The front page names everything, and the kit for testers is built on everything.
        if !matches!(module, "lib" | "testing") {
            let code: Vec<_> = source.shipped().map(|(_, line)| line).collect();
            let mut others = used(&code.join("\n"));
            others.retain(|other| other != module && !TWO_ENDS.iter().all(|end| *end == other || *end == module));
            uses.entry(module).or_default().extend(others);
        }
    }
    for module in uses.keys() {
        let mut seen = BTreeSet::new();
        if let Some(path) = way_back(module, module, &uses, &mut seen) {
            let message = format!("a circle: {module} -> {}", path.join(" -> "));
            findings.push(Finding::file(&format!("{LIBRARY}{module}"), message));
        }
    }
}

fn way_back(
    from: &str,
    to: &str,
    uses: &BTreeMap<&str, BTreeSet<String>>,
    seen: &mut BTreeSet<String>,
) -> Option<Vec<String>> {
    for next in uses.get(from)? {
        if next == to {
            return Some(vec![next.clone()]);
        }
        if seen.insert(next.clone())
            && let Some(mut rest) = way_back(next, to, uses, seen)
        {
            rest.insert(0, next.clone());
            return Some(rest);
        }
    }
    None
}

/// Returns the modules that follow `crate::`, also in a group.
fn used(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        let Some(group) = rest.strip_prefix('{') else {
            found.insert(word(rest));
            continue;
        };
        let mut depth = 1;
        let mut start = true;
        for (at, c) in group.char_indices() {
            match c {
                '{' => depth += 1,
                '}' => depth -= 1,
                ',' if depth == 1 => start = true,
                c if start && c.is_alphabetic() => {
                    found.insert(word(&group[at..]));
                    start = false;
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
    }
    found.retain(|name| name.starts_with(|c: char| c.is_lowercase()));
    found
}

fn word(text: &str) -> String {
    text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect()
}
