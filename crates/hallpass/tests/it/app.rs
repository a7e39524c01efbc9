//! A small application behind the layer, and browsers that use it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Path, State};
use axum::http::{Request, StatusCode, header};
use axum::routing::get;
use hallpass::http::{CookieCarrier, SessionLayer};
use hallpass::testing::{FaultyStore, ManualClock, RecordingObserver};
use hallpass::{
    Error, MemoryStore, Policy, Profile, ReferenceToken, Session, Sessions, SessionsBuilder, SignIn, Store, Subject,
};
use tokio::sync::Notify;
use tower::ServiceExt;

/// The application, and everything that a test wants to move or look at.
#[derive(Clone)]
pub(crate) struct App {
    pub(crate) router: Router,
    pub(crate) sessions: Sessions,
    pub(crate) store: Arc<FaultyStore<MemoryStore>>,
    pub(crate) clock: ManualClock,
    pub(crate) observer: RecordingObserver,
    pub(crate) slow: Arc<Slow>,
}

/// Where a slow handler waits: it tells that it has the session, and goes on when it is let.
#[derive(Default)]
pub(crate) struct Slow {
    pub(crate) entered: Notify,
    pub(crate) go_on: Notify,
}

impl Slow {
    async fn wait(&self) {
        self.entered.notify_one();
        self.go_on.notified().await;
    }
}

impl App {
    pub(crate) fn new() -> Self {
        Self::with(|builder| builder)
    }

    pub(crate) fn with_policy(policy: Policy) -> Self {
        Self::with(|builder| builder.policy(policy))
    }

    pub(crate) fn with(configure: impl FnOnce(SessionsBuilder) -> SessionsBuilder) -> Self {
        let store = Arc::new(FaultyStore::new(MemoryStore::new()));
        let clock = ManualClock::new();
        let observer = RecordingObserver::new();
        let builder = Sessions::builder()
            .shared_store(Arc::clone(&store) as Arc<dyn Store>)
            .clock(clock.clone())
            .observer(observer.clone());
        let sessions = configure(builder).build().expect("the parts fit");
        let slow = Arc::new(Slow::default());
        let router = router(sessions.clone(), Arc::clone(&slow));
        Self { router, sessions, store, clock, observer, slow }
    }

    /// Returns a second node: other processes have their own `Sessions` over the same store.
    pub(crate) fn second_node(&self) -> Self {
        let store = Arc::clone(&self.store);
        let sessions = Sessions::builder()
            .shared_store(Arc::clone(&store) as Arc<dyn Store>)
            .clock(self.clock.clone())
            .observer(self.observer.clone())
            .build()
            .expect("the parts fit");
        let slow = Arc::new(Slow::default());
        Self { router: router(sessions.clone(), Arc::clone(&slow)), sessions, store, slow, ..self.clone() }
    }

    /// Sends a request as it is.
    pub(crate) async fn ask(&self, request: Request<Body>) -> Reply {
        let response = self.router.clone().oneshot(request).await.expect("the router answers");
        let (parts, body) = response.into_parts();
        let set_cookies = parts.headers.get_all(header::SET_COOKIE).iter();
        Reply {
            status: parts.status,
            set_cookies: set_cookies.map(|value| value.to_str().expect("text").to_owned()).collect(),
            body: String::from_utf8(to_bytes(body, 1 << 20).await.expect("a body").to_vec()).expect("text"),
            headers: parts.headers,
        }
    }

    /// Takes other routes in the place of the usual ones, behind the usual layer.
    pub(crate) fn routes(mut self, routes: Router) -> Self {
        self.router = routes.layer(SessionLayer::new(self.sessions.clone(), CookieCarrier::default()));
        self
    }

    pub(crate) fn browser(&self) -> Browser {
        Browser { app: self.clone(), jar: None }
    }

    /// Returns a browser in which `who` has signed in.
    pub(crate) async fn signed_in(&self, who: &str) -> Browser {
        let mut browser = self.browser();
        browser.get(&format!("/login/{who}")).await.expect(StatusCode::OK);
        browser
    }

    pub(crate) fn advance(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }
}

/// A client with one cookie.
#[derive(Clone)]
pub(crate) struct Browser {
    pub(crate) app: App,
    pub(crate) jar: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) body: String,
    pub(crate) set_cookies: Vec<String>,
    pub(crate) headers: axum::http::HeaderMap,
}

impl Reply {
    #[track_caller]
    pub(crate) fn expect(self, status: StatusCode) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    pub(crate) fn code(&self) -> String {
        let problem: BTreeMap<String, serde_json::Value> = serde_json::from_str(&self.body).expect("a problem");
        problem["code"].as_str().expect("a word").to_owned()
    }
}

impl Browser {
    /// Sends the cookie and keeps what comes back, as browsers do.
    pub(crate) async fn get(&mut self, path: &str) -> Reply {
        let reply = self.send(path, self.jar.as_deref()).await;
        self.keep(&reply);
        reply
    }

    fn keep(&mut self, reply: &Reply) {
        for cookie in &reply.set_cookies {
            let (pair, _) = cookie.split_once(';').expect("attributes");
            let (_, value) = pair.split_once('=').expect("a value");
            self.jar = (!value.is_empty()).then(|| pair.to_owned());
        }
    }

