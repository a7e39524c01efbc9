use reqwest::Method;
use serde_json::json;

use crate::service::{ADMIN, Service, id, token};

#[tokio::test]
async fn a_session_is_made_verified_changed_renewed_signed_in_to_listed_and_ended() {
    let service = Service::start().await;
    let client = json!({ "ip": "198.51.100.7", "user_agent": "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0" });
    let made = service.create(json!({ "data": { "cart": [1] }, "client": client })).await;
    let (name, first) = (id(&made), token(&made));
    assert_eq!(first.len(), 64);
    assert_eq!(made["cookie"], format!("__Host-sid={first}; Path=/; Secure; HttpOnly; SameSite=Lax"));
    let session = &made["session"];
    assert_eq!((session["state"].as_str(), session["subject"].as_str()), (Some("active"), None));
    assert_eq!(session["realm"], "default");
    assert_eq!(session["profile"], "default");
    assert_eq!(session["client"]["label"], "Firefox on Linux");
    assert_eq!(session["data"], json!({ "cart": [1] }));
    assert_eq!(session["created_at"], "2026-01-01T00:00:00.000Z");

    let verified = service.verify(&first).await.expect(200);
    assert_eq!((verified["active"].as_bool(), verified["renew_due"].as_bool()), (Some(true), Some(false)));
    assert_eq!(verified["session"]["id"], name.as_str());

    let path = format!("/v1/sessions/{name}/data");
    let change = service.request(Method::PATCH, &path, ADMIN).json(&json!({ "note": "hi", "cart": null }));
    assert_eq!(service.send(change).await.expect(200), json!({ "note": "hi" }));

    let second = token(&service.post("/v1/renew", json!({ "token": first })).await.expect(200));
    assert_ne!(second, first);
    service.verify(&second).await.expect(200);

    let sign_in = json!({
        "token": second, "subject": "alice", "keep": ["note"],
        "authentication": { "methods": ["pwd", "otp"], "level": 2 },
    });
    let signed_in = service.post("/v1/authenticate", sign_in).await.expect(200);
    let third = token(&signed_in);
    assert_eq!(id(&signed_in), name, "it goes on under its name");
    assert_eq!(signed_in["session"]["methods"], json!(["pwd", "otp"]));
    assert_eq!(signed_in["session"]["data"], json!({ "note": "hi" }));
    for dead in [&first, &second] {
        service.verify(dead).await.problem(401, "inactive");
    }
    service.verify(&third).await.expect(200);

    let listed = service.get("/v1/sessions?subject=alice&state=active").await.expect(200);
    assert_eq!((listed["items"][0]["id"].as_str(), listed["next"].as_str()), (Some(name.as_str()), None));
    let shown = service.get(&format!("/v1/sessions/{name}")).await.expect(200);
    assert_eq!(shown["level"], 2);

    let ended =
        service.post(&format!("/v1/sessions/{name}/revoke"), json!({ "reason": "lost laptop" })).await.expect(200);
    assert_eq!(ended, json!({ "revoked": 1, "effective_at": "2026-01-01T00:00:00.000Z" }));
    service.verify(&third).await.problem(401, "inactive");
    let shown = service.get(&format!("/v1/sessions/{name}")).await.expect(200);
    assert_eq!(shown["state"], "ended");
    assert_eq!(shown["ended"]["reason"], "revoked");
    assert_eq!(shown["ended"]["actor"], "operator:first admin#first");
    assert_eq!(shown["ended"]["note"], "lost laptop");
    assert!(shown["expires_at"].is_null() && shown["generation"].is_null());
}

#[tokio::test]
async fn a_new_chain_kills_the_old_token_at_once() {
    let service = Service::start().await;
    let old = service.sign_in("alice").await;
    let new = token(&service.post("/v1/renew", json!({ "token": old, "new_chain": true })).await.expect(200));
    service.verify(&old).await.problem(401, "inactive");
    service.verify(&new).await.expect(200);
}

#[tokio::test]
async fn logout_ends_the_session_and_is_no_error_for_a_token_that_is_dead() {
    let service = Service::start().await;
    let token = service.sign_in("alice").await;
    for presented in [token.as_str(), token.as_str(), "anything else"] {
        service.post("/v1/logout", json!({ "token": presented })).await.expect(204);
    }
    service.verify(&token).await.problem(401, "inactive");
    let listed = service.get("/v1/sessions?subject=alice").await.expect(200);
    assert_eq!(listed["items"][0]["ended"]["reason"], "logout");
    assert_eq!(listed["items"][0]["ended"]["actor"], "user");
}

