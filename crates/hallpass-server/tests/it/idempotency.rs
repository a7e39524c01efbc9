use reqwest::Method;
use serde_json::{Value, json};

use crate::service::{ADMIN, Answer, Service, id, token};

async fn call(service: &Service, path: &str, api_key: &str, key: &str, body: &Value) -> Answer {
    let request = service.request(Method::POST, path, api_key).header("idempotency-key", key).json(body);
    service.send(request).await
}

#[tokio::test]
async fn a_retry_of_a_creation_finds_the_session_with_a_new_token() {
    let service = Service::start().await;
    let body = json!({ "subject": "alice" });
    let first = call(&service, "/v1/sessions", ADMIN, "try-1", &body).await.expect(201);
    let again = call(&service, "/v1/sessions", ADMIN, "try-1", &body).await.expect(201);
    assert_eq!(id(&again), id(&first));
    assert_ne!(token(&again), token(&first), "no answer with a token is kept");
    service.verify(&token(&first)).await.problem(401, "inactive");
    service.verify(&token(&again)).await.expect(200);
    let other = call(&service, "/v1/sessions", ADMIN, "try-2", &body).await.expect(201);
    assert_ne!(id(&other), id(&first));
    let for_bob = call(&service, "/v1/sessions", ADMIN, "try-1", &json!({ "subject": "bob" })).await;
    for_bob.problem(409, "idempotency_key_used");
    assert_eq!(service.get("/v1/sessions").await.expect(200)["items"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn callers_with_the_same_key_do_not_meet() {
    let service = Service::start().await;
    let (one, other) = (service.key("app").await, service.key("app").await);
    let body = json!({ "subject": "alice" });
    let first = call(&service, "/v1/sessions", &one, "same", &body).await.expect(201);
    let second = call(&service, "/v1/sessions", &other, "same", &body).await.expect(201);
    assert_ne!(id(&first), id(&second));
    service.verify(&token(&first)).await.expect(200);
}

#[tokio::test]
async fn a_retry_of_a_sign_in_finds_the_session_of_the_first_try() {
    let service = Service::start().await;
    let anonymous = service.create(json!({})).await;
    let body = json!({ "token": token(&anonymous), "subject": "alice" });
    let first = call(&service, "/v1/authenticate", ADMIN, "login-1", &body).await.expect(200);
    let again = call(&service, "/v1/authenticate", ADMIN, "login-1", &body).await.expect(200);
    assert_eq!((id(&first), id(&again)), (id(&anonymous), id(&anonymous)));
    service.verify(&token(&again)).await.expect(200);
    call(&service, "/v1/authenticate", ADMIN, "login-2", &body).await.problem(401, "inactive");
    let for_bob = json!({ "token": token(&anonymous), "subject": "bob" });
    call(&service, "/v1/authenticate", ADMIN, "login-1", &for_bob).await.problem(409, "idempotency_key_used");
}

#[tokio::test]
async fn one_key_may_serve_different_calls() {
    let service = Service::start().await;
    let alice = json!({ "subject": "alice" });
    let made = call(&service, "/v1/sessions", ADMIN, "same", &alice).await.expect(201);
    let body = json!({ "token": token(&made), "subject": "bob" });
    let signed_in = call(&service, "/v1/authenticate", ADMIN, "same", &body).await.expect(200);
    assert_ne!(id(&signed_in), id(&made));
}

#[tokio::test]
async fn a_key_that_is_no_key_is_refused() {
    let service = Service::start().await;
    for bad in ["", " ", "two words", &"x".repeat(256)] {
        let answer = call(&service, "/v1/sessions", ADMIN, bad, &json!({})).await;
        assert_eq!(answer.problem(422, "invalid_field")["field"], "Idempotency-Key", "{bad}");
    }
    assert_eq!(service.get("/v1/sessions").await.expect(200)["items"], json!([]));
}
