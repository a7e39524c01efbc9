use std::time::Duration;

use hallpass_server::Config;
use serde_json::json;

use crate::service::{Service, config, id};

/// Waits until the timeline of a session ends in `kind`, without touching the session.
async fn comes_to(service: &Service, name: &str, kind: &str) {
    for _ in 0..100 {
        let events = service.get(&format!("/v1/events?session={name}&kind={kind}")).await;
        if events.status == 200 && events.json()["items"] != json!([]) {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("no {kind} in ten seconds");
}

#[tokio::test]
async fn sessions_whose_time_is_over_end_by_themselves_also_after_an_outage() {
    let service = Service::with(Config { sweep_interval: 1, ..config() }).await;
    let first = id(&service.create(json!({ "subject": "alice" })).await);
    service.clock.advance(Duration::from_mins(31));
    comes_to(&service, &first, "expired").await;
    let shown = service.get(&format!("/v1/sessions/{first}")).await.expect(200);
    assert_eq!(shown["ended"]["reason"], "idle");

    let second = id(&service.create(json!({ "subject": "alice" })).await);
    service.store.outage(true);
    service.clock.advance(Duration::from_mins(31));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    service.store.outage(false);
    comes_to(&service, &second, "expired").await;

    service.clock.advance(Duration::from_hours(24 * 8));
    for _ in 0..100 {
        if service.get(&format!("/v1/sessions/{first}")).await.status == 404 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("what ended long ago is forgotten");
}

#[tokio::test]
async fn a_sweep_can_be_asked_for() {
    let service = Service::start().await;
    for _ in 0..3 {
        service.sign_in("alice").await;
    }
    service.clock.advance(Duration::from_mins(31));
    assert_eq!(
        service.post("/v1/sweep", json!({ "limit": 2 })).await.expect(200),
        json!({ "expired": 2, "forgotten": 0 })
    );
    assert_eq!(service.post("/v1/sweep", json!({})).await.expect(200), json!({ "expired": 1, "forgotten": 0 }));
}
