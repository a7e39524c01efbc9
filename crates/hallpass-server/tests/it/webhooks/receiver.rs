use std::collections::{HashSet, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};
use tokio::net::TcpListener;

/// A receiver of webhooks that answers as a test says, and keeps what it took.
#[derive(Clone)]
pub(super) struct Receiver {
    pub(super) url: String,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Default)]
struct Inner {
    /// What it answers next, before it takes everything.
    answers: VecDeque<(StatusCode, Option<&'static str>)>,
    is_stubborn: bool,
    taken: Vec<Value>,
    refused: usize,
}

impl Receiver {
    pub(super) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("it is bound"));
        let receiver = Self { url, inner: Arc::default() };
        let router = Router::new().fallback(any(receive)).with_state(receiver.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        receiver
    }

    /// Answers so once, with this time to come again.
    pub(super) fn answer(&self, status: u16, retry_after: Option<&'static str>) {
        let status = StatusCode::from_u16(status).expect("a status");
        self.inner().answers.push_back((status, retry_after));
    }

    /// Takes nothing any more, or everything again.
    pub(super) fn refuse_all(&self, is_stubborn: bool) {
        self.inner().is_stubborn = is_stubborn;
    }

    pub(super) fn refused(&self) -> usize {
        self.inner().refused
    }

    /// Returns what it took, once it is so much.
    pub(super) async fn taken(&self, count: usize) -> Vec<Value> {
        let begun = Instant::now();
        loop {
            let taken = self.inner().taken.clone();
            if taken.len() >= count {
                return taken;
            }
            assert!(begun.elapsed() < Duration::from_mins(1), "{} of {count} came", taken.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    fn inner(&self) -> std::sync::MutexGuard<'_, Inner> {
        self.inner.lock().expect("nobody panics with it")
    }
}

async fn receive(State(receiver): State<Receiver>, headers: HeaderMap, body: Bytes) -> Response {
    let mut inner = receiver.inner();
    let answer = if inner.is_stubborn { Some((StatusCode::BAD_GATEWAY, None)) } else { inner.answers.pop_front() };
    if let Some((status, retry_after)) = answer {
        inner.refused += 1;
        let mut response = status.into_response();
        if let Some(seconds) = retry_after {
            response.headers_mut().insert("retry-after", seconds.parse().expect("a header"));
        }
        // Whoever followed it would come here again.
        response.headers_mut().insert("location", receiver.url.parse().expect("a header"));
        return response;
    }
    let headers: serde_json::Map<_, _> =
        headers.iter().map(|(name, value)| (name.to_string(), Value::from(value.to_str().expect("text")))).collect();
    inner.taken.push(json!({ "headers": headers, "body": str::from_utf8(&body).expect("text") }));
    StatusCode::NO_CONTENT.into_response()
}

/// Returns the events in messages.
pub(super) fn events(taken: &[Value]) -> Vec<Value> {
    let event = |message: &Value| {
        let body: Value = serde_json::from_str(message["body"].as_str().expect("a body")).expect("JSON");
        assert_eq!(body["type"], body["data"]["kind"]);
        assert_eq!(body["timestamp"], body["data"]["at"]);
        assert_eq!(message["headers"]["webhook-id"], body["data"]["id"]);
        body["data"].clone()
    };
    taken.iter().map(event).collect()
}

/// Returns how many different events there are in messages.
pub(super) fn different(taken: &[Value]) -> usize {
    let ids: HashSet<_> = taken.iter().map(|message| message["headers"]["webhook-id"].to_string()).collect();
    ids.len()
}