#[tokio::test]
async fn another_subject_gets_another_session() {
    let service = Service::start().await;
    let made = service.create(json!({ "subject": "alice", "data": { "private": 1 } })).await;
    let body = json!({ "token": token(&made), "subject": "bob" });
    let bobs = service.post("/v1/authenticate", body).await.expect(200);
    assert_ne!(id(&bobs), id(&made));
    assert_eq!(bobs["session"]["data"], json!({}));
    let alices = service.get(&format!("/v1/sessions/{}", id(&made))).await.expect(200);
    assert_eq!(alices["ended"]["reason"], "replaced");
}

#[tokio::test]
async fn a_remembered_session_has_a_cookie_that_outlives_the_browser() {
    let service = Service::start().await;
    let made = service.create(json!({ "subject": "alice", "remember": true })).await;
    assert_eq!(made["session"]["profile"], "remember");
    assert!(made["cookie"].as_str().expect("text").ends_with("; Max-Age=2592000"), "{made}");
    let anonymous = service.create(json!({})).await;
    let body =
        json!({ "token": token(&anonymous), "subject": "bob", "profile": "remember", "client": { "ip": "::1" } });
    let signed_in = service.post("/v1/authenticate", body).await.expect(200);
    assert_eq!(signed_in["session"]["profile"], "remember");
    assert_eq!(signed_in["session"]["client"]["ip"], "::1");
}

#[tokio::test]
async fn verify_asks_for_level_and_freshness() {
    let service = Service::start().await;
    let made = service.create(json!({ "subject": "alice", "authentication": { "level": 1 } })).await;
    let ask = |require: serde_json::Value| json!({ "token": token(&made), "require": require });
    service.post("/v1/verify", ask(json!({ "level": 1, "fresh_within": 60 }))).await.expect(200);
    service.post("/v1/verify", ask(json!({ "level": 2 }))).await.problem(403, "step_up_required");
    service.clock.advance(std::time::Duration::from_secs(61));
    service.post("/v1/verify", ask(json!({ "fresh_within": 60 }))).await.problem(403, "step_up_required");
    service.post("/v1/verify", ask(json!({ "fresh_within": 61 }))).await.expect(200);
    let anonymous = token(&service.create(json!({})).await);
    let body = json!({ "token": anonymous, "require": { "fresh_within": 600 } });
    service.post("/v1/verify", body).await.problem(403, "step_up_required");
}

#[tokio::test]
async fn a_verification_that_is_no_use_leaves_the_session_to_time_out() {
    let service = Service::start().await;
    let token = service.sign_in("alice").await;
    for _ in 0..3 {
        service.clock.advance(std::time::Duration::from_mins(10));
        service.post("/v1/verify", json!({ "token": token, "touch": false })).await;
    }
    service.verify(&token).await.problem(401, "inactive");
    let used = service.sign_in("alice").await;
    for _ in 0..5 {
        service.clock.advance(std::time::Duration::from_mins(10));
        service.verify(&used).await.expect(200);
    }
}

#[tokio::test]
async fn realms_do_not_see_each_other() {
    let service = Service::start().await;
    let mut keys = Vec::new();
    for realm in ["shop", "bank"] {
        let body = json!({ "name": realm, "role": "admin", "realm": realm });
        keys.push(token_of_key(&service.post("/v1/keys", body).await.expect(201)));
    }
    let create = service.request(Method::POST, "/v1/sessions", &keys[0]).json(&json!({ "subject": "alice" }));
    let made = service.send(create).await.expect(201);
    assert_eq!(made["session"]["realm"], "shop");
    for (key, status) in [(&keys[0], 200), (&keys[1], 404), (&ADMIN.to_owned(), 404)] {
        let path = format!("/v1/sessions/{}", id(&made));
        assert_eq!(service.send(service.request(Method::GET, &path, key)).await.status, status);
        let verify = service.request(Method::POST, "/v1/verify", key).json(&json!({ "token": token(&made) }));
        assert_eq!(service.send(verify).await.status, if status == 200 { 200 } else { 401 });
    }
    let listed = service.send(service.request(Method::GET, "/v1/sessions", &keys[1])).await.expect(200);
    assert_eq!(listed["items"], json!([]));
}

fn token_of_key(made: &serde_json::Value) -> String {
    made["key"].as_str().expect("a key").to_owned()
}
