use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use layer::{Operation, Placement, Runner, USER_ID, on_axum};
use ruts::store::Ttl;
use ruts::store::moka::{MokaStore, MokaStoreBuilder};
use ruts::{CookieOptions, Session, SessionLayer};
use tower::Layer as _;
use tower_cookies::CookieManagerLayer;

pub(super) fn runner(placement: Placement, operation: Operation) -> Runner {
    let options = CookieOptions::build().name("__Host-sid").http_only(true).secure(true).max_age(3600).path("/");
    let layer = SessionLayer::new(Arc::new(MokaStoreBuilder::new().build())).with_cookie_options(options);
    let router = Router::new()
        .route("/anon", get(|| async { "ok" }))
        .route("/read", get(read))
        .route("/count", get(count))
        .route("/login", get(login));
    match placement {
        Placement::Inside => on_axum(router.layer(layer).layer(CookieManagerLayer::new()), operation, true),
        Placement::Around => on_axum(CookieManagerLayer::new().layer(layer.layer(router)), operation, true),
    }
}

fn hour() -> Ttl {
    Ttl::new(3600).expect("an hour is allowed")
}

async fn read(session: Session<MokaStore>) -> String {
    session.get("user_id").await.expect("a string").unwrap_or_default()
}

async fn count(session: Session<MokaStore>) -> String {
    let count = session.get::<u64>("count").await.expect("a number").unwrap_or(0) + 1;
    session.set("count", &count, hour(), None).await.expect("a number");
    count.to_string()
}

async fn login(session: Session<MokaStore>) -> &'static str {
    session.prepare_regenerate();
    session.set("user_id", &USER_ID, hour(), None).await.expect("a string");
    "ok"
}
