//! Access tokens beside sessions of a store.

use std::sync::Arc;
use std::time::Duration;

use hallpass::testing::FaultyStore;
use hallpass::{Capabilities, Jwt, MemorySettings, MemoryStore, Timestamp};
use hallpass_server::stores::Opened;
use reqwest::Method;
use serde_json::{Value, json};

use crate::service::{ADMIN, Service, access, hybrid, id, token};

fn instant(value: &Value) -> Timestamp {
    value.as_str().expect("a time").parse().expect("a time")
}

#[tokio::test]
async fn every_answer_that_hands_out_a_token_has_an_access_token_for_five_minutes() {
    let service = Service::with(hybrid()).await;
    let created = service.create(json!({ "subject": "alice", "data": { "cart": 3 } })).await;
    let renewed = service.post("/v1/renew", json!({ "token": token(&created) })).await.expect(200);
    let body = json!({ "token": token(&renewed), "subject": "alice", "authentication": { "level": 2 } });
    let authenticated = service.post("/v1/authenticate", body).await.expect(200);
    for answer in [&created, &renewed, &authenticated] {
        assert_eq!(answer["expires_in"], 300, "{answer}");
        let now = instant(&answer["session"]["seen_at"]);
        assert_eq!(instant(&answer["access_expires_at"]), now.plus(Duration::from_mins(5)));
    }
    let verified = service.verify_access(&access(&authenticated)).await.expect(200);
    assert_eq!((&verified["active"], &verified["renew_due"]), (&json!(true), &json!(false)));
    let session = &verified["session"];
    assert_eq!((&session["id"], &session["subject"]), (&created["session"]["id"], &json!("alice")));
    assert_eq!((&session["level"], session.get("data")), (&json!(2), None), "data stays in the store");

    let anonymous = service.create(json!({})).await;
    for field in ["access_token", "access_expires_at", "expires_in"] {
        assert_eq!(anonymous.get(field), None, "there is nobody whom it could stand for");
    }
}

#[tokio::test]
async fn jwt_15_an_access_token_is_judged_by_its_time_and_by_what_is_required() {
    let service = Service::with(hybrid()).await;
    let made = service.create(json!({ "subject": "alice" })).await;
    let ask = async |require: Value| {
        let body = json!({ "access_token": access(&made), "require": require, "max_staleness": 5 });
        service.post("/v1/verify", body).await
    };
    ask(json!({ "level": 1, "fresh_within": 60 })).await.expect(200);
    ask(json!({ "level": 2 })).await.problem(403, "step_up_required");
    service.clock.advance(Duration::from_mins(2));
    ask(json!({ "fresh_within": 60 })).await.problem(403, "step_up_required");
    let both = json!({ "access_token": access(&made), "token": token(&made) });
    assert_eq!(service.post("/v1/verify", both).await.problem(422, "invalid_field")["field"], "access_token");
    service.verify_access(&token(&made)).await.problem(401, "inactive");
    service.verify(&access(&made)).await.problem(401, "inactive");
    service.clock.advance(Duration::from_secs(3 * 60 + 31));
    service.verify_access(&access(&made)).await.problem(401, "inactive");
    service.verify(&token(&made)).await.expect(200);
}

#[tokio::test]
async fn whatever_ends_a_session_ends_its_access_tokens_by_the_time_that_is_answered() {
    let service = Service::with(hybrid()).await;
    let mut ends = Vec::new();
    for _ in 0..6 {
        ends.push(service.create(json!({ "subject": "alice" })).await);
    }
    let other = service.create(json!({ "subject": "bob" })).await;
    let now = instant(&other["session"]["created_at"]);
    let by = |place: usize| (token(&ends[place]), id(&ends[place]));
    service.post("/v1/logout", json!({ "token": by(0).0 })).await.expect(204);
    let calls = [
        (format!("/v1/sessions/{}/revoke", by(1).1), json!({ "reason": "stolen" })),
        ("/v1/self/revoke".to_owned(), json!({ "token": by(3).0, "id": by(2).1 })),
        ("/v1/self/revoke".to_owned(), json!({ "token": by(3).0, "others": true })),
        ("/v1/subjects/alice/revoke".to_owned(), json!({ "reason": "all" })),
    ];
    for (path, body) in calls {
        let effect = service.post(&path, body).await.expect(200);
        assert_eq!(instant(&effect["effective_at"]), now, "a store that is asked each time: {path}");
    }
    for ended in &ends {
        service.verify_access(&access(ended)).await.problem(401, "inactive");
    }
    service.verify_access(&access(&other)).await.expect(200);
    let again = service.create(json!({ "subject": "alice" })).await;
    service.verify_access(&access(&again)).await.expect(200);
    let chain = service.post("/v1/renew", json!({ "token": token(&again), "new_chain": true })).await.expect(200);
    service.verify_access(&access(&again)).await.problem(401, "inactive");
    service.verify_access(&access(&chain)).await.expect(200);
    service.post("/v1/revoke", json!({ "filter": {}, "reason": "all" })).await.expect(200);
    service.verify_access(&access(&chain)).await.problem(401, "inactive");
}

