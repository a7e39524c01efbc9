//! The page on which operators watch sessions and end them.
//!
//! Signing in is a session of hallpass's own, in the realm [`REALM`]: the key is shown once, checked against the ring of
//! keys, and neither kept in the session nor in a page. Each request asks the ring again whether the key is still good,
//! and what its role may do.
//!
//! Every form is a POST with a token of its session. Pages are whole without scripts, load nothing from elsewhere, and are
//! kept in no cache.

mod assets;
mod audit;
mod census;
mod chart;
mod export;
mod frame;
mod keys;
mod list;
mod operator;
mod overview;
mod pace;
mod policy;
mod revoke;
mod row;
mod scope;
mod seal;
mod search;
mod show;
mod sign_in;
mod store;
mod story;
mod tell;
mod trail;
mod trouble;
mod visitor;
mod when;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{DefaultBodyLimit, Request};
use axum::middleware::{from_fn, map_response};
use axum::routing::{any, get, post};
use axum::{Extension, Router};
use hallpass::http::{CsrfGuard, CsrfLayer, SessionLayer};
use hallpass::{Policy, Realm, Sessions, SessionsBuilder};
use tower::ServiceExt as _;

use self::census::Census;
use self::pace::Pace;
use self::trouble::Trouble;
use self::wire::Wire;
use crate::app::App;
use crate::html;

/// The realm of operators' own sessions. No API key is for it.
pub(crate) const REALM: &str = "hallpass-dashboard";

/// What a form of the dashboard may weigh, in bytes: a filter and a reason.
const FORM_LIMIT: usize = 16 << 10;

/// What the handlers of the dashboard share.
#[derive(Debug)]
struct Desk {
    app: Arc<App>,
    /// How often it is told that somebody was refused.
    pace: Pace,
    /// How many sessions are usable, as somebody last saw.
    census: Census,
}

/// Starts the sessions of operators: they end after a quarter of an hour without use, and after a working day.
pub(crate) fn sessions() -> SessionsBuilder {
    let policy = Policy::builder().idle(Duration::from_mins(15)).absolute(Duration::from_hours(8));
    let policy = policy.renewal(Duration::from_mins(15)).build();
    let builder = Sessions::builder().policy(policy.unwrap_or_default());
    match Realm::new(REALM) {
        Ok(realm) => builder.realm(realm),
        Err(_) => unreachable!("the name of the realm is a word"),
    }
}

/// Returns the dashboard under `/dashboard`.
///
/// Only a browser on the same machine gets a cookie for plain HTTP. Everybody else gets one that browsers take over HTTPS
/// only.
pub(crate) fn router(app: &Arc<App>) -> Router<Arc<App>> {
    let desk = Arc::new(Desk { app: Arc::clone(app), pace: Pace::default(), census: Census::default() });
    let (plain, secure) = (pages(&desk, Wire::Plain), pages(&desk, Wire::Secure));
    let pages = any(move |request: Request| {
        let pages = if html::is_loopback(&request) { plain.clone() } else { secure.clone() };
        pages.oneshot(request)
    });
    Router::new()
        .route("/dashboard", pages.clone())
        .route("/dashboard/", pages.clone())
        .route("/dashboard/{*path}", pages)
}

/// Returns the dashboard with its cookie as it travels on `wire`.
fn pages(desk: &Arc<Desk>, wire: Wire) -> Router {
    // Whoever is not signed in has no session yet, and so no token, and nothing is stored for strangers; whoever signs out
    // is to be signed out, also where no store answers. Here it is enough that the browser says where the form comes from.
    let stranger = CsrfGuard::builder().refuse_silent().build().unwrap_or_default();
    let strangers = Router::new()
        .route("/dashboard/sign-in", get(sign_in::show).post(sign_in::sign_in))
        .route("/dashboard/sign-out", post(sign_in::sign_out))
        .method_not_allowed_fallback(Trouble::wrong_method)
        .layer(CsrfLayer::new(stranger));
    let operator = CsrfGuard::builder().require_tokens().build().unwrap_or_default();
    Router::new()
        .route("/dashboard", get(overview::show))
        .route("/dashboard/", get(overview::show))
        .route("/dashboard/live", get(overview::live))
        .route("/dashboard/sessions", get(list::show))
        .route("/dashboard/sessions/{id}", get(show::show))
        .route("/dashboard/revoke", get(revoke::ask).post(revoke::revoke))
        .route("/dashboard/revoked", get(revoke::done))
        .route("/dashboard/audit", get(audit::show))
        .route("/dashboard/audit/export", get(export::export))
        .route("/dashboard/keys", get(keys::show))
        .route("/dashboard/policy", get(policy::show))
        .route("/dashboard/store", get(store::show))
        .fallback(Trouble::no_page)
        .method_not_allowed_fallback(Trouble::wrong_method)
        .layer(CsrfLayer::new(operator))
        .merge(strangers)
        .layer(SessionLayer::new(desk.app.operators.clone(), wire.carrier()))
        .layer(from_fn(trouble::show))
        .layer(from_fn(visitor::locate))
        .layer(Extension(wire))
        .with_state(Arc::clone(desk))
        .merge(assets::router())
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        .layer(map_response(html::harden))
}
