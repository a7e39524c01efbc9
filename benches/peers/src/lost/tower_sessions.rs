use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

use super::pause;

pub(super) fn router() -> Router {
    Router::new()
        .route("/start", get(start))
        .route("/count", get(count))
        .route("/key/{key}", get(key))
        .route("/seen/{keys}", get(seen))
        .layer(SessionManagerLayer::new(MemoryStore::default()))
}

async fn start(session: Session) {
    session.insert("count", 0).await.expect("a number");
}

async fn count(session: Session) -> String {
    let count = session.get::<usize>("count").await.expect("a number").unwrap_or(0) + 1;
    pause().await;
    session.insert("count", count).await.expect("a number");
    count.to_string()
}

async fn key(session: Session, Path(key): Path<String>) {
    let _: Option<bool> = session.get(&key).await.expect("a flag");
    pause().await;
    session.insert(&key, true).await.expect("a flag");
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
