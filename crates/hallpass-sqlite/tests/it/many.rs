//! Very many sessions of one subject.

use hallpass_sqlite::SqliteStore;

use crate::masses::{assert_memory_stays_flat, assert_some_are_listed_and_revoked, play};
use crate::support::place;

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn very_many_sessions_of_one_subject_are_listed_and_revoked_in_flat_memory() {
    let (_folder, path) = place();
    let store = SqliteStore::open(path.as_path()).expect("a store");
    let path = path.to_str().expect("text");
    assert_memory_stays_flat(store, path, "many::sessions_of_one_subject_are_listed_in_pages_and_ended").await;
}

#[tokio::test]
async fn sessions_of_one_subject_are_listed_in_pages_and_ended() {
    if !play(async |path| SqliteStore::open(path).expect("a store")).await {
        let (_folder, path) = place();
        assert_some_are_listed_and_revoked(SqliteStore::open(path).expect("a store")).await;
    }
}
