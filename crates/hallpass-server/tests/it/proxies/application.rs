//! An application that says what it was asked, as it came.

use std::fmt::Write as _;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// The application, until it is dropped.
pub(super) struct Application {
    pub(super) port: u16,
    running: JoinHandle<()>,
}

impl Application {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port is free");
        let port = listener.local_addr().expect("it is bound").port();
        let running = tokio::spawn(async move {
            axum::serve(listener, Router::new().fallback(say)).await.expect("it serves");
        });
        Self { port, running }
    }
}

impl Drop for Application {
    fn drop(&mut self) {
        self.running.abort();
    }
}

async fn say(request: Request) -> Response {
    let mut text = format!("{} {}\n", request.method(), request.uri());
    for (name, value) in request.headers() {
        let _ = writeln!(text, "{name}: {}", String::from_utf8_lossy(value.as_bytes()));
    }
    // What an application refuses itself is its own affair.
    let status = if request.uri().path() == "/refused" { StatusCode::FORBIDDEN } else { StatusCode::OK };
    let saw = |name| request.headers().get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let upgrade = format!("{}, {}", saw("connection"), saw("upgrade"));
    (status, [("x-application", "reached"), ("x-saw-upgrade", upgrade.as_str())], text).into_response()
}
