use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use hallpass::http::{CookieCarrier, SessionLayer};
use hallpass::{Error, Key, KeyAlgorithm, KeyRing, Realm, Sealed, Session, Sessions, SignIn, Store, Subject};

use super::pause;

/// What [`CookieCarrier`] calls its cookie unless it is told otherwise.
const NAME: &str = "__Host-sid";

/// Its default policy lets a session go unused for [`IDLE`](super::IDLE).
pub(crate) fn router(store: impl Store + 'static) -> Router {
    routes(Sessions::builder().store(store).build().expect("a store was chosen"))
}

/// Returns the same application with its sessions in encrypted cookies.
pub(crate) fn sealed_router() -> Router {
    routes(sealed())
}

pub(crate) fn sealed() -> Sessions {
    let key = Key::symmetric(KeyAlgorithm::Sealing, &rand::random::<[u8; 32]>()).expect("it is long enough");
    let sealed = Sealed::new(KeyRing::new([key]).expect("a key"), &Realm::default(), NAME).expect("a name");
    Sessions::builder().carried(sealed).build().expect("all parts")
}

fn routes(sessions: Sessions) -> Router {
    Router::new()
        .route("/start/{user}", get(start))
        .route("/login/{user}", get(login))
        .route("/read", get(read))
        .route("/add", get(add))
        .route("/count", get(count))
        .route("/key/{key}", get(key))
        .route("/seen/{keys}", get(seen))
        .layer(SessionLayer::new(sessions, CookieCarrier::default()))
}

async fn start(session: Session, Path(user): Path<String>) {
    session.set("user_id", &user).expect("short");
    session.set("count", &0).expect("short");
}

/// What the others have no word for: the session is somebody's, so it can be listed, limited and revoked.
async fn login(session: Session, Path(user): Path<String>) {
    session.authenticate(SignIn::new(Subject::new(&*user).expect("short"))).expect("nothing is kept");
    start(session, Path(user)).await;
}

async fn read(session: Session) -> String {
    session.get("user_id").expect("a string").unwrap_or_default()
}

async fn add(session: Session) -> String {
    let count = session.update("count", |count: Option<u64>| count.unwrap_or(0) + 1);
    count.expect("a number").to_string()
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
