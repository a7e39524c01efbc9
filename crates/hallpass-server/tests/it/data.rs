use reqwest::Method;
use serde_json::json;

use crate::service::{ADMIN, Answer, Service, id, token};

async fn patch(service: &Service, name: &str, body: &str, if_match: Option<&str>) -> Answer {
    let request = service.request(Method::PATCH, &format!("/v1/sessions/{name}/data"), ADMIN);
    let request = request.header("content-type", "application/merge-patch+json").body(body.to_owned());
    let request = if let Some(tag) = if_match { request.header("if-match", tag) } else { request };
    service.send(request).await
}

#[tokio::test]
async fn integers_that_readers_would_round_are_strings() {
    let service = Service::start().await;
    let request = service.request(Method::POST, "/v1/sessions", ADMIN).header("content-type", "application/json");
    let body =
        r#"{"data":{"n":9007199254740993,"huge":123456789012345678901234567890,"f":1.10,"s":"9007199254740993"}}"#;
    let made = service.send(request.body(body)).await;
    let expected =
        r#"{"n":"9007199254740993","huge":"123456789012345678901234567890","f":1.10,"s":"9007199254740993"}"#;
    made.expect(201);
    assert!(made.body.contains(expected), "{}", made.body);
    let name = id(&made.json());
    assert_eq!(service.get(&format!("/v1/sessions/{name}/data")).await.body, expected);
    let patched = patch(&service, &name, r#"{"f":null}"#, None).await;
    assert!(patched.body.contains(r#""huge":"123456789012345678901234567890""#), "{}", patched.body);
}

#[tokio::test]
async fn the_tag_moves_with_the_data_and_with_nothing_else() {
    let service = Service::start().await;
    let made = service.create(json!({ "data": { "a": 1 } })).await;
    let path = format!("/v1/sessions/{}/data", id(&made));
    let tag = |answer: &Answer| answer.headers["etag"].to_str().expect("text").to_owned();
    let first = tag(&service.get(&path).await);
    let renewed = service.post("/v1/renew", json!({ "token": token(&made) })).await.expect(200);
    service.verify(&token(&renewed)).await.expect(200);
    assert_eq!(tag(&service.get(&path).await), first);
    let changed = patch(&service, &id(&made), r#"{"a":2}"#, Some(&first)).await;
    changed.expect(200);
    assert_ne!(tag(&changed), first);
    let back = patch(&service, &id(&made), r#"{"a":1}"#, Some("*")).await;
    assert_eq!(tag(&back), first);
    patch(&service, &id(&made), r#"{"a":3}"#, Some("\"other\"")).await.problem(412, "precondition_failed");
    patch(&service, &id(&made), r#"{"a":3}"#, Some(&format!("W/{first}"))).await.problem(412, "precondition_failed");
    let listed = patch(&service, &id(&made), r#"{"a":3}"#, Some(&format!("\"other\", {first}"))).await;
    assert_eq!(listed.expect(200), json!({ "a": 3 }));
    let wrong = patch(&service, &id(&made), "{}", Some("bare")).await.problem(422, "invalid_field");
    assert_eq!(wrong["field"], "If-Match");
}

#[tokio::test]
async fn an_emptied_session_has_the_tag_of_one_that_never_had_data() {
    let service = Service::start().await;
    let (one, other) =
        (service.create(json!({ "data": { "a": 1 } })).await, service.create(json!({ "data": {} })).await);
    let emptied = patch(&service, &id(&one), r#"{"a":null}"#, None).await;
    assert_eq!(emptied.body, "{}");
    let never = service.get(&format!("/v1/sessions/{}/data", id(&other))).await;
    assert_eq!((never.body.as_str(), &never.headers["etag"]), ("{}", &emptied.headers["etag"]));
}

#[tokio::test]
async fn data_that_would_be_too_large_is_refused_and_nothing_is_written() {
    let config = hallpass_server::Config { data_limit: 1024, ..crate::service::config() };
    let service = Service::with(config).await;
    let large = "x".repeat(1024);
    let refused = service.post("/v1/sessions", json!({ "data": { "a": large } })).await;
    assert_eq!(refused.problem(413, "data_too_large")["field"], "data");
    assert_eq!(service.get("/v1/sessions").await.expect(200)["items"], json!([]));
    let name = id(&service.create(json!({ "data": { "a": "x".repeat(600) } })).await);
    let body = json!({ "b": "x".repeat(600) }).to_string();
    patch(&service, &name, &body, None).await.problem(413, "data_too_large");
    let data = service.get(&format!("/v1/sessions/{name}/data")).await.expect(200);
    assert_eq!(data.as_object().map(serde_json::Map::len), Some(1));
}

#[tokio::test]
async fn data_of_a_session_that_has_ended_is_not_found() {
    let service = Service::start().await;
    let made = service.create(json!({ "subject": "alice", "data": { "a": 1 } })).await;
    service.post("/v1/logout", json!({ "token": token(&made) })).await.expect(204);
    service.get(&format!("/v1/sessions/{}/data", id(&made))).await.problem(404, "not_found");
    patch(&service, &id(&made), "{}", None).await.problem(404, "not_found");
    patch(&service, "AAAAAAAAAAAAAAAAAAAAAA", "{}", None).await.problem(404, "not_found");
}
