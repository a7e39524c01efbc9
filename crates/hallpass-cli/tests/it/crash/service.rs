//! The service as clients reach it, on whatever port it is now.

use std::time::Duration;

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};

use super::ledger::{Moment, Seen, Span};
use crate::bench::KEY;

/// A connection to a service that may be killed at any moment.
#[derive(Clone)]
pub(super) struct Service {
    client: Client,
    url: String,
    begun: std::time::Instant,
}

/// No answer that could be trusted: what was asked for was done, or it was not.
#[derive(Debug)]
pub(super) struct CutOff;

/// An answer, and between which moments it was given.
pub(super) struct Answered {
    pub(super) status: StatusCode,
    pub(super) body: Value,
    pub(super) span: Span,
}

impl Service {
    pub(super) fn new(url: &str, begun: std::time::Instant) -> Self {
        let client = Client::builder().timeout(Duration::from_secs(20)).build().expect("a client");
        Self { client, url: url.to_owned(), begun }
    }

    pub(super) fn now(&self) -> Moment {
        u64::try_from(self.begun.elapsed().as_millis()).expect("a short test")
    }

    /// Asks, and takes nothing for an answer that does not say how it went.
    pub(super) async fn call(
        &self,
        method: Method,
        path: &str,
        body: Value,
        key: Option<&str>,
    ) -> Result<Answered, CutOff> {
        let mut request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(KEY);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        let from = self.now();
        let request = if body.is_null() { request } else { request.json(&body) };
        let response = request.send().await.map_err(|_| CutOff)?;
        let status = response.status();
        let text = response.bytes().await.map_err(|_| CutOff)?;
        let span = Span { from, to: self.now() };
        if status.is_server_error() {
            return Err(CutOff);
        }
        Ok(Answered { status, body: serde_json::from_slice(&text).unwrap_or_default(), span })
    }

    pub(super) async fn create(&self, subject: &str, key: &str) -> Result<Answered, CutOff> {
        let body = json!({ "subject": subject, "data": { "n": 0 } });
        self.call(Method::POST, "/v1/sessions", body, Some(key)).await
    }

    pub(super) async fn write(&self, id: &str, number: u64) -> Result<Answered, CutOff> {
        self.call(Method::PATCH, &format!("/v1/sessions/{id}/data"), json!({ "n": number }), None).await
    }

    pub(super) async fn renew(&self, token: &str) -> Result<Answered, CutOff> {
        self.call(Method::POST, "/v1/renew", json!({ "token": token }), None).await
    }

    pub(super) async fn verify(&self, token: &str) -> Result<Answered, CutOff> {
        self.call(Method::POST, "/v1/verify", json!({ "token": token }), None).await
    }

    pub(super) async fn revoke(&self, id: &str) -> Result<Answered, CutOff> {
        self.call(Method::POST, &format!("/v1/sessions/{id}/revoke"), json!({ "reason": "a crash test" }), None).await
    }

    pub(super) async fn log_out(&self, token: &str) -> Result<Answered, CutOff> {
        self.call(Method::POST, "/v1/logout", json!({ "token": token }), None).await
    }

    /// Returns what is stored of a session, and the reason that it ended for.
    pub(super) async fn look(&self, id: &str) -> Result<(Seen, String), CutOff> {
        let answer = self.call(Method::GET, &format!("/v1/sessions/{id}"), Value::Null, None).await?;
        if answer.status == StatusCode::NOT_FOUND {
            return Ok((Seen::Nothing, String::new()));
        }
        let reason = answer.body["ended"]["reason"].as_str().unwrap_or_default().to_owned();
        match answer.body["state"].as_str() {
            Some("active") => {
                Ok((Seen::Living { written: answer.body["data"]["n"].as_u64().unwrap_or(u64::MAX) }, reason))
            }
            _ => Ok((Seen::Ended, reason)),
        }
    }

    /// Returns how often each kind of event is kept of a session.
    pub(super) async fn kinds(&self, id: &str) -> Result<Vec<String>, CutOff> {
        let path = format!("/v1/sessions/{id}/timeline?limit=1000");
        let answer = self.call(Method::GET, &path, Value::Null, None).await?;
        let items = answer.body["items"].as_array().cloned().unwrap_or_default();
        Ok(items.iter().map(|item| item["kind"].as_str().unwrap_or_default().to_owned()).collect())
    }
}
