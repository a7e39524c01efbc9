use serde_json::json;

use crate::service::{Service, id, token};

#[tokio::test]
async fn a_filter_is_tried_dry_and_then_ends_what_matches() {
    let service = Service::start().await;
    let mut alices = Vec::new();
    for _ in 0..12 {
        alices.push(service.create(json!({ "subject": "alice", "client": { "ip": "203.0.113.9" } })).await);
    }
    let bobs = service.create(json!({ "subject": "bob", "client": { "ip": "198.51.100.1" } })).await;
    let body = json!({ "filter": { "ip": "203.0.113.0/24" }, "reason": "breach", "dry_run": true });
    let dry = service.post("/v1/revoke", body).await.expect(200);
    assert_eq!((dry["matched"].as_u64(), dry["revoked"].as_u64()), (Some(12), Some(0)));
    assert_eq!(dry["sample"].as_array().map(Vec::len), Some(10));
    service.verify(&token(&alices[0])).await.expect(200);
    let body = json!({ "filter": { "ip": "203.0.113.0/24" }, "reason": "breach" });
    let done = service.post("/v1/revoke", body.clone()).await.expect(200);
    assert_eq!((done["matched"].as_u64(), done["revoked"].as_u64(), done["next"].as_str()), (Some(12), Some(12), None));
    for made in &alices {
        service.verify(&token(made)).await.problem(401, "inactive");
    }
    service.verify(&token(&bobs)).await.expect(200);
    let again = service.post("/v1/revoke", body).await.expect(200);
    assert_eq!((again["matched"].as_u64(), again["revoked"].as_u64()), (Some(0), Some(0)));
}

#[tokio::test]
async fn a_revocation_in_batches_goes_on_where_it_stopped() {
    let service = Service::start().await;
    for _ in 0..7 {
        service.sign_in("alice").await;
    }
    let mut cursor = json!(null);
    let mut batches = Vec::new();
    loop {
        let body = json!({ "filter": {}, "reason": "all out", "limit": 3, "cursor": cursor });
        let done = service.post("/v1/revoke", body).await.expect(200);
        batches.push(done["revoked"].as_u64().expect("a number"));
        cursor = done["next"].clone();
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!(batches, [3, 3, 1]);
}

#[tokio::test]
async fn all_sessions_of_a_subject_end_but_the_one_that_is_spared() {
    let service = Service::start().await;
    let kept = service.create(json!({ "subject": "a/b c" })).await;
    let other = service.sign_in("a/b c").await;
    let body = json!({ "reason": "new phone", "except": id(&kept) });
    let done = service.post("/v1/subjects/a%2Fb%20c/revoke", body).await.expect(200);
    assert_eq!(done["revoked"], 1);
    service.verify(&other).await.problem(401, "inactive");
    service.verify(&token(&kept)).await.expect(200);
    let done = service.post("/v1/subjects/a%2Fb%20c/revoke", json!({ "reason": "gone" })).await.expect(200);
    assert_eq!(done["revoked"], 1);
    service.verify(&token(&kept)).await.problem(401, "inactive");
}

#[tokio::test]
async fn ending_what_has_ended_ends_nothing_and_what_never_was_is_not_found() {
    let service = Service::start().await;
    let name = id(&service.create(json!({})).await);
    let path = format!("/v1/sessions/{name}/revoke");
    assert_eq!(service.post(&path, json!({ "reason": "x" })).await.expect(200)["revoked"], 1);
    assert_eq!(service.post(&path, json!({ "reason": "x" })).await.expect(200)["revoked"], 0);
    let path = "/v1/sessions/AAAAAAAAAAAAAAAAAAAAAA/revoke";
    service.post(path, json!({ "reason": "x" })).await.problem(404, "not_found");
}
