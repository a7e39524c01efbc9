//! How many of fifty changes are lost that come at once, over real sockets.

mod actix;
mod client;
mod hallpass;
mod ruts;
mod tower_sessions;

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;

use self::client::Client;

const WRITERS: usize = 50;
const ROUNDS: usize = 10;

/// What each handler does between reading and writing: as long as a query or two.
async fn pause() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

/// Prints the table.
pub fn report() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    println!("| service | one number, {WRITERS} writers | {WRITERS} keys, a writer each | answers other than 200 |");
    println!("| --- | ---: | ---: | ---: |");
    runtime.block_on(async {
        row("hallpass", listen(hallpass::router()).await).await;
        row("tower-sessions", listen(tower_sessions::router()).await).await;
        row("ruts", listen(ruts::router()).await).await;
        row("actix-session, cookie", actix::with_cookies()).await;
        row("actix-session, memory", actix::with_memory()).await;
    });
}

async fn row(name: &str, address: SocketAddr) {
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

async fn listen(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}
