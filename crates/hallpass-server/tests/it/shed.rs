use hallpass::testing::Method as Asked;
use reqwest::Method;
use serde_json::json;

use crate::service::{ADMIN, Service, config};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_with_all_the_work_it_can_do_says_so_at_once() {
    let mut config = config();
    config.limits.requests = 1;
    let service = Service::with(config).await;
    let token = service.sign_in("alice").await;
    let gate = service.store.hold_next(Asked::Load);
    let request = service.request(Method::POST, "/v1/verify", ADMIN).json(&json!({ "token": token }));
    let under_way = tokio::spawn(request.send());
    gate.reached().await;
    let refused = service.verify(&token).await;
    refused.problem(503, "overloaded");
    assert!(refused.headers.contains_key("retry-after"));
    for path in ["/livez", "/readyz", "/metrics"] {
        service.send(service.request(Method::GET, path, "")).await.expect_status(200);
    }
    gate.open();
    assert_eq!(under_way.await.expect("no panic").expect("an answer").status(), 200);
    service.verify(&token).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_question_about_its_health_takes_no_place_from_work() {
    let mut config = config();
    config.limits.requests = 1;
    let service = Service::with(config).await;
    let token = service.sign_in("alice").await;
    let gate = service.store.hold_next(Asked::Load);
    let waiting = tokio::spawn(service.request(Method::GET, "/readyz", "").send());
    gate.reached().await;
    service.verify(&token).await.expect(200);
    gate.open();
    assert_eq!(waiting.await.expect("no panic").expect("an answer").status(), 200);
}
