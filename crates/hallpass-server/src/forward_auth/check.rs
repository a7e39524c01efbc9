use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::HeaderMap;
use axum::response::Response;
use hallpass::Caller;

use super::answer::refuse;
use super::original::Original;
use crate::app::App;
use crate::wire::{Problem, ProblemJson, RequestId};

/// Tells a proxy whether to let a request in, by any method: for nginx, Traefik, Caddy, HAProxy, and Envoy, which puts
/// the path of the request behind this one. Needs no key: who may ask is configured by address.
#[utoipa::path(get, path = "/forward-auth", tag = "proxies", operation_id = "forward_auth", security(()), params(
    ("X-Forwarded-Method" = Option<String>, Header, description = "The method of the request; with the three headers after it, as Traefik, Caddy and HAProxy send them."),
    ("X-Forwarded-Proto" = Option<String>, Header, description = "Its scheme."),
    ("X-Forwarded-Host" = Option<String>, Header, description = "Its host."),
    ("X-Forwarded-Uri" = Option<String>, Header, description = "Its path and query."),
    ("X-Original-Method" = Option<String>, Header, description = "Instead of those, as nginx sends it: the method."),
    ("X-Original-URL" = Option<String>, Header, description = "Instead of those, as nginx sends it: the whole address."),
), responses(
    (status = 200, description = "It is let in; headers such as `Remote-User` say who it is, and are empty where that is unknown."),
    (status = 302, description = "A browser has to sign in, to prove more, or to renew its token first."),
    (status = 303, description = "As 302, for a request that is no GET."),
    (status = 400, description = "`untrusted_proxy`, `missing_forwarded_headers` or `ambiguous_forwarded_headers`", body = ProblemJson<'_>, content_type = "application/problem+json"),
    (status = 401, description = "`inactive`; for nginx with `Location`, if a browser is to be sent elsewhere, then also `renewal_due`.", body = ProblemJson<'_>, content_type = "application/problem+json"),
    (status = 403, description = "`step_up_required`, `locked`, `missing_role`, `forbidden`, `ambiguous_path`, `too_many_cookies` or `unnamable_subject`", body = ProblemJson<'_>, content_type = "application/problem+json"),
    (status = 429, description = "`too_many_guesses`: too many unknown tokens came from the client's network; 403 for nginx.", body = ProblemJson<'_>, content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`: the store is away, and nobody is logged out.", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(crate) async fn check(State(app): State<Arc<App>>, request: Request) -> Response {
    let prepared = prepare(&app, &request);
    match prepared {
        Ok((caller, original)) => answer(&app, &original, request.headers(), &caller).await,
        Err(problem) => refuse(problem),
    }
}

/// Does the same for Envoy, which puts the path of the request behind ours.
pub(crate) async fn check_below(state: State<Arc<App>>, request: Request) -> Response {
    check(state, request).await
}

fn prepare(app: &App, request: &Request) -> Result<(Caller, Original), Problem> {
    let request_id = request.extensions().get::<RequestId>().ok_or_else(Problem::internal)?;
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
    let caller = app.forward_auth.caller(peer, request.headers(), request_id)?;
    Ok((caller, Original::of(request)?))
}

/// Judges a request and says so, to whichever proxy asks.
pub(super) async fn answer(app: &App, original: &Original, headers: &HeaderMap, caller: &Caller) -> Response {
    let judged = app.forward_auth.judge(app, original, headers, caller).await;
    let judged = judged.map_err(|problem| slowed_down(app, original, headers, caller, problem));
    app.forward_auth.answer(original, headers, judged)
}

/// Slows somebody down who guesses. A browser is sent to sign in nevertheless: its token may only be very old.
fn slowed_down(app: &App, original: &Original, headers: &HeaderMap, caller: &Caller, problem: Problem) -> Problem {
    if !problem.is_guess() || app.forward_auth.page(original, headers, &problem).is_some() {
        return problem;
    }
    match app.guessed(caller.origin.ip) {
        Some(wait) => Problem::too_many_guesses(original.manner.too_many(), wait),
        None => problem,
    }
}
