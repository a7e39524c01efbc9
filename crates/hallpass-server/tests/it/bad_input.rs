//! Every field of every call with what it cannot take, made from the published description of the API.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Map, Value, json};

use crate::service::{ADMIN, Answer, Service};

/// A body that each call takes, in whose place the bad ones are put.
fn good_bodies() -> BTreeMap<&'static str, Value> {
    let reason = json!({ "reason": "x" });
    BTreeMap::from([
        ("/v1/sessions", json!({ "subject": "alice" })),
        ("/v1/verify", json!({ "token": "x" })),
        ("/v1/renew", json!({ "token": "x" })),
        ("/v1/authenticate", json!({ "token": "x", "subject": "alice" })),
        ("/v1/logout", json!({ "token": "x" })),
        ("/v1/self/sessions", json!({ "token": "x" })),
        ("/v1/self/revoke", json!({ "token": "x", "all": true })),
        ("/v1/sessions/{id}/revoke", reason.clone()),
        ("/v1/signing-keys/rotate", reason.clone()),
        ("/v1/signing-keys/{id}/retire", reason.clone()),
        ("/v1/signing-keys/{id}/remove", reason.clone()),
        ("/v1/subjects/{subject}/revoke", reason),
        ("/v1/revoke", json!({ "filter": {}, "reason": "x" })),
        ("/v1/keys", json!({ "name": "x", "role": "app" })),
        ("/v1/sweep", json!({})),
    ])
}

struct Document(Value);

impl Document {
    async fn of(service: &Service) -> Self {
        Self(service.get("/openapi.json").await.expect(200))
    }

    /// Returns the schema of the body of every call that takes one.
    fn bodies(&self) -> BTreeMap<&str, Value> {
        let calls = self.0["paths"].as_object().expect("paths");
        let schema = |call: &Value| call["post"]["requestBody"]["content"]["application/json"]["schema"].clone();
        calls.iter().map(|(path, call)| (path.as_str(), schema(call))).filter(|(_, schema)| !schema.is_null()).collect()
    }

    /// Returns the schema behind a reference, and the one that is not `null` of two.
    fn resolve(&self, schema: &Value) -> Value {
        if let Some(reference) = schema["$ref"].as_str() {
            let target = self.0.pointer(reference.trim_start_matches('#')).expect("it is in the document");
            return self.resolve(target);
        }
        let branches = schema["oneOf"].as_array().into_iter().flatten();
        match branches.clone().find(|branch| branch["type"] != "null") {
            Some(branch) => self.resolve(branch),
            None => schema.clone(),
        }
    }
}

/// Something wrong to send: where, what, and whether it is missing instead.
struct Wrong {
    path: Vec<String>,
    value: Option<Value>,
    why: String,
}

/// Returns what a schema does not take at `path`, and in everything below.
fn wrongs(document: &Document, schema: &Value, path: &[String], found: &mut Vec<Wrong>) {
    let schema = document.resolve(schema);
    let required: Vec<_> = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    let mut wrong = |path: &[String], value: Option<Value>, why: &str| {
        found.push(Wrong { path: path.to_vec(), value, why: why.to_owned() });
    };
    let child = |name: &str| [path, &[name.to_owned()]].concat();
    wrong(&child("bogus"), Some(json!(1)), "unknown");
    let empty = Map::new();
    let properties = schema["properties"].as_object().unwrap_or(&empty);
    for (name, property) in properties {
        let (path, property) = (child(name), document.resolve(property));
        if required.contains(&name.as_str()) {
            wrong(&path, None, "missing");
            wrong(&path, Some(Value::Null), "null");
        }
        for value in [json!(true), json!(7), json!(1.5), json!("\u{1}"), json!([[]]), json!({ "x": 1 })] {
            if !takes(&property, &value) {
                wrong(&path, Some(value), "wrong type");
            }
        }
        if let Some(most) = property["maxLength"].as_u64() {
            wrong(&path, Some(json!("x".repeat(usize::try_from(most).expect("small") + 1))), "too long");
        }
        if property["minLength"].as_u64() == Some(1) {
            wrong(&path, Some(json!("")), "empty");
        }
        if let Some(most) = property["maximum"].as_u64() {
            wrong(&path, Some(json!(most + 1)), "too large");
        }
        if types(&property).contains(&"integer") {
            wrong(&path, Some(json!(-1)), "negative");
            wrong(&path, Some(json!(u64::MAX)), "far too large");
        }
        if let Some(most) = property["maxItems"].as_u64() {
            wrong(&path, Some(json!(vec!["x"; usize::try_from(most).expect("small") + 1])), "too many");
        }
        if property["format"] == "date-time" {
            wrong(&path, Some(json!("yesterday")), "no instant");
        }
    }
    for (name, property) in properties {
        let property = document.resolve(property);
        if property["properties"].is_object() {
            wrongs(document, &property, &child(name), found);
        }
    }
}

