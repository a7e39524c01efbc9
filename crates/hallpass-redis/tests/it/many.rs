//! Very many sessions of one subject.

use crate::masses::{assert_memory_stays_flat, assert_some_are_listed_and_revoked, play};
use crate::support::{connect, start};

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn very_many_sessions_of_one_subject_are_listed_and_revoked_in_flat_memory() {
    let Some(server) = start() else { return };
    let url = server.url();
    assert_memory_stays_flat(connect(&url).await, &url, "many::sessions_of_one_subject_are_listed_in_pages_and_ended")
        .await;
}

#[tokio::test]
async fn sessions_of_one_subject_are_listed_in_pages_and_ended() {
    if !play(async |url| connect(url).await).await {
        let Some(server) = start() else { return };
        assert_some_are_listed_and_revoked(connect(&server.url()).await).await;
    }
}
