use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::thread;

/// Returns the absolute path of a program that a test needs, or says that the test is skipped.
///
/// # Panics
///
/// If the program is missing and `HALLPASS_TEST_REQUIRE_ALL=1`.
pub fn program(name: &str) -> Option<PathBuf> {
    need(find(name), &format!("{name} is not installed"))
}

/// Hands on what a test needs, or says that the test is skipped and why.
///
/// # Panics
///
/// If there is nothing to hand on and `HALLPASS_TEST_REQUIRE_ALL=1`.
pub fn need<T>(found: Option<T>, reason: &str) -> Option<T> {
    if found.is_none() {
        let test = thread::current().name().unwrap_or("a test").to_owned();
        assert!(!all_required(), "{test} cannot run: {reason}");
        // Not `eprintln!`: the test harness would keep that to itself, since the test passes.
        // A failure to write is no reason to fail a test that could not run anyway.
        let _ = std::io::stderr().write_all(skipped(&test, reason).as_bytes());
    }
    found
}

pub(crate) fn find(name: &str) -> Option<PathBuf> {
    let folders = env::var_os("PATH")?;
    env::split_paths(&folders).map(|folder| folder.join(name)).find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
    }
    #[cfg(not(unix))]
    {
        path.is_file()
    }
}

fn all_required() -> bool {
    env::var("HALLPASS_TEST_REQUIRE_ALL").is_ok_and(|value| value == "1")
}

// One write, so that two tests cannot mix their lines.
fn skipped(test: &str, reason: &str) -> String {
    format!("SKIPPED: {test}: {reason}\n")
}
