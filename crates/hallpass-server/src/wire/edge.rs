use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Instant;

use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures_util::FutureExt as _;
use tracing::Instrument as _;

use super::Problem;
use super::request_id::HEADER;
use crate::app::App;
use crate::metrics::Route;
use crate::traces;

/// Calls that end many sessions: they stop when their client leaves, and can be made again.
const LONG: [&str; 2] = ["/v1/revoke", "/v1/subjects/{subject}/revoke"];

/// Calls that tell how the service is: just when it has all the work that it can do, they must be answered.
const SPARED: [&str; 3] = ["/livez", "/readyz", "/metrics"];

/// What every request passes: it gets a name, a place among those that are worked on, and a time to finish in; its
/// problems are written, and it is counted.
pub(crate) async fn edge(State(app): State<Arc<App>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    let request_id = app.request_ids.name(request.headers());
    let route = Route::new(request.extensions().get::<MatchedPath>().cloned());
    let method = request.method().clone();
    request.extensions_mut().insert(request_id.clone());

    let span = traces::of_request(&method, route.as_str(), &request_id, request.headers());
    let is_spared = SPARED.contains(&route.as_str());
    let place = if is_spared { None } else { app.places.try_acquire().ok() };
    let mut response = if is_spared || place.is_some() {
        work(&app, route.as_str(), request, next).instrument(span.clone()).await
    } else {
        Problem::overloaded("The service has all the work that it can do at once.").into_response()
    };
    drop(place);

    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        problem.render(&request_id, &mut response);
    }
    let headers = response.headers_mut();
    headers.extend(request_id.header().map(|name| (HEADER, name)));
    // Answers have tokens and personal data in them (`LGO-5`).
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    headers.entry(header::X_CONTENT_TYPE_OPTIONS).or_insert(HeaderValue::from_static("nosniff"));
    span.record("http.response.status_code", response.status().as_u16());
    if response.status().is_server_error() {
        span.record("otel.status_code", "error");
    }
    let took = started.elapsed();
    tracing::debug!(%request_id, %method, route = route.as_str(), status = response.status().as_u16(), ?took, "answered");
    app.metrics.answered(route, &method, response.status(), took);
    response
}

async fn work(app: &App, route: &str, request: Request, next: Next) -> Response {
    // A panic is a defect; it is to cost its own request and no other on the connection.
    let work = AssertUnwindSafe(next.run(request)).catch_unwind();
    let done = if LONG.contains(&route) {
        work.await
    } else {
        match tokio::time::timeout(app.config.limits.request_time(), work).await {
            Ok(done) => done,
            Err(_) => return Problem::timed_out().into_response(),
        }
    };
    done.unwrap_or_else(|_| Problem::internal().caused_by("a handler panicked").into_response())
}
