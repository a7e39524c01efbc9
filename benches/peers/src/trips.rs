//! How often a request asks the store, and how often its answer sets a cookie.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{Request, Response, header};
use axum::routing::get;
use hallpass::http::{CookieCarrier, SessionLayer};
use hallpass::testing::FaultyStore;
use hallpass::{MemoryStore, Sessions};
use layer::runtime;
use tower::{Layer as _, Service, ServiceExt as _};
use tower_sessions::session::{Id, Record};
use tower_sessions::{SessionManagerLayer, SessionStore, session_store};

/// Shows no living session, but has the shape of a token.
const UNKNOWN: &str =
    "__Host-sid=AAAAAAAAAAAAAAAAAAAAAAEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA; id=AAAAAAAAAAAAAAAAAAAAAA";
const TIMES: u64 = 10;

/// Prints the table: trips and cookies of ten equal requests, each column for hallpass and for tower-sessions.
pub fn report() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    let sessions = Sessions::builder().shared_store(Arc::<FaultyStore<_>>::clone(&store)).build().expect("a store");
    let routes = Router::new()
        .route("/anon", get(|| async { "ok" }))
        .route("/read", get(layer::read))
        .route("/count", get(layer::count))
        .route("/login", get(layer::login));
    let ours = SessionLayer::new(sessions, CookieCarrier::default()).layer(routes);
    let trips = Arc::new(AtomicU64::new(0));
    let counted = Counted { store: tower_sessions::MemoryStore::default(), trips: Arc::clone(&trips) };
    let theirs = SessionManagerLayer::new(counted).layer(crate::arm::tower_sessions_routes());
    println!("| ten requests | hallpass: trips | `Set-Cookie` | tower-sessions: trips | `Set-Cookie` |");
    println!("| --- | ---: | ---: | ---: | ---: |");
    for (name, path, shown) in [
        ("no cookie, the route ignores the session", "/anon", Shown::Nothing),
        ("no cookie, the route reads", "/read", Shown::Nothing),
        ("a cookie of no session, the route reads", "/read", Shown::Unknown),
        ("a valid cookie, the route ignores the session", "/anon", Shown::Valid),
        ("a valid cookie, the route reads", "/read", Shown::Valid),
        ("a valid cookie, the route writes", "/count", Shown::Valid),
        ("no cookie, the route writes", "/count", Shown::Nothing),
        ("a valid cookie, the route signs in", "/login", Shown::Valid),
    ] {
        let [our_trips, our_cookies] = runtime().block_on(row(&ours, || store.calls().total(), path, shown));
        let count = || trips.load(Ordering::Relaxed);
        let [their_trips, their_cookies] = runtime().block_on(row(&theirs, count, path, shown));
        println!("| {name} | {our_trips} | {our_cookies} | {their_trips} | {their_cookies} |");
    }
}

#[derive(Clone, Copy)]
enum Shown {
    Nothing,
    Unknown,
    Valid,
}

async fn row<S>(service: &S, trips: impl Fn() -> u64, path: &str, shown: Shown) -> [u64; 2]
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone,
{
    let mut cookie = match shown {
        Shown::Nothing => None,
        Shown::Unknown => Some(UNKNOWN.to_owned()),
        Shown::Valid => Some(send(service, "/login", None).await.expect("a session begins with a cookie")),
    };
    let before = trips();
    let mut cookies = 0;
    for _ in 0..TIMES {
        if let Some(new) = send(service, path, cookie.as_deref()).await {
            cookies += 1;
            if matches!(shown, Shown::Valid) {
                cookie = Some(new);
            }
        }
    }
    [trips() - before, cookies]
}

/// Answers the cookie that was set.
async fn send<S>(service: &S, path: &str, cookie: Option<&str>) -> Option<String>
where
    S: Service<Request<Body>, Response = Response<Body>, Error = Infallible> + Clone,
{
    let mut request = Request::builder().uri(path);
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    let Ok(response) = service.clone().oneshot(request.body(Body::empty()).expect("a request")).await;
    assert!(response.status().is_success(), "{path}: {}", response.status());
    let set = response.headers().get(header::SET_COOKIE)?.to_str().expect("text");
    Some(set.split(';').next().unwrap_or_default().to_owned())
}

/// Counts each call as one trip.
#[derive(Debug, Clone)]
struct Counted {
    store: tower_sessions::MemoryStore,
    trips: Arc<AtomicU64>,
}

impl Counted {
    fn trip(&self) -> &tower_sessions::MemoryStore {
        self.trips.fetch_add(1, Ordering::Relaxed);
        &self.store
    }
}

#[async_trait]
impl SessionStore for Counted {
    async fn create(&self, record: &mut Record) -> session_store::Result<()> {
        self.trip().create(record).await
    }

    async fn save(&self, record: &Record) -> session_store::Result<()> {
        self.trip().save(record).await
    }

    async fn load(&self, id: &Id) -> session_store::Result<Option<Record>> {
        self.trip().load(id).await
    }

    async fn delete(&self, id: &Id) -> session_store::Result<()> {
        self.trip().delete(id).await
    }
}
