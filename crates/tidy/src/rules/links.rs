use crate::{Finding, Repository, Source};

/// A link to a file of this repository leads somewhere.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in repository.sources.iter().filter(|source| source.extension() == "md") {
        for (number, line) in source.lines() {
            for target in targets(line) {
                if !leads_somewhere(repository, source, target) {
                    findings.push(Finding::line(&source.path, number, format!("{target} is not there")));
                }
            }
        }
    }
    findings
}

fn targets(line: &str) -> impl Iterator<Item = &str> {
    let ends = line.split("](").skip(1);
    let targets = ends.filter_map(|rest| rest.split_once(')').map(|(target, _)| target));
    // Elsewhere in the web, on the same page, or a path of Rust items, which rustdoc checks.
    targets.filter(|target| !target.contains("://") && !target.contains("::") && !target.starts_with(['#', '<']))
}

fn leads_somewhere(repository: &Repository, source: &Source, target: &str) -> bool {
    let target = target.split('#').next().unwrap_or_default();
    let folder = source.path.rsplit_once('/').map_or("", |(folder, _)| folder);
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." | "" => {}
            name => parts.push(name),
        }
    }
    let path = parts.join("/");
    let inside = format!("{path}/");
    // A picture is no text, so it is looked for where it would lie.
    repository.sources.iter().any(|other| other.path == path || other.path.starts_with(&inside))
        || repository.root.join(&path).is_file()
}
