//! A small web app to click through: what sessions do, seen from the inside of one.
//!
//! It uses the public library as any app would: [`SessionLayer`] around its routes, [`Session`](hallpass::Session) in
//! its handlers, [`Sessions`] for what concerns a user's other sessions. There are no passwords.
//!
//! Every form is a POST that is checked to come from the app's own pages and answered with a redirect. Pages work
//! without scripts, load nothing from elsewhere, and are kept in no cache.

mod agent;
mod assets;
mod devices;
mod guard;
mod home;
mod keep;
mod log_out;
mod page;
mod people;
mod policy;
mod sign_in;
mod timeline;
mod token;
mod trouble;
mod visit;
mod wire;
mod words;

use axum::extract::DefaultBodyLimit;
use axum::middleware::{from_fn, map_response};
use axum::routing::{any, get, post};
use axum::{Extension, Router};
use hallpass::http::SessionLayer;
use hallpass::{Realm, Sessions};
use tower::ServiceExt as _;

pub use self::policy::profiles;
use self::trouble::Trouble;
use self::wire::Wire;
use crate::html;

/// The realm of the demo's sessions: whoever signs in here without a password is nobody anywhere else.
pub const REALM: &str = "demo";

/// What a form of the demo may weigh, in bytes; the largest is a note.
const FORM_LIMIT: usize = 16 << 10;

/// Returns the demo under `/demo`, to be merged into an app, with its sessions in the realm [`REALM`] of `sessions`.
///
/// Give `sessions` the [`profiles`] of the demo, so that there is something to see within minutes; without them its
/// sessions are made under the policies that there are.
///
/// The peer's address is read from [`ConnectInfo`](axum::extract::ConnectInfo): only a browser on the same machine gets
/// a cookie for plain HTTP. Everybody else gets `__Host-sid`, which browsers take over HTTPS only.
pub fn router(sessions: &Sessions) -> Router {
    let sessions = Realm::new(REALM).map_or_else(|_| sessions.clone(), |realm| sessions.in_realm(realm));
    let (plain, secure) = (pages(&sessions, Wire::plain()), pages(&sessions, Wire::secure()));
    let pages = any(move |request: axum::extract::Request| {
        let pages = if html::is_loopback(&request) { plain.clone() } else { secure.clone() };
        pages.oneshot(request)
    });
    Router::new().route("/demo", pages.clone()).route("/demo/", pages.clone()).route("/demo/{*path}", pages)
}

/// Returns the app with its cookie as it travels on `wire`.
fn pages(sessions: &Sessions, wire: Wire) -> Router {
    Router::new()
        .route("/demo", get(home::show))
        .route("/demo/devices", get(devices::show))
        .route("/demo/timeline", get(timeline::show))
        .route("/demo/sign-in", post(sign_in::sign_in))
        .route("/demo/confirm", post(sign_in::confirm))
        .route("/demo/second-factor", post(sign_in::second_factor))
        .route("/demo/count", post(keep::count))
        .route("/demo/note", post(keep::note))
        .route("/demo/renew", post(token::renew))
        .route("/demo/log-out", post(log_out::log_out))
        .fallback(|| async { Trouble::no_page() })
        .method_not_allowed_fallback(|| async { Trouble::wrong_method() })
        .layer(SessionLayer::new(sessions.clone(), wire.carrier().clone()))
        .layer(from_fn(guard::same_origin))
        .layer(from_fn(trouble::show))
        .layer(Extension(wire))
        .merge(assets::router())
        .layer(DefaultBodyLimit::max(FORM_LIMIT))
        .layer(map_response(html::harden))
}
