use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use ruts::store::Ttl;
use ruts::store::moka::{MokaStore, MokaStoreBuilder};
use ruts::{CookieOptions, SessionLayer};
use tower_cookies::CookieManagerLayer;

use super::pause;

type Session = ruts::Session<MokaStore>;

pub(super) fn router() -> Router {
    let options = CookieOptions::build().name("__Host-sid").http_only(true).secure(true).max_age(3600).path("/");
    Router::new()
        .route("/start", get(start))
        .route("/count", get(count))
        .route("/key/{key}", get(key))
        .route("/seen/{keys}", get(seen))
        .layer(SessionLayer::new(Arc::new(MokaStoreBuilder::new().build())).with_cookie_options(options))
        .layer(CookieManagerLayer::new())
}

fn hour() -> Ttl {
    Ttl::new(3600).expect("an hour is allowed")
}

async fn start(session: Session) {
    session.set("count", &0_usize, hour(), None).await.expect("a number");
}

async fn count(session: Session) -> String {
    let count = session.get::<usize>("count").await.expect("a number").unwrap_or(0) + 1;
    pause().await;
    session.set("count", &count, hour(), None).await.expect("a number");
    count.to_string()
}

async fn key(session: Session, Path(key): Path<String>) {
    let _: Option<bool> = session.get(&key).await.expect("a flag");
    pause().await;
    session.set(&key, &true, hour(), None).await.expect("a flag");
}

async fn seen(session: Session, Path(keys): Path<usize>) -> String {
    let mut found = 0;
    for key in 0..keys {
        let flag: Option<bool> = session.get(&key.to_string()).await.expect("a flag");
        found += usize::from(flag.is_some());
    }
    let count: Option<usize> = session.get("count").await.expect("a number");
    format!("{} {found}", count.unwrap_or(0))
}
