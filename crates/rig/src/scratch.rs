use std::env;

use tempfile::TempDir;

/// Makes an empty folder for one test, removed when the value is dropped.
///
/// It lies in the folder that `./test` made for the run, so that it is also gone after a crash.
///
/// # Panics
///
/// If the folder cannot be made.
pub fn scratch() -> TempDir {
    let parent = env::var_os("HALLPASS_TEST_DIR").map_or_else(env::temp_dir, Into::into);
    tempfile::Builder::new()
        .prefix("hallpass-")
        .tempdir_in(&parent)
        .unwrap_or_else(|error| panic!("no scratch folder in {}: {error}", parent.display()))
}
