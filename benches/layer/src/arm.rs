use axum::Router;
use axum::routing::get;
use hallpass::http::{CookieCarrier, SessionLayer};
use hallpass::{MemoryStore, Session, Sessions, SignIn, Subject};
use tower::Layer as _;
use tower::layer::util::Identity;

use crate::client::USER_ID;
use crate::operation::Operation;
use crate::runner::{Runner, on_axum};

/// Where a layer stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placement {
    /// `router.layer(layer)`: axum boxes the service of every route once more.
    Inside,
    /// `layer.layer(router)`.
    Around,
}

/// The same routes without sessions; inside it stands a layer that does nothing, which shows what axum itself takes.
pub fn bare(placement: Placement, operation: Operation) -> Runner {
    let router = Router::new()
        .route("/anon", get(|| async { "ok" }))
        .route("/read", get(|| async { USER_ID.to_owned() }))
        .route("/count", get(|| async { 17_u64.to_string() }))
        .route("/login", get(|| async { "ok" }));
    match placement {
        Placement::Inside => on_axum(router.layer(Identity::new()), operation, false),
        Placement::Around => on_axum(router, operation, false),
    }
}

/// hallpass with its memory store and all its defaults.
pub fn hallpass(placement: Placement, operation: Operation) -> Runner {
    let sessions = Sessions::builder().store(MemoryStore::new()).build().expect("a store was chosen");
    let layer = SessionLayer::new(sessions, CookieCarrier::default());
    let router = Router::new()
        .route("/anon", get(|| async { "ok" }))
        .route("/read", get(read))
        .route("/count", get(count))
        .route("/login", get(login));
    match placement {
        Placement::Inside => on_axum(router.layer(layer), operation, true),
        Placement::Around => on_axum(layer.layer(router), operation, true),
    }
}

pub async fn read(session: Session) -> String {
    session.get("user_id").expect("a string").unwrap_or_default()
}

pub async fn count(session: Session) -> String {
    let count = session.update("count", |count: Option<u64>| count.unwrap_or(0) + 1);
    count.expect("a number").to_string()
}

pub async fn login(session: Session) -> &'static str {
    session.authenticate(SignIn::new(Subject::new(USER_ID).expect("short"))).expect("nothing is kept");
    session.set("user_id", USER_ID).expect("short");
    "ok"
}