fn types(schema: &Value) -> Vec<&str> {
    match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

fn takes(schema: &Value, value: &Value) -> bool {
    let kind = match value {
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_u64() => "integer",
        Value::Number(_) => "number",
        // Text with a control character is none that any field takes, but for tokens and names of attributes.
        Value::String(_) => "string",
        Value::Array(_) => "array-of-arrays",
        Value::Object(_) => "object",
        Value::Null => "null",
    };
    let is_free_text = kind == "string" && schema["maxLength"].is_null() && schema["enum"].is_null();
    if kind == "string" { is_free_text && types(schema).contains(&"string") } else { types(schema).contains(&kind) }
}

/// Returns `body` with a value put at a path, or taken away there.
fn with(mut body: Value, path: &[String], value: Option<&Value>) -> Value {
    let (last, outer) = path.split_last().expect("a field");
    let mut place = &mut body;
    for name in outer {
        let object = place.as_object_mut().expect("an object");
        place = object.entry(name.as_str()).or_insert_with(|| json!({}));
    }
    let object = place.as_object_mut().expect("an object");
    match value {
        Some(value) => object.insert(last.clone(), value.clone()),
        None => object.remove(last),
    };
    body
}

async fn is_untouched(service: &Service) {
    assert_eq!(service.get("/v1/sessions").await.expect(200)["items"], json!([]), "nothing is stored");
    assert_eq!(service.get("/v1/events").await.expect(200)["items"], json!([]), "nothing happened");
    assert_eq!(service.get("/v1/keys").await.expect(200)["items"].as_array().map(Vec::len), Some(1));
}

fn fill(path: &str) -> String {
    path.replace("{id}", "AAAAAAAAAAAAAAAAAAAAAA").replace("{subject}", "alice")
}

#[tokio::test]
async fn every_field_of_every_call_refuses_what_it_cannot_take_and_says_which_it_is() {
    let service = Service::start().await;
    let document = Document::of(&service).await;
    let good = good_bodies();
    let bodies = document.bodies();
    assert_eq!(bodies.keys().collect::<Vec<_>>(), good.keys().collect::<Vec<_>>(), "every call with a body is tried");
    let mut tried = 0;
    for (path, schema) in &bodies {
        let mut found = Vec::new();
        wrongs(&document, schema, &[], &mut found);
        for Wrong { path: field, value, why } in found {
            let body = with(good[path].clone(), &field, value.as_ref());
            let answer = service.post(&fill(path), body.clone()).await;
            let told = format!("{path}: {} is {why}: {body:.200}: {answer:?}", field.join("."));
            assert!([400, 422].contains(&answer.status.as_u16()), "{told}");
            let named = answer.json()["field"].as_str().unwrap_or_else(|| panic!("no field: {told}")).to_owned();
            // An item of a list may be named more exactly.
            let named = named.split('[').next().unwrap_or_default();
            assert_eq!(named, field.join("."), "{told}");
            tried += 1;
        }
    }
    assert!(tried > 250, "{tried}");
    is_untouched(&service).await;
}

#[tokio::test]
async fn text_that_is_not_unicode_is_refused_in_every_field() {
    let service = Service::start().await;
    let document = Document::of(&service).await;
    let mut tried = 0;
    for (path, schema) in document.bodies() {
        let schema = document.resolve(&schema);
        for (name, property) in schema["properties"].as_object().cloned().unwrap_or_default() {
            if !types(&document.resolve(&property)).contains(&"string") {
                continue;
            }
            for text in [&b"\xff"[..], b"\xc3", b"\\ud800", b"\xed\xa0\x80"] {
                let body = with(good_bodies()[path].clone(), std::slice::from_ref(&name), Some(&json!("@")));
                let body = body.to_string();
                let (before, after) = body.split_once('@').expect("its place");
                let bytes = [before.as_bytes(), text, after.as_bytes()].concat();
                let answer = raw(&service, Method::POST, &fill(path), "application/json", bytes).await;
                assert!([400, 422].contains(&answer.status.as_u16()), "{path}: {name}: {answer:?}");
                assert_eq!(answer.json()["field"], name.as_str(), "{path}: {answer:?}");
                tried += 1;
            }
        }
    }
    assert!(tried > 60, "{tried}");
    is_untouched(&service).await;
}

async fn raw(service: &Service, method: Method, path: &str, kind: &str, body: impl Into<reqwest::Body>) -> Answer {
    service.send(service.request(method, path, ADMIN).header("content-type", kind).body(body)).await
}

#[tokio::test]
async fn a_body_that_is_no_json_is_refused() {
    let service = Service::start().await;
    for body in ["", "{", "{}}", "{\"subject\":\"a\",}", "\u{feff}{}", "{'subject':1}", "nul"] {
        raw(&service, Method::POST, "/v1/sessions", "application/json", body).await.problem(400, "invalid_json");
    }
    for body in ["[]", "1", "null", "\"x\""] {
        let answer = raw(&service, Method::POST, "/v1/sessions", "application/json", body).await;
        answer.problem(422, "invalid_body");
    }
    let twice =
        raw(&service, Method::POST, "/v1/sessions", "application/json", r#"{"subject":"a","subject":"b"}"#).await;
    assert_eq!(twice.problem(422, "invalid_field")["field"], "subject");
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let body = format!("{{\"data\":{{\"a\":{deep}}}}}");
    let answer = raw(&service, Method::POST, "/v1/sessions", "application/json", body).await;
    assert_eq!(answer.problem(422, "invalid_field")["field"], "data");
    is_untouched(&service).await;
}

#[tokio::test]
async fn data_that_readers_would_not_agree_on_is_refused() {
    let service = Service::start().await;
    for data in [
        "[]",
        "1",
        "\"x\"",
        "true",
        r#"{"a":1,"a":2}"#,
        r#"{"a":{"b":1,"b":2}}"#,
        r#"{"a":1e999}"#,
        r#"{"a":"\ud800"}"#,
    ] {
        let body = format!("{{\"data\":{data}}}");
        let answer = raw(&service, Method::POST, "/v1/sessions", "application/json", body).await;
        assert_eq!(answer.problem(422, "invalid_field")["field"], "data", "{data}");
    }
    is_untouched(&service).await;
    let name = crate::service::id(&service.create(json!({})).await);
    let path = format!("/v1/sessions/{name}/data");
    for data in ["[]", "null", r#"{"a":1,"a":2}"#] {
        let answer = raw(&service, Method::PATCH, &path, "application/merge-patch+json", data).await;
        assert_eq!(answer.problem(422, "invalid_field")["field"], "data", "{data}");
    }
    raw(&service, Method::PATCH, &path, "application/merge-patch+json", "{").await.problem(400, "invalid_json");
    assert_eq!(service.get(&path).await.body, "{}");
}

#[tokio::test]
async fn a_body_of_another_type_is_refused() {
    let service = Service::start().await;
    for kind in
        ["text/plain", "application/x-www-form-urlencoded", "", "application/json; charset=latin1", "application/jsonx"]
    {
        let answer = raw(&service, Method::POST, "/v1/sessions", kind, "{}").await;
        answer.problem(415, "unsupported_media_type");
    }
    let none = service.request(Method::POST, "/v1/sessions", ADMIN).body("{}");
    service.send(none).await.problem(415, "unsupported_media_type");
    is_untouched(&service).await;
    for kind in ["application/json", "Application/JSON; charset=UTF-8", "application/json;charset=\"utf-8\""] {
        raw(&service, Method::POST, "/v1/sessions", kind, "{}").await.expect(201);
    }
}

#[tokio::test]
async fn a_body_over_a_mebibyte_is_refused_whether_or_not_it_says_so() {
    let service = Service::start().await;
    let fits = format!("{{\"token\":\"{}\"}}", "x".repeat((1 << 20) - 12));
    assert_eq!(fits.len(), 1 << 20);
    raw(&service, Method::POST, "/v1/logout", "application/json", fits.clone()).await.expect(204);
    let over = format!("{fits} ");
    raw(&service, Method::POST, "/v1/logout", "application/json", over.clone()).await.problem(413, "body_too_large");
    let chunks =
        over.into_bytes().chunks(64 << 10).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect::<Vec<_>>();
    let streamed = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks));
    raw(&service, Method::POST, "/v1/logout", "application/json", streamed).await.problem(413, "body_too_large");
}

