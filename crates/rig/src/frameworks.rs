use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use hallpass::testing::require;

use crate::browser::cache;
use crate::jose::run;
use crate::program::program;

/// Frameworks of other languages, which sessions are exchanged with.
#[derive(Debug)]
pub struct Frameworks {
    folder: PathBuf,
}

/// Returns the frameworks for a test, or says that the test is skipped.
///
/// # Panics
///
/// If a part is missing and `HALLPASS_TEST_REQUIRE_ALL=1`.
pub fn frameworks() -> Option<Frameworks> {
    let folder = require(folder().ok_or("the frameworks of other languages are not installed; ./test does that"))?;
    Some(Frameworks { folder })
}

impl Frameworks {
    /// Runs a CommonJS script for Node.js, with `express-session-1.17`, `-1.18` and `-1.19` in reach, on an input, and
    /// returns what it writes.
    ///
    /// # Panics
    ///
    /// With what it wrote to standard error, if it fails.
    pub fn node(&self, script: &Path, input: &str) -> Option<String> {
        let node = program("node")?;
        Some(run(Command::new(node).arg(script).env("NODE_PATH", self.folder.join("node_modules")), input))
    }

    /// Runs a script for Python with Django 4.2 or 5.2 in reach, and returns what it writes.
    ///
    /// # Panics
    ///
    /// With what it wrote to standard error, if it fails.
    pub fn django(&self, version: &str, script: &Path, input: &str) -> Option<String> {
        let python = program("python3")?;
        let modules = self.folder.join(format!("django-{version}"));
        Some(run(Command::new(python).arg(script).env("PYTHONPATH", modules), input))
    }

    /// Runs a file of Java with Spring Session in reach, and returns what it writes.
    ///
    /// # Panics
    ///
    /// With what it wrote to standard error, if it fails.
    pub fn spring(&self, source: &Path, input: &str) -> Option<String> {
        program("javac")?;
        let java = program("java")?;
        let libraries = self.folder.join("spring").join("*");
        let mut command = Command::new(java);
        command.args(["-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", "-cp"]).arg(libraries).arg(source);
        Some(run(&mut command, input))
    }

    /// Returns what runs a CommonJS script for Node.js that serves until it is killed.
    pub fn node_server(&self, script: &Path) -> Option<Command> {
        let mut command = Command::new(program("node")?);
        command.arg(script).env("NODE_PATH", self.folder.join("node_modules"));
        Some(command)
    }

    /// Returns what runs a script for Python, with Django 4.2 or 5.2 in reach, that serves until it is killed.
    pub fn django_server(&self, version: &str, script: &Path) -> Option<Command> {
        let mut command = Command::new(program("python3")?);
        command.arg(script).env("PYTHONPATH", self.folder.join(format!("django-{version}")));
        Some(command)
    }

    /// Returns what runs a file of Java, with Spring Session in reach, that answers its input line by line.
    pub fn spring_server(&self, source: &Path) -> Option<Command> {
        program("javac")?;
        let mut command = Command::new(program("java")?);
        command.args(["-Dfile.encoding=UTF-8", "-Dstdout.encoding=UTF-8", "-cp"]);
        command.arg(self.folder.join("spring").join("*")).arg(source);
        Some(command)
    }

    /// Builds a program of Go, whose modules `./test` has fetched, as a file that serves until it is killed.
    ///
    /// # Panics
    ///
    /// If it cannot be built.
    pub fn go_server(&self, folder: &Path, file: &Path) -> Option<Command> {
        let mut build = Command::new(program("go")?);
        build.args(["build", "-o"]).arg(file).arg(".").current_dir(folder);
        run(build.env("GOPROXY", "off").env("GOFLAGS", "-mod=readonly"), "");
        Some(Command::new(file))
    }

    /// Runs a program of Go, whose modules `./test` has fetched, and returns what it writes.
    ///
    /// # Panics
    ///
    /// With what it wrote to standard error, if it fails.
    pub fn go(&self, folder: &Path, input: &str) -> Option<String> {
        let go = program("go")?;
        let mut command = Command::new(go);
        command.args(["run", "."]).current_dir(folder).env("GOPROXY", "off").env("GOFLAGS", "-mod=readonly");
        Some(run(&mut command, input))
    }
}

// `./test` names the folder; a plain `cargo test` after it finds the same one.
fn folder() -> Option<PathBuf> {
    let named = env::var_os("HALLPASS_TEST_FRAMEWORKS").map(PathBuf::from);
    let cached = cache().map(|cache| cache.join("hallpass/frameworks"));
    let is_whole = |folder: &PathBuf| folder.join("package-lock.json").is_file();
    [named, cached].into_iter().flatten().find(is_whole)
}
