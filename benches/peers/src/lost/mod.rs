//! How many of fifty changes are lost that come at once, over real sockets.

mod client;

use std::net::SocketAddr;

use actix_session::storage::CookieSessionStore;
use ruts::store::moka::MokaStoreBuilder;

use self::client::Client;
use crate::app;
use crate::arm::Memory;

const WRITERS: usize = 50;
const ROUNDS: usize = 10;

/// Prints the table.
pub fn report() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    head();
    runtime.block_on(async {
        row("hallpass", app::listen(app::hallpass::router(hallpass::MemoryStore::new())).await).await;
        let store = tower_sessions::MemoryStore::default();
        row("tower-sessions", app::listen(app::tower_sessions::latest::router(store)).await).await;
        row("axum_session", app::listen(app::axum_session::router().await).await).await;
        row("ruts", app::listen(app::ruts::router(MokaStoreBuilder::new().build())).await).await;
        row("hallpass, sealed cookie", app::listen(app::hallpass::sealed_router()).await).await;
        row("cookie, private jar", app::listen(app::private_jar::router()).await).await;
        row("actix-session, cookie", app::actix::listen(CookieSessionStore::default)).await;
        let store = Memory::default();
        row("actix-session, memory", app::actix::listen(move || store.clone())).await;
    });
}

/// Prints the head of the table.
pub(crate) fn head() {
    println!("| service | one number, {WRITERS} writers | {WRITERS} keys, a writer each | answers other than 200 |");
    println!("| --- | ---: | ---: | ---: |");
}

/// Measures the service at this address, and prints its row.
pub(crate) async fn row(name: &str, address: SocketAddr) {
    let (mut of_count, mut of_keys, mut refused) = (0, 0, 0);
    for _ in 0..ROUNDS {
        let mut client = Client::start(address).await;
        refused += all(&mut client, |_| "/count".to_owned()).await;
        refused += all(&mut client, |writer| format!("/key/{writer}")).await;
        let [count, keys] = client.seen(WRITERS).await;
        of_count += WRITERS - count;
        of_keys += WRITERS - keys;
    }
    let total = WRITERS * ROUNDS;
    println!("| {name} | {of_count} of {total} lost | {of_keys} of {total} lost | {refused} |");
}

/// Has all writers come at once; answers how many were refused.
async fn all(client: &mut Client, path: impl Fn(usize) -> String) -> usize {
    let writers: Vec<_> = (0..WRITERS).map(|writer| tokio::spawn(client.clone().get(path(writer)))).collect();
    let mut refused = 0;
    for writer in writers {
        let answer = writer.await.expect("a writer ends by itself");
        refused += usize::from(answer.status != 200);
    }
    client.settle();
    refused
}
