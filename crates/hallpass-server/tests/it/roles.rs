use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use crate::service::{ADMIN, Service, id};

const ROLES: [&str; 5] = ["app", "viewer", "operator", "auditor", "admin"];

#[tokio::test]
async fn each_role_may_do_what_the_table_says_and_nothing_else() {
    let service = Service::start().await;
    let name = id(&service.create(json!({ "subject": "alice" })).await);
    let session = |rest: &str| format!("/v1/sessions/{name}{rest}");
    let unknown = json!({ "token": "x" });
    let (get, post) = (Method::GET, Method::POST);
    let no_body = Value::Null;
    let table: Vec<(Method, String, Value, &[&str])> = vec![
        (post.clone(), "/v1/sessions".into(), json!({}), &["app"]),
        (post.clone(), "/v1/verify".into(), unknown.clone(), &["app"]),
        (post.clone(), "/v1/renew".into(), unknown.clone(), &["app"]),
        (post.clone(), "/v1/authenticate".into(), json!({ "token": "x", "subject": "a" }), &["app"]),
        (post.clone(), "/v1/logout".into(), unknown.clone(), &["app"]),
        (post.clone(), "/v1/self/sessions".into(), unknown, &["app"]),
        (post.clone(), "/v1/self/revoke".into(), json!({ "token": "x", "all": true }), &["app"]),
        (get.clone(), session("/data"), no_body.clone(), &["app"]),
        (Method::PATCH, session("/data"), json!({}), &["app"]),
        (get.clone(), "/v1/sessions".into(), no_body.clone(), &["viewer", "operator", "auditor"]),
        (get.clone(), session(""), no_body.clone(), &["viewer", "operator", "auditor"]),
        (get.clone(), "/v1/subjects/alice/sessions".into(), no_body.clone(), &["viewer", "operator", "auditor"]),
        (get.clone(), session("/timeline"), no_body.clone(), &["auditor"]),
        (get.clone(), "/v1/events".into(), no_body.clone(), &["auditor"]),
        (get.clone(), "/v1/events/stream".into(), no_body.clone(), &["auditor"]),
        (get.clone(), "/v1/audit/checkpoint".into(), no_body.clone(), &["auditor"]),
        (get.clone(), "/v1/audit/export".into(), no_body.clone(), &["auditor"]),
        (post.clone(), session("/revoke"), json!({ "reason": "x" }), &["operator"]),
        (post.clone(), "/v1/revoke".into(), json!({ "filter": {}, "reason": "x", "dry_run": true }), &["operator"]),
        (post.clone(), "/v1/subjects/bob/revoke".into(), json!({ "reason": "x" }), &["operator"]),
        (get.clone(), "/v1/keys".into(), no_body.clone(), &[]),
        (post.clone(), "/v1/keys".into(), json!({ "name": "x", "role": "viewer" }), &[]),
        (Method::DELETE, "/v1/keys/none".into(), no_body.clone(), &[]),
        (get.clone(), "/v1/webhooks".into(), no_body.clone(), &[]),
        (get, "/v1/signing-keys".into(), no_body, &[]),
        (post.clone(), "/v1/signing-keys/rotate".into(), json!({}), &[]),
        (post.clone(), "/v1/signing-keys/none/retire".into(), json!({}), &[]),
        (post.clone(), "/v1/signing-keys/none/remove".into(), json!({ "reason": "x" }), &[]),
        (post, "/v1/sweep".into(), json!({}), &["operator"]),
    ];
    let described = service.get("/openapi.json").await.expect(200);
    let described: BTreeSet<_> = described["paths"].as_object().expect("paths").iter().flat_map(calls).collect();
    let tried = table.iter().map(|(method, path, ..)| {
        let path = path.replace(&name, "{id}").replace("none", "{id}").replace("alice", "{subject}");
        format!("{method} {}", path.replace("bob", "{subject}"))
    });
    assert_eq!(tried.collect::<BTreeSet<_>>(), described, "every call that needs a key is in the table");
    for role in ROLES {
        let key = service.key(role).await;
        for (method, path, body, roles) in &table {
            let request = service.request(method.clone(), path, &key);
            let request = if body.is_null() { request } else { request.json(body) };
            let response = request.send().await.expect("an answer");
            let may = role == "admin" || roles.contains(&role);
            assert_eq!(response.status() != 403, may, "{role}: {method} {path} {}", response.status());
            if !may {
                let problem: Value = response.json().await.expect("a problem");
                assert_eq!(problem["code"], "insufficient_role", "{role}: {method} {path}");
            }
        }
        for (method, path, ..) in &table {
            service.send(service.request(method.clone(), path, "")).await.problem(401, "bad_api_key");
        }
    }
}

/// Returns the calls of a path that need a key, and refuse it in our words; those of OAuth have their own.
fn calls((path, methods): (&String, &Value)) -> Vec<String> {
    if path.starts_with("/oauth2/") {
        return Vec::new();
    }
    let methods = methods.as_object().expect("methods").iter();
    let needs_key = methods.filter(|(_, call)| call["security"] != json!([{}]));
    needs_key.map(|(method, _)| format!("{} {path}", method.to_ascii_uppercase())).collect()
}

#[tokio::test]
async fn data_is_shown_to_applications_and_admins_only() {
    let service = Service::start().await;
    let name = id(&service.create(json!({ "subject": "alice", "data": { "card": "4111" } })).await);
    for (role, sees) in [("viewer", false), ("operator", false), ("auditor", false), ("admin", true)] {
        let key = service.key(role).await;
        for path in
            [format!("/v1/sessions/{name}"), "/v1/sessions".to_owned(), "/v1/subjects/alice/sessions".to_owned()]
        {
            let answer = service.send(service.request(Method::GET, &path, &key)).await;
            answer.expect(200);
            assert_eq!(answer.body.contains("4111"), sees, "{role}: {path}");
        }
    }
}

#[tokio::test]
async fn whatever_is_no_key_is_refused_the_same() {
    let service = Service::start().await;
    let path = "/v1/sessions";
    let expected = service.send(service.request(Method::GET, path, "")).await.problem(401, "bad_api_key");
    let mut headers = vec![format!("Bearer {}", &ADMIN[..ADMIN.len() - 1]), format!("Bearer {ADMIN}x")];
    headers.extend(["Bearer", "Bearer ", "Basic abc", "hpk_", ADMIN, ""].map(ToOwned::to_owned));
    for header in headers {
        let request = service.request(Method::GET, path, "").header("authorization", &header);
        let answer = service.send(request).await;
        let problem = answer.problem(401, "bad_api_key");
        assert_eq!(problem["detail"], expected["detail"], "{header}");
        assert!(answer.headers.contains_key("www-authenticate"));
    }
    let twice = service.request(Method::GET, path, ADMIN).header("authorization", format!("Bearer {ADMIN}"));
    service.send(twice).await.problem(401, "bad_api_key");
    let spelled = service.request(Method::GET, path, "").header("authorization", format!("bEARER  {ADMIN}"));
    service.send(spelled).await.expect(200);
}
