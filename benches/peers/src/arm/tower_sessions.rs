use axum::Router;
use axum::routing::get;
use layer::{Operation, Placement, Runner, USER_ID, on_axum};
use tower::Layer as _;
use tower_sessions::{MemoryStore, Session, SessionManagerLayer};

pub(super) fn runner(placement: Placement, operation: Operation) -> Runner {
    let layer = SessionManagerLayer::new(MemoryStore::default());
    let router = routes();
    match placement {
        Placement::Inside => on_axum(router.layer(layer), operation, true),
        Placement::Around => on_axum(layer.layer(router), operation, true),
    }
}

pub(crate) fn routes() -> Router {
    Router::new()
        .route("/anon", get(|| async { "ok" }))
        .route("/read", get(read))
        .route("/count", get(count))
        .route("/login", get(login))
}

async fn read(session: Session) -> String {
    session.get("user_id").await.expect("a string").unwrap_or_default()
}

async fn count(session: Session) -> String {
    let count = session.get::<u64>("count").await.expect("a number").unwrap_or(0) + 1;
    session.insert("count", count).await.expect("a number");
    count.to_string()
}

async fn login(session: Session) -> &'static str {
    session.cycle_id().await.expect("a new id");
    session.insert("user_id", USER_ID).await.expect("a string");
    "ok"
}
