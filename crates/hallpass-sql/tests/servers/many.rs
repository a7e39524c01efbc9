//! Very many sessions of one subject.

use super::masses::{assert_memory_stays_flat, play};
use super::support::open;
use crate::server::{FAST, Server};

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn very_many_sessions_of_one_subject_are_listed_and_revoked_in_flat_memory() {
    let Some(server) = Server::own(FAST) else { return };
    let url = server.url(&server.database());
    assert_memory_stays_flat(open(&url).await, &url, "servers::many::a_process_for_itself_holds_what_it_is_to").await;
}

#[tokio::test]
async fn a_process_for_itself_holds_what_it_is_to() {
    play(async |url| open(url).await).await;
}
