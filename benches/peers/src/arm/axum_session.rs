use axum::Router;
use axum::routing::get;
use axum_session::{Session, SessionConfig, SessionLayer, SessionNullPool, SessionStore};
use layer::{Operation, Placement, Runner, USER_ID, on_axum, runtime};
use tower::Layer as _;

pub(super) fn runner(placement: Placement, operation: Operation) -> Runner {
    // What its layer starts to forget old sessions never gets its turn here.
    let runtime = runtime();
    let _entered = runtime.enter();
    let store = runtime.block_on(SessionStore::new(None, SessionConfig::default())).expect("memory is there");
    let layer = SessionLayer::<SessionNullPool>::new(store);
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

async fn read(session: Session<SessionNullPool>) -> String {
    session.get("user_id").unwrap_or_default()
}

async fn count(session: Session<SessionNullPool>) -> String {
    let count = session.get::<u64>("count").unwrap_or(0) + 1;
    session.set("count", count);
    count.to_string()
}

async fn login(session: Session<SessionNullPool>) -> &'static str {
    session.renew();
    session.set("user_id", USER_ID);
    "ok"
}
