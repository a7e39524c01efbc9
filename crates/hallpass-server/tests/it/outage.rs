use std::sync::Arc;
use std::time::Duration;

use hallpass::testing::{Fault, FaultyStore, Method as Asked};
use hallpass::{Capabilities, MemorySettings, MemoryStore};
use hallpass_server::stores::Opened;
use reqwest::Method;
use serde_json::json;

use crate::service::{ADMIN, Answer, Service, config, id};

fn is_away(answer: &Answer) {
    answer.problem(503, "unavailable");
    assert!(answer.headers.contains_key("retry-after"), "{answer:?}");
    assert!(!answer.headers.contains_key("set-cookie"), "{answer:?}");
    assert!(!answer.body.contains("made to fail"), "the cause is for the log: {answer:?}");
}

#[tokio::test]
async fn an_outage_is_503_everywhere_and_nobody_is_logged_out() {
    let service = Service::start().await;
    let made = service.create(json!({ "subject": "alice" })).await;
    let (name, token) = (id(&made), crate::service::token(&made));
    service.store.outage(true);
    for (path, body) in [
        ("/v1/sessions", json!({})),
        ("/v1/verify", json!({ "token": token })),
        ("/v1/renew", json!({ "token": token })),
        ("/v1/authenticate", json!({ "token": token, "subject": "alice" })),
        ("/v1/logout", json!({ "token": token })),
        ("/v1/self/sessions", json!({ "token": token })),
        ("/v1/self/revoke", json!({ "token": token, "all": true })),
        ("/v1/revoke", json!({ "filter": {}, "reason": "x" })),
        ("/v1/subjects/alice/revoke", json!({ "reason": "x" })),
    ] {
        is_away(&service.post(path, body).await);
    }
    for path in ["/v1/sessions", "/v1/subjects/alice/sessions", "/v1/events", &format!("/v1/sessions/{name}")] {
        is_away(&service.get(path).await);
    }
    is_away(&service.get(&format!("/v1/sessions/{name}/data")).await);
    is_away(&service.get(&format!("/v1/sessions/{name}/timeline")).await);
    let patch = service.request(Method::PATCH, &format!("/v1/sessions/{name}/data"), ADMIN).json(&json!({ "a": 1 }));
    is_away(&service.send(patch).await);
    // Its shape alone says that it opens nothing.
    service.verify("x").await.problem(401, "inactive");

    service.store.outage(false);
    let verified = service.verify(&token).await.expect(200);
    assert_eq!(verified["session"]["subject"], "alice");
    assert_eq!(service.get("/v1/sessions?state=ended").await.expect(200)["items"], json!([]));
}

#[tokio::test]
async fn a_write_that_failed_is_never_answered_with_success() {
    let service = Service::start().await;
    service.store.script(Asked::Save, [Fault::Unavailable]);
    is_away(&service.post("/v1/sessions", json!({ "subject": "alice" })).await);
    let token = service.sign_in("alice").await;
    service.store.script(Asked::Save, [Fault::Unavailable]);
    is_away(&service.post("/v1/logout", json!({ "token": token })).await);
    service.verify(&token).await.expect(200);
}

#[tokio::test]
async fn what_a_store_cannot_do_is_said() {
    let store = FaultyStore::new(MemoryStore::new()).limited_to(Capabilities::default());
    let opened = Opened { store: Arc::new(store.clone()), settings: Arc::new(MemorySettings::default()) };
    let service = Service::on(config(), store, opened).await;
    let name = id(&service.create(json!({ "subject": "alice" })).await);
    for path in ["/v1/sessions", "/v1/events", "/v1/events/stream", &format!("/v1/sessions/{name}/timeline")] {
        service.get(path).await.problem(501, "unsupported");
    }
    service.get(&format!("/v1/sessions/{name}")).await.expect(200);
}

#[tokio::test]
async fn readiness_follows_the_store_and_liveness_does_not() {
    let service = Service::start().await;
    service.get("/readyz").await.expect(200);
    service.store.outage(true);
    tokio::time::sleep(Duration::from_millis(600)).await;
    let unready = service.get("/readyz").await.problem(503, "not_ready");
    assert!(unready["detail"].as_str().expect("text").contains("store"), "{unready}");
    service.get("/livez").await.expect(200);
    service.store.outage(false);
    tokio::time::sleep(Duration::from_millis(600)).await;
    service.get("/readyz").await.expect(200);
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_cut_off() {
    let mut config = config();
    config.limits.request_timeout = 1;
    let service = Service::with(config).await;
    let token = service.sign_in("alice").await;
    let gate = service.store.hold_next(Asked::Load);
    let slow = service.verify(&token).await;
    slow.problem(503, "timeout");
    assert!(slow.headers.contains_key("retry-after"));
    gate.open();
    service.verify(&token).await.expect(200);
}
