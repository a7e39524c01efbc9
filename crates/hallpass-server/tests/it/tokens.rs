use serde_json::json;

use crate::service::{Answer, Service, token};

/// Returns what of an answer may not tell one refusal from another.
fn shape(answer: &Answer) -> (u16, String, Vec<(String, String)>) {
    let request_id = answer.headers["x-request-id"].to_str().expect("text");
    let mut headers: Vec<_> =
        answer.headers.iter().map(|(name, value)| (name.to_string(), format!("{value:?}"))).collect();
    headers.retain(|(name, _)| name != "x-request-id" && name != "date");
    headers.sort();
    (answer.status.as_u16(), answer.body.replace(request_id, ""), headers)
}

#[tokio::test]
async fn every_token_that_is_refused_is_refused_the_same() {
    let service = Service::start().await;
    let revoked = service.sign_in("alice").await;
    service.post("/v1/logout", json!({ "token": revoked })).await.expect(204);
    let expired = token(&service.create(json!({ "subject": "alice" })).await);
    service.clock.advance(std::time::Duration::from_hours(5));
    let living = service.sign_in("alice").await;
    let replaced = service.sign_in("alice").await;
    service.post("/v1/renew", json!({ "token": replaced, "new_chain": true })).await.expect(200);
    let wrong = format!("{}{}", &living[..40], "A".repeat(24));
    let unknown = format!("A{}", &living[1..]);

    let expected = shape(&service.verify("").await);
    assert_eq!(expected.0, 401);
    assert!(expected.1.contains("\"code\":\"inactive\""));
    for bad in
        [revoked.as_str(), &expired, &replaced, &wrong, &unknown, "x", &living[..63], &"é".repeat(32), "\0", "hpk_"]
    {
        for (path, body) in [
            ("/v1/verify", json!({ "token": bad })),
            ("/v1/renew", json!({ "token": bad })),
            ("/v1/authenticate", json!({ "token": bad, "subject": "alice" })),
            ("/v1/self/sessions", json!({ "token": bad })),
            ("/v1/self/revoke", json!({ "token": bad, "others": true })),
        ] {
            let answer = service.post(path, body).await;
            let (status, body, headers) = shape(&answer);
            assert_eq!((status, &body), (expected.0, &expected.1), "{path} with {bad}");
            assert_eq!(headers, expected.2, "{path} with {bad}");
        }
    }
    let jwt = service.post("/v1/verify", json!({ "access_token": "eyJhbGciOiJub25lIn0.e30." })).await;
    assert_eq!(shape(&jwt), expected);
    service.verify(&living).await.expect(200);
}

#[tokio::test]
async fn a_token_of_a_wrong_shape_costs_the_store_nothing() {
    let service = Service::start().await;
    let good = service.sign_in("alice").await;
    let before = service.store.calls();
    for bad in ["", "x", &good[1..], &format!("{good}A"), &good.replace(&good[..1], "!"), &"z".repeat(100_000)] {
        service.verify(bad).await.problem(401, "inactive");
        service.post("/v1/logout", json!({ "token": bad })).await.expect(204);
    }
    assert_eq!(service.store.calls(), before);
    service.verify(&good).await.expect(200);
    let after = service.store.calls();
    assert_eq!((after.load - before.load, after.list - before.list), (1, 0), "a good one costs one look");
}
