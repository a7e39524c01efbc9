//! The application in axum.

use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{Response, Uri};
use axum::response::IntoResponse;
use axum::routing::{any, get};
use futures_util::stream;
use hallpass::http::{CookieCarrier, Problem, SessionLayer};
use hallpass::{Error, Session, Sessions};
use tokio::net::TcpListener;

use crate::app::{self, Answer, Slow};

/// Serves until it is dropped, and says where.
pub(crate) async fn serve(sessions: Sessions, slow: Arc<Slow>) -> (String, impl Drop) {
    let router = Router::new()
        .route("/ignore", get(async || "ignored"))
        .route("/{*path}", any(act))
        .layer(SessionLayer::new(sessions, CookieCarrier::default()))
        .route("/without-layer", get(async |session: Session| format!("{session:?}")))
        .with_state(slow);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}"), AbortOnDrop(server.abort_handle()))
}

struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn act(State(slow): State<Arc<Slow>>, session: Session, uri: Uri) -> Result<Answer, Failure> {
    Ok(app::answer(session, uri.path(), &slow).await?)
}

impl IntoResponse for Answer {
    fn into_response(self) -> axum::response::Response {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        let body = match self.body {
            app::Body::Text(text) => Body::from(text),
            app::Body::Stream(lines) => Body::from_stream(stream::unfold(lines, async |mut lines| {
                lines.recv().await.map(|line| (Ok::<_, Infallible>(line), lines))
            })),
        };
        response.body(body).expect("valid")
    }
}

struct Failure(Error);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> axum::response::Response {
        Problem::of(&self.0).into_response()
    }
}
