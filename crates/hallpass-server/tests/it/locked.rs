use std::time::Duration;

use hallpass_server::{Config, PolicyConfig};
use reqwest::Method;
use serde_json::json;

use crate::service::{ADMIN, Service, config, id, token};

#[tokio::test]
async fn a_locked_session_is_opened_by_its_subject_and_by_nothing_else() {
    let policy = PolicyConfig { lock_when_idle: Some(true), ..PolicyConfig::default() };
    let service = Service::with(Config { policy, ..config() }).await;
    let made = service.create(json!({ "subject": "alice", "data": { "draft": "text" } })).await;
    let locked = token(&made);
    service.clock.advance(Duration::from_mins(31));

    service.verify(&locked).await.problem(403, "locked");
    service.post("/v1/renew", json!({ "token": locked })).await.problem(403, "locked");
    service.post("/v1/self/sessions", json!({ "token": locked })).await.problem(403, "locked");
    let path = format!("/v1/sessions/{}/data", id(&made));
    service.get(&path).await.problem(403, "locked");
    let change = service.request(Method::PATCH, &path, ADMIN).json(&json!({ "draft": null }));
    service.send(change).await.problem(403, "locked");
    let listed = service.get("/v1/sessions?state=locked").await.expect(200);
    assert_eq!(listed["items"][0]["state"], "locked");
    assert_eq!(service.get("/v1/sessions?state=active").await.expect(200)["items"], json!([]));

    let body = json!({ "token": locked, "subject": "alice" });
    let opened = service.post("/v1/authenticate", body).await.expect(200);
    assert_eq!((id(&opened), &opened["session"]["data"]), (id(&made), &json!({ "draft": "text" })));
    service.verify(&token(&opened)).await.expect(200);
    service.verify(&locked).await.problem(401, "inactive");
}
