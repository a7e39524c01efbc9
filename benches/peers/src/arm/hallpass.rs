use axum::Router;
use axum::routing::get;
use hallpass::http::{CookieCarrier, SessionLayer};
use layer::{Operation, Runner, on_axum};
use tower::Layer as _;

use crate::app::hallpass::sealed as sessions;

/// The whole session in the cookie, and no store.
pub(super) fn sealed(operation: Operation) -> Runner {
    let router = Router::new()
        .route("/anon", get(|| async { "ok" }))
        .route("/read", get(layer::read))
        .route("/count", get(layer::count))
        .route("/login", get(layer::login));
    on_axum(SessionLayer::new(sessions(), CookieCarrier::default()).layer(router), operation, true)
}
