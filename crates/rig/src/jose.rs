use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use hallpass::testing::require;

use crate::browser::cache;
use crate::program::program;

/// Libraries for tokens that were not written here, one for Python and one for Node.js.
#[derive(Debug)]
pub struct Jose {
    python: PathBuf,
    node: PathBuf,
    modules: PathBuf,
}

/// Returns the libraries for a test, or says that the test is skipped.
///
/// # Panics
///
/// If a part is missing and `HALLPASS_TEST_REQUIRE_ALL=1`.
pub fn jose() -> Option<Jose> {
    let node = program("node")?;
    let folder = require(folder().ok_or("the libraries for tokens are not installed; ./test does that"))?;
    Some(Jose { python: folder.join("python/bin/python"), node, modules: folder.join("node_modules") })
}

impl Jose {
    /// Runs a script for Python, with `joserfc` in reach, on an input, and returns what it writes.
    ///
    /// # Panics
    ///
    /// With what it wrote to standard error, if it fails.
    pub fn python(&self, script: &Path, input: &str) -> String {
        run(Command::new(&self.python).arg(script), input)
    }

    /// Runs a CommonJS script for Node.js on an input, and returns what it writes.
    ///
    /// The library is a module of the newer kind, which `NODE_PATH` does not reach, so the script imports it by its path:
    ///
    /// ```js
    /// const jose = await import(require.resolve('jose'));
    /// ```
    ///
    /// # Panics
    ///
    /// With what it wrote to standard error, if it fails.
    pub fn node(&self, script: &Path, input: &str) -> String {
        run(Command::new(&self.node).arg(script).env("NODE_PATH", &self.modules), input)
    }
}

pub(crate) fn run(command: &mut Command, input: &str) -> String {
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the interpreter starts");
    // It reads all before it writes; if it ended already, its words say why.
    let _ = child.stdin.take().expect("it was asked for").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

// `./test` names the folder; a plain `cargo test` after it finds the same one.
fn folder() -> Option<PathBuf> {
    let named = env::var_os("HALLPASS_TEST_JOSE").map(PathBuf::from);
    let cached = cache().map(|cache| cache.join("hallpass/jose"));
    let is_whole =
        |folder: &PathBuf| folder.join("node_modules/jose").is_dir() && folder.join("python/bin/python").is_file();
    [named, cached].into_iter().flatten().find(is_whole)
}
