//! Records as tests need them, and files to keep them in.

use std::path::PathBuf;

use tempfile::TempDir;

pub(crate) use hallpass_sql::testing::{START, changed, create, ended, event_of, load, record, record_of, subject};

/// A folder that goes with the test, and the file of a store in it.
pub(crate) fn place() -> (TempDir, PathBuf) {
    let folder = rig::scratch();
    let path = folder.path().join("hallpass.db");
    (folder, path)
}
