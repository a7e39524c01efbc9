//! What holds a request up, on its way into the handler or out of it.

use std::sync::Arc;

use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use futures_util::stream;
use tokio::sync::Semaphore;

/// Holds requests whose query is `hold=body` or `hold=answer` until somebody lets them go.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    arrived: Arc<Semaphore>,
    open: Arc<Semaphore>,
}

impl Gate {
    pub(crate) fn closed() -> Self {
        Self { arrived: Arc::new(Semaphore::new(0)), open: Arc::new(Semaphore::new(0)) }
    }

    /// Waits until a request is held.
    pub(crate) async fn arrived(&self) {
        self.arrived.acquire().await.expect("it is never closed").forget();
    }

    /// Lets one request go.
    pub(crate) fn release(&self) {
        self.open.add_permits(1);
    }

    async fn hold(&self) {
        self.arrived.add_permits(1);
        self.open.acquire().await.expect("it is never closed").forget();
    }

    /// Is outside of the application, so that nothing of it knows.
    pub(crate) async fn layer(State(gate): State<Self>, request: Request, next: Next) -> Response {
        match request.uri().query() {
            Some("hold=body") => next.run(gate.hold_body(request).await).await,
            Some("hold=answer") => {
                let response = next.run(request).await;
                gate.hold().await;
                response
            }
            _ => next.run(request).await,
        }
    }

    /// The body comes after the handler has opened the session, and the handler waits for it.
    async fn hold_body(self, request: Request) -> Request {
        let (head, body) = request.into_parts();
        let bytes = axum::body::to_bytes(body, 1 << 16).await.expect("a small body");
        let late = stream::once(async move {
            self.hold().await;
            Ok::<Bytes, std::convert::Infallible>(bytes)
        });
        Request::from_parts(head, Body::from_stream(late))
    }
}
