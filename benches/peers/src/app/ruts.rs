use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use ruts::store::{SessionStore, Ttl};
use ruts::{CookieOptions, SessionLayer};
use tower_cookies::CookieManagerLayer;

use super::{IDLE, pause};

type Session<S> = ruts::Session<S>;

pub(crate) fn router<S: SessionStore + 'static>(store: S) -> Router {
    let options = CookieOptions::build().name("__Host-sid").http_only(true).secure(true);
    let options = options.max_age(IDLE.into()).path("/");
    Router::new()
        .route("/start/{user}", get(start::<S>))
        .route("/read", get(read::<S>))
        .route("/add", get(add::<S>))
        .route("/count", get(count::<S>))
        .route("/key/{key}", get(key::<S>))
        .route("/seen/{keys}", get(seen::<S>))
        .layer(SessionLayer::new(Arc::new(store)).with_cookie_options(options))
        .layer(CookieManagerLayer::new())
}

fn ttl() -> Ttl {
    Ttl::new(IDLE.into()).expect("half an hour is allowed")
}

async fn start<S: SessionStore>(session: Session<S>, Path(user): Path<String>) {
    session.set("user_id", &user, ttl(), None).await.expect("a string");
    session.set("count", &0_usize, ttl(), None).await.expect("a number");
}

async fn read<S: SessionStore>(session: Session<S>) -> String {
    session.get("user_id").await.expect("a string").unwrap_or_default()
}

async fn add<S: SessionStore>(session: Session<S>) -> String {
    let count = session.get::<usize>("count").await.expect("a number").unwrap_or(0) + 1;
    session.set("count", &count, ttl(), None).await.expect("a number");
    count.to_string()
}

async fn count<S: SessionStore>(session: Session<S>) -> String {
    let count = session.get::<usize>("count").await.expect("a number").unwrap_or(0) + 1;
    pause().await;
    session.set("count", &count, ttl(), None).await.expect("a number");
    count.to_string()
}

async fn key<S: SessionStore>(session: Session<S>, Path(key): Path<String>) {
    let _: Option<bool> = session.get(&key).await.expect("a flag");
    pause().await;
    session.set(&key, &true, ttl(), None).await.expect("a flag");
}

async fn seen<S: SessionStore>(session: Session<S>, Path(keys): Path<usize>) -> String {
    let mut found = 0;
    for key in 0..keys {
        let flag: Option<bool> = session.get(&key.to_string()).await.expect("a flag");
        found += usize::from(flag.is_some());
    }
    let count: Option<usize> = session.get("count").await.expect("a number");
    format!("{} {found}", count.unwrap_or(0))
}
