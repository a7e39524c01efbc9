use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::Path;
use axum::routing::get;
use axum_extra::extract::PrivateCookieJar;
use axum_extra::extract::cookie::{Cookie, Key};
use serde_json::{Map, Value};

use super::{IDLE, pause};

const NAME: &str = "__Host-sid";

/// What stands in the cookie: attributes, and until when they count.
#[derive(Default)]
pub(crate) struct State(Map<String, Value>);

impl State {
    /// Opens the cookie; nothing is in one that is not there, forged or too old.
    pub(crate) fn of(jar: &PrivateCookieJar) -> Self {
        let Some(cookie) = jar.get(NAME) else { return Self::default() };
        let state = Self(serde_json::from_str(cookie.value()).unwrap_or_default());
        if state.number("until") > now() { state } else { Self::default() }
    }

    pub(crate) fn text(&self, key: &str) -> String {
        self.0.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    pub(crate) fn number(&self, key: &str) -> u64 {
        self.0.get(key).and_then(Value::as_u64).unwrap_or_default()
    }

    pub(crate) fn set(&mut self, key: &str, value: impl Into<Value>) {
        self.0.insert(key.to_owned(), value.into());
    }

    /// Seals it for another while.
    pub(crate) fn into_jar(mut self, jar: PrivateCookieJar) -> PrivateCookieJar {
        self.set("until", now() + u64::from(IDLE));
        let value = serde_json::to_string(&self.0).expect("JSON");
        jar.add(Cookie::build((NAME, value)).http_only(true).secure(true).path("/"))
    }
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs()
}

pub(crate) fn router() -> Router {
    Router::new()
        .route("/start/{user}", get(start))
        .route("/read", get(read))
        .route("/add", get(add))
        .route("/count", get(count))
        .route("/key/{key}", get(key))
        .route("/seen/{keys}", get(seen))
        .with_state(Key::generate())
}

async fn start(jar: PrivateCookieJar, Path(user): Path<String>) -> PrivateCookieJar {
    let mut state = State::of(&jar);
    state.set("user_id", user);
    state.set("count", 0);
    state.into_jar(jar)
}

async fn read(jar: PrivateCookieJar) -> String {
    State::of(&jar).text("user_id")
}

async fn add(jar: PrivateCookieJar) -> (PrivateCookieJar, String) {
    let mut state = State::of(&jar);
    let count = state.number("count") + 1;
    state.set("count", count);
    (state.into_jar(jar), count.to_string())
}

async fn count(jar: PrivateCookieJar) -> (PrivateCookieJar, String) {
    pause().await;
    add(jar).await
}

async fn key(jar: PrivateCookieJar, Path(key): Path<String>) -> PrivateCookieJar {
    let mut state = State::of(&jar);
    pause().await;
    state.set(&key, true);
    state.into_jar(jar)
}

async fn seen(jar: PrivateCookieJar, Path(keys): Path<usize>) -> String {
    let state = State::of(&jar);
    let keys = (0..keys).filter(|key| state.0.contains_key(&key.to_string())).count();
    format!("{} {keys}", state.number("count"))
}
