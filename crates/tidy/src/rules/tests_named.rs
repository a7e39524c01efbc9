use crate::{Finding, Repository, Source};

/// Tests run, say in a sentence what must hold, and come in one binary per crate.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in repository.rust() {
        one_binary(source, &mut findings);
        sentences(source, &mut findings);
    }
    findings
}

// Each file beside `it` is one more program to link.
fn one_binary(source: &Source, findings: &mut Vec<Finding>) {
    let parts: Vec<_> = source.path.split('/').collect();
    if let ["crates", _, "tests", name] = parts.as_slice() {
        findings.push(Finding::file(&source.path, format!("move it to tests/it/{name}: one test binary per crate")));
    }
}

fn sentences(source: &Source, findings: &mut Vec<Finding>) {
    let mut is_test = false;
    for (number, line) in source.code() {
        let line = line.trim();
        if line.starts_with("#[ignore") {
            findings.push(Finding::line(&source.path, number, "a test that never runs holds nothing"));
        } else if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some((_, name)) = line.split_once("fn ").filter(|_| is_test) {
            is_test = false;
            let name = name.split('(').next().unwrap_or_default();
            // A macro's parameter is named where the macro is used.
            if !name.starts_with('$') && name.split('_').count() < 3 {
                let message = format!("{name}: a test's name is a sentence of what must hold");
                findings.push(Finding::line(&source.path, number, message));
            }
        }
    }
}
