//! Whom oauth2-proxy asks who somebody is, once for each session.

use std::net::SocketAddr;
use std::thread;

use axum::routing::{get, post};
use axum::{Json, Router};
use serde_json::json;

/// Starts it, for as long as this program runs.
pub fn start() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("it is bound");
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            listener.set_nonblocking(true).expect("a socket");
            let listener = tokio::net::TcpListener::from_std(listener).expect("a socket");
            let token = || async { Json(json!({"access_token": "t", "token_type": "bearer", "expires_in": 86400})) };
            let account = || async { Json(json!({"account": {"email": "u0000000@example.com"}})) };
            let router = Router::new().route("/token", post(token)).route("/account", get(account));
            axum::serve(listener, router).await.expect("it serves");
        });
    });
    address
}
