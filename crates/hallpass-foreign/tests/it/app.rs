//! Applications of other frameworks, and a browser of sorts.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use hallpass_foreign::{Found, Home, RedisServer};
use serde_json::Value as Json;

/// Returns where a script of these tests is.
pub(crate) fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/frameworks").join(name)
}

pub(crate) fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_millis()).expect("before the year 292 million")
}

/// A framework's own server, and a client that keeps its cookie.
pub(crate) struct App {
    pub(crate) base: String,
    _server: rig::Server,
}

/// A client with its cookie.
#[derive(Clone, Default)]
pub(crate) struct Browser {
    pub(crate) cookie: Option<String>,
}

impl App {
    /// Starts a program that says on which port it listens.
    pub(crate) fn start(command: Command) -> Self {
        let port = |said: &str| said.split("listening on ").nth(1)?.split_once('\n').map(|(port, _)| port.to_owned());
        let (server, port) =
            rig::Server::start(command, Duration::from_mins(1), port).unwrap_or_else(|error| panic!("{error}"));
        Self { base: format!("http://127.0.0.1:{port}"), _server: server }
    }

    /// Asks for a path with the client's cookie, and has the client keep what comes back; answers status and body.
    pub(crate) async fn ask(&self, browser: &mut Browser, path: &str) -> (u16, Json) {
        ask(&self.base, browser, path).await
    }

    /// Asks, and wants it to be done.
    pub(crate) async fn get(&self, browser: &mut Browser, path: &str) -> Json {
        let (status, body) = self.ask(browser, path).await;
        assert_eq!(status, 200, "{path}: {body}");
        body
    }
}

pub(crate) async fn ask(base: &str, browser: &mut Browser, path: &str) -> (u16, Json) {
    let mut request = reqwest::Client::new().get(format!("{base}{path}"));
    if let Some(cookie) = &browser.cookie {
        request = request.header("cookie", cookie);
    }
    let response = request.send().await.expect("the application answers");
    for set in response.headers().get_all("set-cookie") {
        let set = set.to_str().expect("text");
        let pair = set.split(';').next().expect("a pair");
        let is_removed = set.contains("1970") || pair.ends_with('=');
        browser.cookie = (!is_removed).then(|| pair.to_owned());
    }
    let status = response.status().as_u16();
    let text = response.text().await.expect("a body");
    (status, serde_json::from_str(&text).unwrap_or(Json::String(text)))
}

/// Connects to a server of the test's own.
pub(crate) async fn connect(redis: &rig::Redis) -> RedisServer {
    RedisServer::from_url(&redis.url()).await.expect("the server is there")
}

/// Returns all sessions of a home.
pub(crate) async fn all(home: &dyn Home) -> Vec<Found> {
    let mut found: Vec<Found> = Vec::new();
    let mut after = None;
    loop {
        let page = home.list(after.as_deref(), 10, now_ms()).await.expect("the store answers");
        for item in page.items {
            if !found.iter().any(|known| known.credential == item.credential) {
                found.push(item);
            }
        }
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

/// Returns the session that the client's cookie points at.
pub(crate) async fn of(home: &dyn Home, browser: &Browser) -> Option<Found> {
    let header = browser.cookie.clone()?;
    let presented = home.dialect().presented(header.as_bytes(), now_ms());
    for read in presented {
        if let hallpass_dialects::Presented::Points(credential) = read.expect("a good cookie")
            && let Some(found) = home.load(&credential, now_ms()).await.expect("the store answers")
        {
            return Some(found);
        }
    }
    None
}
