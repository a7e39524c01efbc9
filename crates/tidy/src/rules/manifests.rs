use std::collections::BTreeSet;

use crate::{Finding, Repository, Source};

const INHERITED: [&str; 4] = ["version", "edition", "rust-version", "license"];

// What each crate that joins hallpass to something may depend on besides `hallpass` and what that depends on itself.
const DRIVERS: [(&str, &[&str]); 8] = [
    ("hallpass-actix", &["actix-web"]),
    ("hallpass-dynamodb", &["aws-config", "aws-sdk-dynamodb", "futures-util", "percent-encoding", "tokio"]),
    ("hallpass-memcached", &["percent-encoding", "tokio"]),
    ("hallpass-mysql", &["hallpass-sql", "mysql_async", "percent-encoding", "tokio"]),
    (
        "hallpass-postgres",
        &[
            "hallpass-sql",
            "percent-encoding",
            "rustls",
            "rustls-native-certs",
            "tokio",
            "tokio-postgres",
            "tokio-postgres-rustls",
        ],
    ),
    ("hallpass-redis", &["futures-util", "redis", "rustls", "tokio"]),
    ("hallpass-sql", &["tokio"]),
    ("hallpass-sqlite", &["hallpass-sql", "rusqlite", "tokio"]),
];

/// Every crate takes its lints, version and licence from the workspace; a store depends on `hallpass` and a driver, and
/// middleware on `hallpass` and a framework.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    let core: BTreeSet<_> = repository
        .manifests()
        .filter(|manifest| folder(manifest) == "hallpass")
        .flat_map(|manifest| dependencies(manifest).map(|(_, name)| name))
        .collect();
    for manifest in repository.manifests() {
        inherits(manifest, &mut findings);
        let Some((_, drivers)) = DRIVERS.iter().find(|(joining, _)| *joining == folder(manifest)) else { continue };
        for (number, name) in dependencies(manifest) {
            if name != "hallpass" && !core.contains(name) && !drivers.contains(&name) {
                let message = format!("{name}: it depends on hallpass and its driver or framework, nothing else");
                findings.push(Finding::line(&manifest.path, number, message));
            }
        }
    }
    findings
}

fn inherits(manifest: &Source, findings: &mut Vec<Finding>) {
    let has = |section: &str, line: &str| section_lines(manifest, section).any(|(_, found)| found == line);
    for key in INHERITED {
        if !has("package", &format!("{key}.workspace = true")) {
            findings.push(Finding::file(&manifest.path, format!("{key}.workspace = true is missing")));
        }
    }
    if !has("lints", "workspace = true") {
        findings.push(Finding::file(&manifest.path, "[lints] workspace = true is missing"));
    }
    let published = folder(manifest).starts_with("hallpass");
    if published && !section_lines(manifest, "package").any(|(_, line)| line.starts_with("description = ")) {
        findings.push(Finding::file(&manifest.path, "a description is missing"));
    }
    if !published && !has("package", "publish = false") {
        findings.push(Finding::file(&manifest.path, "publish = false is missing: the name is not ours elsewhere"));
    }
}

fn folder(manifest: &Source) -> &str {
    manifest.path.split('/').nth(1).unwrap_or_default()
}

fn dependencies(manifest: &Source) -> impl Iterator<Item = (usize, &str)> {
    section_lines(manifest, "dependencies").filter_map(|(number, line)| {
        let name = line.split(['.', ' ', '=']).next()?;
        (!name.is_empty() && !name.starts_with('#') && line.contains('=')).then_some((number, name))
    })
}

fn section_lines<'a>(manifest: &'a Source, section: &'a str) -> impl Iterator<Item = (usize, &'a str)> {
    let mut inside = false;
    manifest.lines().filter_map(move |(number, line)| {
        let line = line.trim();
        if let Some(header) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            inside = header == section;
            return None;
        }
        inside.then_some((number, line))
    })
}
