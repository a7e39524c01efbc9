//! A cache before the store.

use rig::Proxy;

use super::copies;
use super::support::{open, place};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_gone_as_soon_as_its_session_was_revoked_elsewhere() {
    let Some((store, server, database)) = place().await else { return };
    copies::assert_an_end_takes_the_copy_away(store, open(&server.url(&database)).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_gone_within_the_bound_where_the_feed_was_cut() {
    let Some((store, server, database)) = place().await else { return };
    let wire = Proxy::to(server.port());
    let url = server.url(&database);
    let ear = open(&wire.url(&url)).await;
    copies::assert_an_end_takes_the_copy_away_without_news(store, open(&url).await, ear, wire).await;
}
