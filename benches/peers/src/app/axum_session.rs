use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use axum_session::{Session, SessionConfig, SessionLayer, SessionNullPool, SessionStore};

use super::pause;

type InMemory = Session<SessionNullPool>;

/// It keeps sessions in memory for an hour, and has no word for less.
pub(crate) async fn router() -> Router {
    let store = SessionStore::new(None, SessionConfig::default()).await.expect("memory is there");
    Router::new()
        .route("/start/{user}", get(start))
        .route("/read", get(read))
        .route("/add", get(add))
        .route("/count", get(count))
        .route("/key/{key}", get(key))
        .route("/seen/{keys}", get(seen))
        .layer(SessionLayer::<SessionNullPool>::new(store))
}

async fn start(session: InMemory, Path(user): Path<String>) {
    session.set("user_id", user);
    session.set("count", 0_usize);
}

async fn read(session: InMemory) -> String {
    session.get("user_id").unwrap_or_default()
}

async fn add(session: InMemory) -> String {
    let count = session.get::<usize>("count").unwrap_or(0) + 1;
    session.set("count", count);
    count.to_string()
}

async fn count(session: InMemory) -> String {
    let count = session.get::<usize>("count").unwrap_or(0) + 1;
    pause().await;
    session.set("count", count);
    count.to_string()
}

async fn key(session: InMemory, Path(key): Path<String>) {
    let _: Option<bool> = session.get(&key);
    pause().await;
    session.set(&key, true);
}

async fn seen(session: InMemory, Path(keys): Path<usize>) -> String {
    let keys = (0..keys).filter(|key| session.get::<bool>(&key.to_string()).is_some()).count();
    format!("{} {keys}", session.get::<usize>("count").unwrap_or(0))
}
