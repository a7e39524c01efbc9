use std::collections::BTreeSet;
use std::sync::Arc;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

use crate::service::{ADMIN, Service, id, token};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixty_four_parallel_renewals_give_one_successor() {
    let service = Arc::new(Service::start().await);
    let first = service.sign_in("alice").await;
    let renewals = (0..64).map(|_| service.post("/v1/renew", json!({ "token": first })));
    let answers = join_all(renewals).await;
    let successors: BTreeSet<_> = answers.iter().map(|answer| token(&answer.expect(200))).collect();
    assert_eq!(successors.len(), 1, "{} successors", successors.len());
    let successor = successors.into_iter().next().expect("one");
    assert_ne!(successor, first);
    service.verify(&successor).await.expect(200);
    let listed = service.get("/v1/sessions?subject=alice").await.expect(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1));
    assert_eq!(listed["items"][0]["generation"], 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_changes_to_one_version_of_the_data_one_is_made() {
    let service = Arc::new(Service::start().await);
    let name = id(&service.create(json!({ "data": { "n": 0 } })).await);
    let path = format!("/v1/sessions/{name}/data");
    let tag = service.get(&path).await.headers["etag"].clone();
    let changes = (0..32).map(|n| {
        let request =
            service.request(Method::PATCH, &path, ADMIN).header("if-match", &tag).json(&json!({ "n": n + 1 }));
        service.send(request)
    });
    let answers = join_all(changes).await;
    let made: Vec<_> = answers.iter().filter(|answer| answer.status == 200).collect();
    assert_eq!(made.len(), 1);
    for answer in answers.iter().filter(|answer| answer.status != 200) {
        answer.problem(412, "precondition_failed");
    }
    let now = service.get(&path).await;
    assert_eq!((now.json(), &now.headers["etag"]), (made[0].json(), &made[0].headers["etag"]));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn changes_to_different_keys_are_all_kept() {
    let service = Arc::new(Service::start().await);
    let name = id(&service.create(json!({})).await);
    let path = format!("/v1/sessions/{name}/data");
    let changes = (0..50).map(|n| {
        let change = json!({ "deep": { format!("k{n}"): n } });
        service.send(service.request(Method::PATCH, &path, ADMIN).json(&change))
    });
    for answer in join_all(changes).await {
        answer.expect(200);
    }
    let data = service.get(&path).await.expect(200);
    assert_eq!(data["deep"].as_object().map(serde_json::Map::len), Some(50));
}
