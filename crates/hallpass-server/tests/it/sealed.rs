//! Sessions that their clients carry, sealed.

use std::time::Duration;

use hallpass_server::{Config, Tokens};
use serde_json::json;

use crate::service::{ADMIN, Service, config, id, token};

fn sealed() -> Config {
    Config { tokens: Tokens::Sealed, ..config() }
}

#[tokio::test]
async fn the_token_and_the_cookie_are_the_sealed_session() {
    let service = Service::with(sealed()).await;
    let made = service.create(json!({ "subject": "alice", "data": { "cart": "CANARY" } })).await;
    let shown = token(&made);
    assert!(
        made["cookie"].as_str().is_some_and(|cookie| cookie.starts_with(&format!("__Host-sid={shown};"))),
        "{made}"
    );
    assert_eq!(made.get("access_token"), None);
    assert!(shown.len() > 200 && !shown.contains("CANARY"));
    let verified = service.verify(&shown).await.expect(200);
    assert_eq!(
        (&verified["session"]["id"], &verified["session"]["data"]["cart"]),
        (&made["session"]["id"], &json!("CANARY"))
    );
    for (place, _) in shown.char_indices().step_by(7) {
        let mut changed = shown.clone().into_bytes();
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        service.verify(&String::from_utf8(changed).expect("ASCII")).await.problem(401, "inactive");
    }
    let known = service.form("/oauth2/introspect", &[("token", &shown)]).await.expect(200);
    assert_eq!((&known["sub"], &known["token_use"]), (&json!("alice"), &json!("session")));
}

#[tokio::test]
async fn use_that_only_the_next_token_can_note_asks_for_it() {
    let service = Service::with(sealed()).await;
    let mut shown = service.sign_in("alice").await;
    assert_eq!(service.verify(&shown).await.expect(200)["renew_due"], false);
    let before = shown.clone();
    for _ in 0..4 {
        service.clock.advance(Duration::from_mins(20));
        assert_eq!(service.verify(&shown).await.expect(200)["renew_due"], true);
        shown = token(&service.post("/v1/renew", json!({ "token": shown })).await.expect(200));
    }
    service.verify(&shown).await.expect(200);
    service.verify(&before).await.problem(401, "inactive");
}

#[tokio::test]
async fn enc_8_every_end_is_heeded_though_nobody_stores_the_session() {
    let service = Service::with(sealed()).await;
    let out = service.sign_in("alice").await;
    service.post("/v1/logout", json!({ "token": out })).await.expect(204);
    service.verify(&out).await.problem(401, "inactive");
    let made = service.create(json!({ "subject": "alice" })).await;
    let path = format!("/v1/sessions/{}/revoke", id(&made));
    service.post(&path, json!({ "reason": "stolen" })).await.expect(200);
    service.verify(&token(&made)).await.problem(401, "inactive");
    let (mine, other) = (service.sign_in("alice").await, service.sign_in("bob").await);
    service.post("/v1/subjects/alice/revoke", json!({ "reason": "all" })).await.expect(200);
    service.verify(&mine).await.problem(401, "inactive");
    service.verify(&other).await.expect(200);
    let again = service.sign_in("alice").await;
    let chain = token(&service.post("/v1/renew", json!({ "token": again, "new_chain": true })).await.expect(200));
    service.verify(&again).await.problem(401, "inactive");
    service.form("/oauth2/revoke", &[("token", &chain)]).await.expect(200);
    service.verify(&chain).await.problem(401, "inactive");
    service.verify(&service.sign_in("alice").await).await.expect(200);
}

#[tokio::test]
async fn what_carried_sessions_cannot_do_is_said() {
    let service = Service::with(sealed()).await;
    let made = service.create(json!({ "subject": "alice" })).await;
    let name = id(&made);
    for path in [
        "/v1/sessions".to_owned(),
        "/v1/subjects/alice/sessions".to_owned(),
        "/v1/events".to_owned(),
        format!("/v1/sessions/{name}"),
        format!("/v1/sessions/{name}/data"),
        format!("/v1/sessions/{name}/timeline"),
    ] {
        service.get(&path).await.problem(501, "unsupported");
    }
    let patch = service.request(reqwest::Method::PATCH, &format!("/v1/sessions/{name}/data"), ADMIN);
    service.send(patch.json(&json!({ "a": 1 }))).await.problem(501, "unsupported");
    service.post("/v1/revoke", json!({ "filter": {}, "reason": "x" })).await.problem(501, "unsupported");
    service.post("/v1/self/sessions", json!({ "token": token(&made) })).await.problem(501, "unsupported");
    let large = json!({ "subject": "alice", "data": { "note": "x".repeat(4000) } });
    service.post("/v1/sessions", large).await.problem(413, "data_too_large");
    service.get("/.well-known/jwks.json").await.problem(404, "not_found");
}

#[tokio::test]
async fn while_the_store_of_revocations_is_away_nobody_is_logged_out() {
    let service = Service::with(sealed()).await;
    let shown = service.sign_in("alice").await;
    service.get("/readyz").await.expect(200);
    service.store.outage(true);
    service.verify(&shown).await.problem(503, "unavailable");
    service.post("/v1/logout", json!({ "token": shown })).await.problem(503, "unavailable");
    service.verify("x").await.problem(401, "inactive");
    // What the check before said is believed for half a second.
    tokio::time::sleep(Duration::from_millis(600)).await;
    service.get("/readyz").await.problem(503, "not_ready");
    service.store.outage(false);
    service.verify(&shown).await.expect(200);
}

#[tokio::test]
async fn a_sealed_session_of_one_realm_opens_in_no_other() {
    let service = Service::with(sealed()).await;
    let shown = service.sign_in("alice").await;
    let made = service.post("/v1/keys", json!({ "name": "shop", "role": "app", "realm": "shop" })).await.expect(201);
    let key = made["key"].as_str().expect("a key");
    let request = service.request(reqwest::Method::POST, "/v1/verify", key).json(&json!({ "token": shown }));
    service.send(request).await.problem(401, "inactive");
}
