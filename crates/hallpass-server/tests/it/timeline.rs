use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};

use crate::service::{ADMIN, Service, id, token};

fn kinds(timeline: &Value) -> Vec<&str> {
    timeline["items"].as_array().expect("a list").iter().filter_map(|event| event["kind"].as_str()).collect()
}

#[tokio::test]
async fn a_living_session_shows_what_happened_and_which_timeouts_are_left() {
    let service = Service::start().await;
    let made = service.create(json!({ "client": { "ip": "198.51.100.7" } })).await;
    let body = json!({ "token": token(&made), "subject": "alice" });
    let signed_in = service.post("/v1/authenticate", body).await.expect(200);
    service.clock.advance(Duration::from_mins(10));
    let renewed = service.post("/v1/renew", json!({ "token": token(&signed_in) })).await.expect(200);
    service.verify(&token(&renewed)).await.expect(200);
    service.clock.advance(Duration::from_secs(100));
    let path = format!("/v1/sessions/{}/timeline", id(&made));
    let timeline = service.get(&path).await.expect(200);
    assert_eq!(kinds(&timeline), ["created", "authenticated", "renewed"]);
    assert_eq!(timeline["items"][0]["origin"]["ip"], "198.51.100.7");
    assert_eq!(timeline["items"][0]["actor"], "operator:first admin#first");
    assert_eq!(timeline["items"][1]["actor"], "user");
    assert_eq!(
        timeline["timeouts"],
        json!({ "idle": 1700, "absolute": 4 * 3600 - 700, "renewal": 3500, "locks": false })
    );
    assert!(timeline.get("ending").is_none());
    let page = service.get(&format!("{path}?limit=2")).await.expect(200);
    let rest = service.get(&format!("{path}?cursor={}", page["next"].as_str().expect("more"))).await.expect(200);
    assert_eq!((kinds(&page), kinds(&rest)), (vec!["created", "authenticated"], vec!["renewed"]));
}

#[tokio::test]
async fn an_ended_session_shows_who_ended_it_and_by_which_request() {
    let service = Service::start().await;
    let made = service.create(json!({ "subject": "alice" })).await;
    let path = format!("/v1/sessions/{}", id(&made));
    let revoke = service.request(Method::POST, &format!("{path}/revoke"), ADMIN).header("x-request-id", "ticket-77");
    service.send(revoke.json(&json!({ "reason": "lost laptop" }))).await.expect(200);
    let timeline = service.get(&format!("{path}/timeline")).await.expect(200);
    assert_eq!(kinds(&timeline), ["created", "revoked"]);
    assert_eq!(
        timeline["ending"],
        json!({
            "at": "2026-01-01T00:00:00.000Z", "reason": "revoked", "clock": null, "actor": "operator:first admin#first",
            "policy": { "profile": "default", "idle": 1800, "absolute": 14400 },
            "request_id": "ticket-77", "route": "POST /v1/sessions/{id}/revoke", "ip": null, "note": "lost laptop",
        })
    );
    assert!(timeline.get("timeouts").is_none());
    assert_eq!(
        timeline["explanation"],
        "The session ended at 2026-01-01T00:00:00.000Z: the operator first admin (API key first) ended it, and said: \
         \u{201c}lost laptop\u{201d}. That came with the request ticket-77 (POST /v1/sessions/{id}/revoke)."
    );
}

#[tokio::test]
async fn an_expired_session_shows_which_clock_ended_it_before_and_after_the_sweep() {
    let service = Service::start().await;
    let made = service.create(json!({ "subject": "alice" })).await;
    service.clock.advance(Duration::from_mins(30));
    let path = format!("/v1/sessions/{}/timeline", id(&made));
    for is_swept in [false, true] {
        let timeline = service.get(&path).await.expect(200);
        assert_eq!(timeline["session"]["state"], "ended");
        assert_eq!(timeline["ending"]["clock"], "idle");
        assert_eq!(timeline["ending"]["actor"], "policy");
        assert_eq!(timeline["ending"]["at"], "2026-01-01T00:30:00.000Z");
        assert_eq!(kinds(&timeline).contains(&"expired"), is_swept);
        service.post("/v1/sweep", json!({})).await.expect(200);
    }
}
