//! Very many sessions of one subject.

use super::masses::{assert_memory_stays_flat, assert_some_are_listed_and_revoked, play};
use super::support::{open, place};
use crate::server::{FAST, Server};

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn very_many_sessions_of_one_subject_are_listed_and_revoked_in_flat_memory() {
    let Some(server) = Server::own(FAST) else { return };
    let url = server.url(&server.database());
    assert_memory_stays_flat(
        open(&url).await,
        &url,
        "servers::many::sessions_of_one_subject_are_listed_in_pages_and_ended",
    )
    .await;
}

#[tokio::test]
async fn sessions_of_one_subject_are_listed_in_pages_and_ended() {
    if !play(async |url| open(url).await).await {
        let Some((store, ..)) = place().await else { return };
        assert_some_are_listed_and_revoked(store).await;
    }
}
