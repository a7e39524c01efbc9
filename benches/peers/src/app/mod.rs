//! One application, written for each of the libraries: it signs somebody in, reads an attribute and counts.

pub(crate) mod actix;
pub(crate) mod axum_session;
pub(crate) mod hallpass;
pub(crate) mod private_jar;
pub(crate) mod ruts;
pub(crate) mod tower_sessions;

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;

/// How long a session may go unused, in seconds.
pub(crate) const IDLE: u32 = 30 * 60;

/// What the slow handlers do between reading and writing: as long as a query or two.
pub(crate) async fn pause() {
    tokio::time::sleep(Duration::from_millis(20)).await;
}

pub(crate) async fn listen(router: Router) -> SocketAddr {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move { axum::serve(listener, router).await });
    address
}
