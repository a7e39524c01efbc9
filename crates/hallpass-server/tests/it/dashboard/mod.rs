//! The dashboard: over HTTP, and in a real browser.

mod auditing;
mod browser;
pub(crate) mod guest;
mod looking;
mod revoking;
mod roles;
mod safety;
mod searching;
mod signing_in;

use serde_json::{Value, json};

use crate::service::{Service, id, token};

/// Makes a session of a subject on a device, and returns its name and token.
async fn session(service: &Service, subject: &str, ip: &str, user_agent: &str) -> (String, String) {
    let body = json!({
        "subject": subject,
        "client": { "ip": ip, "user_agent": user_agent },
        "authentication": { "methods": ["pwd"], "level": 1 },
    });
    let made = service.create(body).await;
    (id(&made), token(&made))
}

/// Returns the events of a kind, as the API tells them.
async fn events(service: &Service, kind: &str) -> Vec<Value> {
    let page = service.get(&format!("/v1/events?kind={kind}")).await.expect(200);
    page["items"].as_array().expect("a list").clone()
}

const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
const SAFARI: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 Safari/604.1";
