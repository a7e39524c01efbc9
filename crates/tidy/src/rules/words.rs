use crate::{Finding, Repository, Source};

// Split, so that this file does not break its own rule.
const UNFINISHED: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X:")];
const UNWRITTEN: [&str; 2] = ["todo!", "unimplemented!"];
const HOLLOW: [&str; 4] = ["Helper", "Manager", "Utils", "Util"];
const HOLLOW_MODULES: [&str; 8] = ["common", "helper", "helpers", "manager", "misc", "shared", "util", "utils"];
// A session is revoked (by somebody), expires (by time) or is swept (forgotten); its secret is renewed.
const SYNONYMS: [(&str, &str); 6] = [
    ("cycle", "renew"),
    ("delete", "revoke"),
    ("destroy", "revoke"),
    ("invalidate", "revoke"),
    ("purge", "sweep"),
    ("regenerate", "renew"),
];

/// Names say what a thing is, one verb per idea, and nothing is left for later.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in &repository.sources {
        unfinished(source, &mut findings);
        home_folders(source, &mut findings);
    }
    for source in repository.rust() {
        names(source, &mut findings);
        if source.path.starts_with("crates/hallpass/src/") {
            verbs(source, &mut findings);
        }
    }
    findings
}

fn unfinished(source: &Source, findings: &mut Vec<Finding>) {
    if matches!(source.extension(), "md" | "lock" | "json") {
        return;
    }
    for (number, line) in source.lines() {
        if let Some(word) = UNFINISHED.iter().find(|word| line.contains(**word)) {
            findings.push(Finding::line(&source.path, number, format!("{word}: finish it, or write an issue")));
        }
    }
    for (number, line) in source.code() {
        if let Some(word) = UNWRITTEN.iter().find(|word| line.contains(**word)) {
            findings.push(Finding::line(&source.path, number, format!("{word} is no implementation")));
        }
    }
}

// A path of one person's machine means nothing on another.
fn home_folders(source: &Source, findings: &mut Vec<Finding>) {
    for (number, line) in source.lines() {
        for folder in [concat!("/ho", "me/"), concat!("/Us", "ers/"), concat!("/ro", "ot/")] {
            if line.contains(folder) {
                findings.push(Finding::line(&source.path, number, format!("{folder} is a folder of one machine")));
            }
        }
    }
}

fn names(source: &Source, findings: &mut Vec<Finding>) {
    for (number, line) in source.code() {
        let mut words = line.split_whitespace().skip_while(|word| !is_item(word));
        let (Some(kind), Some(name)) = (words.next(), words.next()) else { continue };
        let name = name.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default();
        let message = match kind {
            "fn" if name.starts_with("get_") => format!("{name}: an accessor has the name of what it returns"),
            "struct" | "enum" | "trait" | "type" if HOLLOW.iter().any(|hollow| name.ends_with(hollow)) => {
                format!("{name}: name what it is, not that it helps")
            }
            "mod" if HOLLOW_MODULES.contains(&name) => format!("mod {name}: name what is in it"),
            _ => continue,
        };
        findings.push(Finding::line(&source.path, number, message));
    }
}

fn is_item(word: &str) -> bool {
    matches!(word, "fn" | "struct" | "enum" | "trait" | "type" | "mod")
}

fn verbs(source: &Source, findings: &mut Vec<Finding>) {
    for (number, line) in source.shipped() {
        let Some((head, name)) = line.split_once("fn ") else { continue };
        if !head.contains("pub") && !head.trim().is_empty() && head.trim() != "async" {
            continue;
        }
        let verb = name.split(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
        if let Some((_, ours)) = SYNONYMS.iter().find(|(word, _)| *word == verb) {
            findings.push(Finding::line(&source.path, number, format!("{verb}: the verb here is {ours}")));
        }
    }
}
