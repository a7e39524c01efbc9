use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use hallpass::http::{CookieCarrier, SessionLayer};
use hallpass::{Error, MemoryStore, Session, Sessions};

use super::pause;

pub(super) fn router() -> Router {
    let sessions = Sessions::builder().store(MemoryStore::new()).build().expect("a store was chosen");
    Router::new()
        .route("/start", get(start))
        .route("/count", get(count))
        .route("/key/{key}", get(key))
        .route("/seen/{keys}", get(seen))
        .layer(SessionLayer::new(sessions, CookieCarrier::default()))
}

async fn start(session: Session) {
    session.set("count", &0).expect("short");
}

async fn count(session: Session) -> String {
    let _: Option<usize> = session.get("count").expect("a number");
    pause().await;
    let count = session.update("count", |count: Option<usize>| count.unwrap_or(0) + 1);
    count.expect("a number").to_string()
}

async fn key(session: Session, Path(key): Path<String>) {
    let _: Option<bool> = session.get(&key).expect("a flag");
    pause().await;
    session.set(&key, &true).expect("short");
}

async fn seen(session: Session, Path(keys): Path<usize>) -> Result<String, String> {
    let has = |key: &usize| session.get::<bool>(&key.to_string()).is_ok_and(|flag| flag.is_some());
    let keys = (0..keys).filter(has).count();
    let count: Option<usize> = session.get("count").map_err(|error: Error| error.to_string())?;
    Ok(format!("{} {keys}", count.unwrap_or(0)))
}
