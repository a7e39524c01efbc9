use std::env;
use std::path::PathBuf;
use std::process::Command;

use hallpass::testing::require;

use crate::browser::cache;

/// Schemathesis, which makes requests of all kinds of what an API says of itself, and compares the answers with it.
#[derive(Debug)]
pub struct SchemaTester(PathBuf);

/// Returns it for a test, or says that the test is skipped.
///
/// # Panics
///
/// If it is missing and `HALLPASS_TEST_REQUIRE_ALL=1`.
pub fn schema_tester() -> Option<SchemaTester> {
    let program = require(program().ok_or("Schemathesis is not installed; ./test does that"))?;
    Some(SchemaTester(program))
}

impl SchemaTester {
    /// Returns the command that tests the API of a description, the same way each time.
    pub fn run(&self, description: &str) -> Command {
        let mut command = Command::new(&self.0);
        command.args(["run", description, "--seed", "1", "--generation-database", "none", "--continue-on-failure"]);
        command.args(["--no-color"]);
        command
    }
}

// `./test` names the folder; a plain `cargo test` after it finds the same one.
fn program() -> Option<PathBuf> {
    let named = env::var_os("HALLPASS_TEST_SCHEMA").map(PathBuf::from);
    let cached = cache().map(|cache| cache.join("hallpass/schema"));
    let programs = [named, cached].into_iter().flatten().map(|folder| folder.join("python/bin/schemathesis"));
    programs.into_iter().find(|program| program.is_file())
}
