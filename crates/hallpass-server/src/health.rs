use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use hallpass::SessionId;
use serde::Serialize;
use tokio::sync::Mutex;
use utoipa::ToSchema;

use crate::app::App;
use crate::wire::{Json, Problem};

/// Whether the service can do its work, asked of the store no more than twice a second.
#[derive(Debug, Default)]
pub(crate) struct Readiness {
    last: Mutex<Option<(Instant, Result<(), Unready>)>>,
}

/// What is not ready.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unready {
    Stopping,
    Store,
    Clock,
    Keys,
    Signing,
}

/// That the service lives, or is ready.
#[derive(Debug, Serialize, ToSchema)]
struct Healthy {
    /// `ok`.
    status: &'static str,
}

impl Unready {
    /// Returns what is the matter, in a sentence.
    pub(crate) const fn detail(self) -> &'static str {
        match self {
            Self::Stopping => "The service was told to stop.",
            Self::Store => "The store does not answer.",
            Self::Clock => "The clock of this machine is more than 30 seconds from the store's.",
            Self::Keys => "The API keys cannot be read.",
            Self::Signing => "No key signs tokens now.",
        }
    }
}

const OLDEST: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(2);

impl Readiness {
    pub(crate) async fn check(&self, app: &App) -> Result<(), Unready> {
        if app.is_stopping() {
            return Err(Unready::Stopping);
        }
        let mut last = self.last.lock().await;
        if let Some((asked_at, result)) = *last
            && asked_at.elapsed() < OLDEST
        {
            return result;
        }
        let result = ask(app).await;
        *last = Some((Instant::now(), result));
        result
    }
}

async fn ask(app: &App) -> Result<(), Unready> {
    let nobody = SessionId::from_bytes([0; 16]);
    // The store itself: where clients carry their sessions, what is revoked stands in it.
    let asked = app.sessions.store().load(app.sessions.realm(), &nobody);
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => {
            tracing::warn!(error = %error, cause = ?std::error::Error::source(&error), "the store is not ready");
            return Err(Unready::Store);
        }
        Err(_) => return Err(Unready::Store),
    }
    match tokio::time::timeout(PATIENCE, app.sessions.check_clock()).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => {
            tracing::warn!(error = %error, cause = ?std::error::Error::source(&error), "the clock is not ready");
            return Err(Unready::Clock);
        }
        Err(_) => return Err(Unready::Store),
    }
    match tokio::time::timeout(PATIENCE, app.keys.list()).await {
        Ok(Ok(_)) if app.mint.as_ref().is_some_and(|mint| !mint.is_ready(app.sessions.now())) => Err(Unready::Signing),
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => {
            tracing::warn!(error = %error, "the API keys are not ready");
            Err(Unready::Keys)
        }
        Err(_) => Err(Unready::Keys),
    }
}

/// Tells whether the process lives; it asks nobody else.
#[utoipa::path(get, path = "/livez", tag = "running", security(()), responses(
    (status = 200, description = "The process lives.", body = Healthy),
))]
pub(crate) async fn livez() -> Result<Json, Problem> {
    Json::ok(&Healthy { status: "ok" })
}

/// Tells whether the service can do its work: the store and the keys answer, and it was not told to stop.
#[utoipa::path(get, path = "/readyz", tag = "running", security(()), responses(
    (status = 200, description = "It can.", body = Healthy),
    (status = 503, description = "It cannot; the detail says which part.", body = crate::wire::ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(crate) async fn readyz(State(app): State<Arc<App>>) -> Result<Json, Problem> {
    match app.readiness.check(&app).await {
        Ok(()) => Json::ok(&Healthy { status: "ok" }),
        Err(unready) => Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "not_ready", unready.detail())),
    }
}

/// Shows what the service counts and measures, for Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "running", security(()), responses(
    (status = 200, description = "OpenMetrics text.", body = String, content_type = "application/openmetrics-text"),
))]
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    if let Some(cache) = &app.cache {
        app.metrics.cached(cache.counts(), cache.is_whole());
    }
    if let Some(revocations) = app.sessions.revocations() {
        app.metrics.revoked(revocations);
    }
    let text = app.metrics.write().map_err(|error| Problem::internal().caused_by(error))?;
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    Ok(([(header::CONTENT_TYPE, kind)], text).into_response())
}
