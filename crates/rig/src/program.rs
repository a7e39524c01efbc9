use std::env;
use std::path::{Path, PathBuf};

use hallpass::testing::require;

/// Returns the absolute path of a program that a test needs, or says that the test is skipped.
///
/// # Panics
///
/// If the program is missing and `HALLPASS_TEST_REQUIRE_ALL=1`.
pub fn program(name: &str) -> Option<PathBuf> {
    require(find(name).ok_or_else(|| format!("{name} is not installed")))
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
