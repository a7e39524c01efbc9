use std::time::Duration;

use futures_util::StreamExt as _;
use hallpass::testing::Method as Asked;
use reqwest::Method;
use serde_json::json;

use crate::service::{ADMIN, Service, config};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_service_that_is_told_to_stop_finishes_what_is_under_way() {
    let mut service = Service::start().await;
    let token = service.sign_in("alice").await;
    let gate = service.store.hold_next(Asked::Load);
    let request = service.request(Method::POST, "/v1/verify", ADMIN).json(&json!({ "token": token }));
    let under_way = tokio::spawn(request.send());
    gate.reached().await;
    let stream = service.request(Method::GET, "/v1/events/stream", ADMIN).send().await.expect("a stream");
    service.stop();
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!service.running.is_finished(), "a request is under way");
    let refused = service.client.get(format!("{}/livez", service.base)).send().await;
    assert!(refused.is_err(), "nothing new is taken in");
    gate.open();
    let answer = under_way.await.expect("no panic").expect("an answer");
    assert_eq!(answer.status(), 200);
    let mut events = stream.bytes_stream();
    while let Some(chunk) = tokio::time::timeout(Duration::from_secs(5), events.next()).await.expect("the stream ends")
    {
        chunk.expect("and is not torn");
    }
    tokio::time::timeout(Duration::from_secs(5), &mut service.running).await.expect("in time").expect("without error");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_does_not_finish_in_time_is_cut_off() {
    let mut config = config();
    config.limits.drain_timeout = 1;
    let mut service = Service::with(config).await;
    let token = service.sign_in("alice").await;
    let gate = service.store.hold_next(Asked::Load);
    let request = service.request(Method::POST, "/v1/verify", ADMIN).json(&json!({ "token": token }));
    let _under_way = tokio::spawn(request.send());
    gate.reached().await;
    service.stop();
    tokio::time::timeout(Duration::from_secs(5), &mut service.running).await.expect("in time").expect("without error");
    gate.open();
}
