//! The rules, each a function from the repository to its findings.

mod layers;
mod links;
mod manifests;
mod prints;
mod secrets;
mod size;
mod tests_named;
mod words;
mod wrappers;

use crate::{Finding, Repository};

/// A rule: its name, and what it finds.
pub type Rule = (&'static str, fn(&Repository) -> Vec<Finding>);

/// Every rule.
pub const ALL: [Rule; 9] = [
    ("layers", layers::check),
    ("links", links::check),
    ("manifests", manifests::check),
    ("prints", prints::check),
    ("secrets", secrets::check),
    ("size", size::check),
    ("tests", tests_named::check),
    ("words", words::check),
    ("wrappers", wrappers::check),
];
