//! A cache before the store.

use rig::Proxy;

use crate::copies;
use crate::support::connect;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_gone_as_soon_as_its_session_was_revoked_elsewhere() {
    let Some(server) = rig::redis(&[]) else { return };
    copies::assert_an_end_takes_the_copy_away(connect(&server.url()).await, connect(&server.url()).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_is_gone_within_the_bound_where_the_feed_was_cut() {
    let Some(server) = rig::redis(&[]) else { return };
    let wire = Proxy::to(server.port());
    let (url, ear) = (server.url(), connect(&format!("redis://127.0.0.1:{}", wire.port())).await);
    let (one, other) = (connect(&url).await, connect(&url).await);
    copies::assert_an_end_takes_the_copy_away_without_news(one, other, ear, wire).await;
}
