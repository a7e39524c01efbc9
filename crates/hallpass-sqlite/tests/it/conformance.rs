//! The contract of stores: with one service on the file, and with two.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hallpass::testing::conformance::Handles;
use hallpass_sqlite::SqliteStore;

use crate::support::place;

fn open(path: &Path) -> Arc<SqliteStore> {
    Arc::new(SqliteStore::open(path).expect("a store"))
}

/// An outage is the file moved away, and back.
fn with_outage(handles: Handles, path: PathBuf) -> Handles {
    handles.with_outage(move |away| {
        let (here, there) = (path.clone(), path.with_extension("away"));
        async move {
            let (from, to) = if away { (here, there) } else { (there, here) };
            std::fs::rename(from, to).expect("it can be moved");
            // A read looks for the file at most every 100 ms.
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
    })
}

mod one_service {
    use super::*;

    async fn handles() -> Handles {
        let (folder, path) = place();
        with_outage(Handles::one(open(&path)), path).keeping(folder)
    }

    hallpass::testing::conformance_tests!(handles);
    hallpass::testing::outage_tests!(handles);
}

mod two_services {
    use super::*;

    async fn handles() -> Handles {
        let (folder, path) = place();
        with_outage(Handles::two(open(&path), open(&path)), path).keeping(folder)
    }

    hallpass::testing::conformance_tests!(handles);
    hallpass::testing::outage_tests!(handles);
}

#[tokio::test]
async fn its_trail_keeps_its_contract() {
    let (_folder, path) = place();
    hallpass::testing::conformance::check_trail(&open(&path)).await;
}

#[tokio::test]
async fn its_settings_keep_their_contract() {
    let (_folder, path) = place();
    hallpass::testing::conformance::check_settings(&open(&path).settings()).await;
}
