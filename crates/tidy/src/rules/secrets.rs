use crate::{Finding, Repository};

const SECRETS: [&str; 8] =
    ["AccessToken", "ApiKey", "ApiKeySecret", "ChainNonce", "Pepper", "SessionSecret", "SigningKey", "Token"];
const REVEALING: [&str; 3] = ["Debug", "Display", "Serialize"];

/// What must never be printed has no derived way to be.
pub(super) fn check(repository: &Repository) -> Vec<Finding> {
    let mut findings = Vec::new();
    for source in repository.rust().filter(|source| !source.is_test()) {
        let mut derived = String::new();
        for (number, line) in source.code() {
            let line = line.trim();
            if line.starts_with("#[derive(") {
                line.clone_into(&mut derived);
            } else if let Some(name) = struct_name(line) {
                let reveals = REVEALING.iter().find(|what| derived.contains(**what));
                if let Some(what) = reveals.filter(|_| SECRETS.contains(&name)) {
                    let message = format!("{name} is a secret: write a {what} that says so, or have none");
                    findings.push(Finding::line(&source.path, number, message));
                }
                derived.clear();
            }
        }
    }
    findings
}

fn struct_name(line: &str) -> Option<&str> {
    let (_, name) = line.split_once("struct ")?;
    name.split(|c: char| !c.is_alphanumeric()).next()
}