#[tokio::test]
async fn an_authentication_cannot_have_been_before_2000_or_in_the_future() {
    let service = Service::start().await;
    let token = crate::service::token(&service.create(json!({})).await);
    let call = async |path: &str, at: &str| {
        let mut body = json!({ "subject": "alice", "authentication": { "at": at } });
        if path == "/v1/authenticate" {
            body["token"] = json!(token);
        }
        service.post(path, body).await
    };
    // It is midnight at the beginning of 2026.
    for path in ["/v1/sessions", "/v1/authenticate"] {
        for at in ["1970-01-21T11:00:00Z", "1999-12-31T23:59:59Z", "2026-01-01T00:01:01Z", "2056-01-01T00:00:00Z"] {
            let problem = call(path, at).await.problem(422, "invalid_field");
            assert_eq!(problem["field"], "authentication.at", "{path} at {at}");
        }
    }
    assert_eq!(service.get("/v1/sessions?subject=alice").await.expect(200)["items"], json!([]), "nothing is stored");
    let ahead = call("/v1/sessions", "2026-01-01T00:00:59Z").await.expect(201);
    assert_eq!(ahead["session"]["authenticated_at"], "2026-01-01T00:00:00.000Z", "a clock that is ahead counts as now");
    let before = call("/v1/authenticate", "2025-12-31T23:00:00Z").await.expect(200);
    assert_eq!(before["session"]["authenticated_at"], "2025-12-31T23:00:00.000Z");
}
