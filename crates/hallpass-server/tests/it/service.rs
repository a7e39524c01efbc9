//! A service on a port of its own, and calls to it.

use std::sync::Arc;

use hallpass::testing::{FaultyStore, ManualClock};
use hallpass::{Clock as _, MemorySettings, MemoryStore, SystemClock};
use hallpass_server::stores::Opened;
use hallpass_server::{AdminKey, Config, Server, Tokens};
use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// The admin key of every service here.
pub(crate) const ADMIN: &str = "hpk_0123456789abcdefghijklmnopqrstuvwxyzADMIN";

/// A service that runs, on a store that fails when told to, by a clock that a test moves.
pub(crate) struct Service {
    pub(crate) base: String,
    pub(crate) admin_base: Option<String>,
    pub(crate) grpc: Option<std::net::SocketAddr>,
    pub(crate) client: Client,
    pub(crate) store: FaultyStore<MemoryStore>,
    pub(crate) clock: ManualClock,
    stop: Option<oneshot::Sender<()>>,
    pub(crate) running: JoinHandle<()>,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: String,
}

impl Answer {
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    #[track_caller]
    pub(crate) fn expect_status(&self, status: u16) {
        assert_eq!(self.status.as_u16(), status, "{self:?}");
    }

    /// Returns the JSON of an answer with this status.
    #[track_caller]
    pub(crate) fn expect(&self, status: u16) -> Value {
        self.expect_status(status);
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// Checks that this is a problem of this status and code, and returns it.
    #[track_caller]
    pub(crate) fn problem(&self, status: u16, code: &str) -> Value {
        let problem = self.expect(status);
        assert_eq!(self.headers["content-type"], "application/problem+json", "{self:?}");
        assert_eq!(problem["code"], code, "{self:?}");
        assert_eq!(problem["status"], status, "{self:?}");
        assert_eq!(problem["type"], "about:blank");
        assert_eq!(problem["request_id"].as_str(), self.headers["x-request-id"].to_str().ok(), "{self:?}");
        for text in ["title", "detail"] {
            assert!(!problem[text].as_str().unwrap_or_default().is_empty(), "{self:?}");
        }
        problem
    }
}

/// Returns what most tests configure: a free port, and nothing of the machine.
pub(crate) fn config() -> Config {
    Config {
        listen: "127.0.0.1:0".parse().expect("an address"),
        store: "memory:".to_owned(),
        admin_key: Some(AdminKey::new(ADMIN).expect("long enough")),
        ..Config::default()
    }
}

impl Service {
    pub(crate) async fn start() -> Self {
        Self::with(config()).await
    }

    pub(crate) async fn with(config: Config) -> Self {
        let store = FaultyStore::new(MemoryStore::new());
        let settings = Arc::new(MemorySettings::default());
        Self::on(config, store.clone(), Opened { store: Arc::new(store), settings }).await
    }

    /// Starts a service whose clock is that on the wall, as clients of other languages have it too.
    pub(crate) async fn on_the_wall(config: Config) -> Self {
        let service = Self::with(config).await;
        service.clock.set(SystemClock::new().now());
        service
    }

    pub(crate) async fn on(config: Config, store: FaultyStore<MemoryStore>, opened: Opened) -> Self {
        let clock = ManualClock::new();
        let server = Server::builder(config).opened(opened).clock(clock.clone()).start().await.expect("it starts");
        let base = format!("http://{}", server.address());
        let admin_base = server.admin_address().map(|address| format!("http://{address}"));
        let grpc = server.grpc_address();
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(async move {
            let shutdown = async {
                let _ = stopped.await;
            };
            server.run(shutdown).await.expect("it serves");
        });
        Self { base, admin_base, grpc, client: Client::new(), store, clock, stop: Some(stop), running }
    }

    /// Tells the service to stop, without waiting for it.
    pub(crate) fn stop(&mut self) {
        if let Some(stop) = self.stop.take() {
            let _ = stop.send(());
        }
    }

    pub(crate) fn request(&self, method: Method, path: &str, key: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.base));
        if key.is_empty() { request } else { request.bearer_auth(key) }
    }

    pub(crate) async fn send(&self, request: RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        Answer { status, headers, body: response.text().await.expect("a body") }
    }

    /// Makes a call with the admin key.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path, ADMIN)).await
    }

    /// Makes a call with the admin key.
    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(self.request(Method::POST, path, ADMIN).json(&body)).await
    }

    /// Sends a form with the admin key.
    pub(crate) async fn form(&self, path: &str, form: &[(&str, &str)]) -> Answer {
        self.send(self.request(Method::POST, path, ADMIN).header("content-type", FORM).body(encoded(form))).await
    }

    /// Judges an access token.
    pub(crate) async fn verify_access(&self, token: &str) -> Answer {
        self.post("/v1/verify", json!({ "access_token": token })).await
    }

    /// Makes a session, and returns the answer.
    pub(crate) async fn create(&self, body: Value) -> Value {
        self.post("/v1/sessions", body).await.expect(201)
    }

    /// Makes a session of a subject, and returns its token.
    pub(crate) async fn sign_in(&self, subject: &str) -> String {
        token(&self.create(json!({ "subject": subject })).await)
    }

    pub(crate) async fn verify(&self, token: &str) -> Answer {
        self.post("/v1/verify", json!({ "token": token })).await
    }

    /// Makes a key of a role, and returns it.
    pub(crate) async fn key(&self, role: &str) -> String {
        let made = self.post("/v1/keys", json!({ "name": role, "role": role })).await.expect(201);
        made["key"].as_str().expect("a key").to_owned()
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.running.abort();
    }
}

pub(crate) const FORM: &str = "application/x-www-form-urlencoded";

pub(crate) fn encoded(form: &[(&str, &str)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish()
}

/// Returns what a hybrid configures: access tokens under keys that are made and kept in memory.
pub(crate) fn hybrid() -> Config {
    Config { tokens: Tokens::Jwt, ..config() }
}

#[track_caller]
pub(crate) fn access(answer: &Value) -> String {
    answer["access_token"].as_str().unwrap_or_else(|| panic!("an access token: {answer}")).to_owned()
}

#[track_caller]
pub(crate) fn token(answer: &Value) -> String {
    answer["token"].as_str().expect("a token").to_owned()
}

#[track_caller]
pub(crate) fn id(answer: &Value) -> String {
    answer["session"]["id"].as_str().expect("an id").to_owned()
}