    /// Sends a `Cookie` header and keeps nothing.
    pub(crate) async fn send(&self, path: &str, cookie: Option<&str>) -> Reply {
        let mut request = Request::get(path).header(header::USER_AGENT, "Mozilla/5.0 (test)");
        if let Some(cookie) = cookie {
            request = request.header(header::COOKIE, cookie);
        }
        self.app.ask(request.body(Body::empty()).expect("a request")).await
    }

    /// Sends a request with the cookie, and keeps what comes back.
    pub(crate) async fn visit(&mut self, request: axum::http::request::Builder, body: impl Into<Body>) -> Reply {
        let mut request = request.body(body.into()).expect("a request");
        if let Some(cookie) = &self.jar {
            request.headers_mut().insert(header::COOKIE, cookie.parse().expect("visible"));
        }
        let reply = self.app.ask(request).await;
        self.keep(&reply);
        reply
    }

    /// Starts a request that waits in its handler, and returns when it has its session.
    pub(crate) async fn start(&self, path: &'static str) -> tokio::task::JoinHandle<Reply> {
        let browser = self.clone();
        let reply = tokio::spawn(async move { browser.send(path, browser.jar.as_deref()).await });
        self.app.slow.entered.notified().await;
        reply
    }

    pub(crate) fn token(&self) -> String {
        let cookie = self.jar.as_deref().expect("a cookie");
        cookie.split_once('=').expect("a value").1.to_owned()
    }

    pub(crate) fn generation(&self) -> u32 {
        ReferenceToken::parse(self.token()).expect("our token").generation.number()
    }

    pub(crate) async fn who(&mut self) -> String {
        self.get("/who").await.expect(StatusCode::OK).body
    }
}

pub(crate) type Failure = Error;

pub(crate) fn subject(name: &str) -> Subject {
    Subject::new(name).expect("a name")
}

fn router(sessions: Sessions, slow: Arc<Slow>) -> Router {
    Router::new()
        .route("/ignore", get(async || "ignored"))
        .route("/who", get(who))
        .route("/get/{key}", get(read))
        .route("/set/{key}/{value}", get(set))
        .route(
            "/remove/{key}",
            get(async |session: Session, Path(key): Path<String>| Ok::<_, Failure>(session.remove(&key)?)),
        )
        .route("/count/{key}", get(count))
        .route("/read-then-set/{key}/{value}", get(read_then_set))
        .route(
            "/fail-after-set/{key}/{value}",
            get(async |session: Session, Path((key, value)): Path<(String, String)>| {
                session.set(&key, &value)?;
                Ok::<_, Failure>(StatusCode::INTERNAL_SERVER_ERROR)
            }),
        )
        .route(
            "/login/{who}",
            get(async |session: Session, Path(who): Path<String>| {
                session.authenticate(subject(&who))?;
                Ok::<_, Failure>(())
            }),
        )
        .route(
            "/login-keeping-cart/{who}",
            get(async |session: Session, Path(who): Path<String>| {
                session.authenticate(SignIn::new(subject(&who)).keep("cart"))?;
                Ok::<_, Failure>(())
            }),
        )
        .route(
            "/login-remembered/{who}",
            get(async |session: Session, Path(who): Path<String>| {
                session.authenticate(SignIn::new(subject(&who)).profile(Profile::remember()))?;
                Ok::<_, Failure>(())
            }),
        )
        .route(
            "/fail-after-login/{who}",
            get(async |session: Session, Path(who): Path<String>| {
                session.authenticate(subject(&who))?;
                Ok::<_, Failure>(StatusCode::INTERNAL_SERVER_ERROR)
            }),
        )
        .route("/logout", get(async |session: Session| session.log_out()))
        .route(
            "/logout-with-notice",
            get(async |session: Session| {
                session.log_out();
                session.set("notice", "bye")
            }),
        )
        .route("/role-change", get(async |session: Session| session.rechain()))
        .route(
            "/large/{bytes}",
            get(async |session: Session, Path(bytes): Path<usize>| session.set("large", &"x".repeat(bytes))),
        )
        .route("/slow-set/{key}/{value}", get(slow_set))
        .route(
            "/slow-read",
            get(async |State(slow): State<Arc<Slow>>, session: Session| {
                let seen = session.get::<String>("key").unwrap_or_default();
                slow.wait().await;
                format!("{seen:?}")
            }),
        )
        .layer(SessionLayer::new(sessions, CookieCarrier::default()))
        .with_state(slow)
}

async fn who(session: Session) -> String {
    session.subject().map_or_else(|| "nobody".to_owned(), |subject| subject.to_string())
}

async fn read(session: Session, Path(key): Path<String>) -> Result<String, Failure> {
    Ok(session.get::<String>(&key)?.unwrap_or_else(|| "nothing".to_owned()))
}

async fn set(session: Session, Path((key, value)): Path<(String, String)>) -> Result<(), Failure> {
    session.set(&key, &value)
}

async fn count(session: Session, Path(key): Path<String>) -> Result<String, Failure> {
    Ok(session.update(&key, |count: Option<u64>| count.unwrap_or(0) + 1)?.to_string())
}

async fn read_then_set(
    State(slow): State<Arc<Slow>>,
    session: Session,
    Path((key, value)): Path<(String, String)>,
) -> Result<(), Failure> {
    session.get::<String>(&key)?;
    slow.wait().await;
    session.set(&key, &value)
}

async fn slow_set(
    State(slow): State<Arc<Slow>>,
    session: Session,
    Path((key, value)): Path<(String, String)>,
) -> Result<(), Failure> {
    slow.wait().await;
    session.set(&key, &value)
}
