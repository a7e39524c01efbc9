use std::collections::BTreeMap;

use crate::{Finding, Repository, Source};

const LONGEST: usize = 600;
const MEDIAN: usize = 200;
const ENOUGH_FILES: usize = 5;

/// One noun per file: no file of code over 600 lines, the median of a crate's files at most 200.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let code = || repository.sources.iter().filter(|source| is_code(source));
    let mut findings: Vec<_> = code()
        .map(|source| (source, source.text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST)
        .map(|(source, lines)| Finding::file(&source.path, format!("{lines} lines, over {LONGEST}: one noun per file")))
        .collect();

    let mut crates: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for source in code() {
        if let Some((folder, _)) = source.path.split_once("/src/") {
            crates.entry(folder).or_default().push(source.text.lines().count());
        }
    }
    for (folder, mut lines) in crates {
        lines.sort_unstable();
        let median = lines[lines.len() / 2];
        if lines.len() >= ENOUGH_FILES && median > MEDIAN {
            findings.push(Finding::file(folder, format!("the median file has {median} lines, over {MEDIAN}")));
        }
    }
    findings
}

fn is_code(source: &Source) -> bool {
    let is_script = source.text.starts_with("#!");
    is_script || matches!(source.extension(), "rs" | "js" | "cjs" | "mjs" | "css" | "html" | "sql" | "sh" | "py")
}