#[tokio::test]
async fn where_no_revocation_can_be_kept_the_answer_says_how_long_a_token_lives() {
    let store = FaultyStore::new(MemoryStore::new()).limited_to(Capabilities::default());
    let opened = Opened { store: Arc::new(store.clone()), settings: Arc::new(MemorySettings::default()) };
    let service = Service::on(hybrid(), store, opened).await;
    let made = service.create(json!({ "subject": "alice" })).await;
    let path = format!("/v1/sessions/{}/revoke", id(&made));
    let effect = service.post(&path, json!({ "reason": "stolen" })).await.expect(200);
    let now = instant(&made["session"]["created_at"]);
    assert_eq!(instant(&effect["effective_at"]), now.plus(Duration::from_mins(5) + Jwt::LEEWAY), "clocks may differ");
    service.verify(&token(&made)).await.problem(401, "inactive");
    service.verify_access(&access(&made)).await.expect(200);
}

#[tokio::test]
async fn while_the_store_is_away_an_access_token_is_503_and_never_401() {
    let service = Service::with(hybrid()).await;
    let made = service.create(json!({ "subject": "alice" })).await;
    service.store.outage(true);
    let away = service.post("/v1/verify", json!({ "access_token": access(&made), "max_staleness": 0 })).await;
    away.problem(503, "unavailable");
    assert!(away.headers.contains_key("retry-after"), "{away:?}");
    for path in ["/oauth2/introspect", "/oauth2/revoke"] {
        for shown in [access(&made), token(&made)] {
            let away = service.form(path, &[("token", &shown)]).await;
            away.problem(503, "unavailable");
            assert!(away.headers.contains_key("retry-after"), "{away:?}");
        }
    }
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", &token(&made))];
    service.form("/oauth2/token", &refresh).await.problem(503, "unavailable");
    // What was never signed here is not good, whatever the store would say.
    service.verify_access("a.b.c").await.problem(401, "inactive");
    service.store.outage(false);
    service.verify_access(&access(&made)).await.expect(200);
    service.form("/oauth2/token", &refresh).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_refresh_that_is_under_way_at_the_stop_is_answered() {
    let mut service = Service::with(hybrid()).await;
    let made = service.create(json!({ "subject": "alice" })).await;
    let gate = service.store.hold_next(hallpass::testing::Method::Load);
    let body = crate::service::encoded(&[("grant_type", "refresh_token"), ("refresh_token", &token(&made))]);
    let request = service.request(Method::POST, "/oauth2/token", ADMIN);
    let under_way = tokio::spawn(request.header("content-type", crate::service::FORM).body(body).send());
    gate.reached().await;
    service.stop();
    gate.open();
    let answer = under_way.await.expect("no panic").expect("an answer");
    assert_eq!(answer.status(), 200);
    tokio::time::timeout(Duration::from_secs(5), &mut service.running).await.expect("in time").expect("without error");
}

#[tokio::test]
async fn access_tokens_are_counted_and_so_is_what_was_asked_of_revocations() {
    let service = Service::with(hybrid()).await;
    let made = service.create(json!({ "subject": "alice" })).await;
    service.verify_access(&access(&made)).await.expect(200);
    service.post("/v1/logout", json!({ "token": token(&made) })).await.expect(204);
    service.verify_access(&access(&made)).await.problem(401, "inactive");
    let metrics = service.send(service.request(Method::GET, "/metrics", "")).await;
    for line in [
        "hallpass_access_tokens_total 1",
        r#"hallpass_revocation_checks_total{by="memory"} 0"#,
        r#"hallpass_revocation_checks_total{by="store"} 2"#,
        "hallpass_revocations_held 1",
        "hallpass_revocation_lag_seconds 0.0",
        r#"hallpass_verifications_total{result="active"} 1"#,
        r#"hallpass_verifications_total{result="inactive"} 1"#,
    ] {
        assert!(metrics.body.contains(line), "{line} is not in {}", metrics.body);
    }
    assert!(!metrics.body.contains(&access(&made)) && !metrics.body.contains("alice"));
}

#[tokio::test]
async fn without_access_tokens_there_are_no_keys_and_no_places_to_find() {
    let service = Service::start().await;
    for path in ["/.well-known/jwks.json", "/.well-known/oauth-authorization-server"] {
        service.get(path).await.problem(404, "not_found");
    }
    let token = service.sign_in("alice").await;
    let refresh = [("grant_type", "refresh_token"), ("refresh_token", token.as_str())];
    let refused = service.form("/oauth2/token", &refresh).await.expect(400);
    assert_eq!(refused["error"], "unsupported_grant_type");
    let known = service.form("/oauth2/introspect", &[("token", &token)]).await.expect(200);
    assert_eq!((&known["token_use"], &known["token_type"]), (&json!("session"), &json!("Bearer")));
}
