//! The rules of this repository that a machine can check.
//!
//! A rule is a function from the [`Repository`] to its [`Finding`]s; `tests/it` runs them all on the checkout, and
//! each on a small repository that breaks it. The reasons are in `CONTRIBUTING.md` and `ARCHITECTURE.md`.

mod finding;
mod repository;
pub mod rules;
mod source;

pub use finding::Finding;
pub use repository::Repository;
pub use source::Source;
