//! The keys of tokens as an operator manages them over HTTP.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::Bytes;
use hallpass::{MemorySettings, Outcome, Settings, StoreError, Timestamp};
use hallpass_server::stores::Opened;
use hallpass_server::{Config, SigningKey, Tokens};
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::rotating::{Shared, call, kid, nodes, pair, published};
use crate::service::{ADMIN, Service, access, hybrid, token};

/// By when a node refuses what is under a key that was removed, or answers that it cannot tell.
const BOUND: Duration = Duration::from_secs(4);
/// A machine that is busy with more than tests takes its time.
const MARGIN: Duration = Duration::from_secs(3);

fn at(value: &Value) -> Timestamp {
    value.as_str().expect("a time").parse().expect("a time")
}

async fn listed(service: &Service) -> Vec<Value> {
    service.get("/v1/signing-keys").await.expect(200)["items"].as_array().expect("a list").clone()
}

fn states(keys: &[Value]) -> Vec<&str> {
    keys.iter().map(|key| key["state"].as_str().expect("a word")).collect()
}

async fn events(service: &Service) -> Vec<Value> {
    let page = service.get("/v1/events?limit=1000").await.expect(200);
    let is_of_keys = |event: &&Value| matches!(event["kind"].as_str(), Some("key_rotated" | "signing_key_removed"));
    page["items"].as_array().expect("a list").iter().filter(is_of_keys).cloned().collect()
}

#[tokio::test]
async fn an_operator_rotates_a_key_and_sees_what_each_does_and_until_when() {
    let service = Service::with(hybrid()).await;
    let made = service.create(json!({ "subject": "alice" })).await;
    let first = kid(&access(&made));
    let keys = listed(&service).await;
    assert_eq!((states(&keys), &keys[0]["id"]), (vec!["signing"], &json!(first)));
    let now = at(&made["session"]["created_at"]);
    assert_eq!((at(&keys[0]["made_at"]), at(&keys[0]["signs_from"])), (now, now));
    let names: Vec<_> = keys[0].as_object().expect("a key").keys().cloned().collect();
    assert_eq!(names, ["algorithm", "id", "made_at", "signs_from", "state"], "and nothing of what it is");

    let next = service.post("/v1/signing-keys/rotate", json!({ "reason": "a drill" })).await.expect(201);
    // For as long as others may keep the published keys, and some more.
    let from = at(&next["signs_from"]);
    assert!((300..400).contains(&from.since(now).as_secs()), "{next}");
    assert!(published(&service.base).await.contains(&next["id"].as_str().expect("a name").to_owned()));
    let keys = listed(&service).await;
    assert_eq!(states(&keys), ["signing", "next"]);
    assert_eq!(at(&keys[0]["signs_until"]), from);
    assert!(at(&keys[0]["retires_at"]) > from.plus(Duration::from_mins(5)), "its last token is over by then: {keys:?}");

    service.clock.set(from);
    assert_eq!(states(&listed(&service).await), ["verifying", "signing"]);
    let renewed = service.post("/v1/renew", json!({ "token": token(&made) })).await.expect(200);
    assert_eq!(kid(&access(&renewed)), next["id"]);
    service.clock.set(at(&keys[0]["retires_at"]));
    let left = listed(&service).await;
    assert!(states(&left).ends_with(&["signing"]) && !states(&left).contains(&"verifying"), "{left:?}");

    let told = events(&service).await;
    assert_eq!((told.len(), &told[0]["kind"]), (1, &json!("key_rotated")));
    assert_eq!(told[0]["actor"], "operator:first admin#first");
    let note = format!("EdDSA {} signs from {from}: a drill", next["id"].as_str().expect("a name"));
    assert_eq!((&told[0]["note"], &told[0]["realm"]), (&json!(note), &json!("default")));
}

#[tokio::test]
async fn retiring_a_key_twice_makes_one_successor() {
    let service = Service::with(hybrid()).await;
    let first = kid(&access(&service.create(json!({ "subject": "alice" })).await));
    let path = format!("/v1/signing-keys/{first}/retire");
    let retired = service.post(&path, json!({})).await.expect(200);
    assert_eq!((&retired["id"], &retired["state"]), (&json!(first), &json!("signing")), "until the next one may");
    let again = service.post(&path, json!({ "reason": "asked again" })).await.expect(200);
    assert_eq!(again, retired);
    assert_eq!(states(&listed(&service).await), ["signing", "next"]);
    assert_eq!(events(&service).await.len(), 1, "what changed nothing is no event");
}

#[tokio::test]
async fn where_there_are_64_keys_no_more_are_made_and_one_that_signs_no_more_can_still_be_retired() {
    let service = Service::with(hybrid()).await;
    let mut last = Value::Null;
    for _ in 1..64 {
        last = service.post("/v1/signing-keys/rotate", json!({})).await.expect(201);
    }
    service.post("/v1/signing-keys/rotate", json!({})).await.problem(409, "too_many_keys");
    let retire = async |key: &Value| {
        let path = format!("/v1/signing-keys/{}/retire", key["id"].as_str().expect("a name"));
        service.post(&path, json!({})).await
    };
    retire(&last).await.problem(409, "too_many_keys");
    let keys = listed(&service).await;
    assert_eq!((keys.len(), keys.last()), (64, Some(&last)));
    assert_eq!(retire(&keys[0]).await.expect(200), keys[0], "its successor is there already");
}

#[tokio::test]
async fn a_removed_key_is_refused_at_once_and_the_event_says_by_whom_and_why() {
    let service = Service::with(hybrid()).await;
    let made = service.create(json!({ "subject": "alice" })).await;
    let stolen = kid(&access(&made));
    let path = format!("/v1/signing-keys/{stolen}/remove");
    for bad in [json!({}), json!({ "reason": "" }), json!({ "reason": "x", "force": true })] {
        assert_eq!(service.post(&path, bad).await.status, 422, "why is not left out");
    }
    service.verify_access(&access(&made)).await.expect(200);
    let removed = service.post(&path, json!({ "reason": "backup was stolen" })).await.expect(200);
    assert_eq!((&removed["removed"]["id"], &removed["removed"]["state"]), (&json!(stolen), &json!("signing")));
    let now = at(&made["session"]["created_at"]);
    assert_eq!(at(&removed["effective_at"]), now.plus(BOUND));
    assert_eq!(at(&removed["published_effective_at"]), now.plus(BOUND + Duration::from_mins(5)));

    service.verify_access(&access(&made)).await.problem(401, "inactive");
    assert!(!published(&service.base).await.contains(&stolen));
    let renewed = service.post("/v1/renew", json!({ "token": token(&made) })).await.expect(200);
    assert_ne!(kid(&access(&renewed)), stolen);
    service.verify_access(&access(&renewed)).await.expect(200);
    service.post(&path, json!({ "reason": "again" })).await.problem(404, "not_found");

    let told = events(&service).await;
    assert_eq!((told.len(), &told[0]["kind"]), (1, &json!("signing_key_removed")));
    assert_eq!(told[0]["note"], format!("EdDSA {stolen}: backup was stolen"));
    assert_eq!(told[0]["actor"], "operator:first admin#first");
}

#[tokio::test]
async fn signing_keys_are_for_admins_of_all_realms_and_are_no_api_keys() {
    let service = Service::with(hybrid()).await;
    let first = kid(&access(&service.create(json!({ "subject": "alice" })).await));
    let mut keys = Vec::new();
    for role in ["app", "viewer", "operator", "auditor"] {
        keys.push(service.key(role).await);
    }
    let body = json!({ "name": "shop admin", "role": "admin", "realm": "shop" });
    let made = service.post("/v1/keys", body).await.expect(201);
    keys.push(made["key"].as_str().expect("a key").to_owned());
    let calls = [
        (Method::GET, "/v1/signing-keys".to_owned(), Value::Null),
        (Method::POST, "/v1/signing-keys/rotate".to_owned(), json!({})),
        (Method::POST, format!("/v1/signing-keys/{first}/retire"), json!({})),
        (Method::POST, format!("/v1/signing-keys/{first}/remove"), json!({ "reason": "x" })),
    ];
    for (method, path, body) in &calls {
        for key in &keys {
            let request = service.request(method.clone(), path, key).json(body);
            service.send(request).await.problem(403, "insufficient_role");
        }
        service.send(service.request(method.clone(), path, "").json(body)).await.problem(401, "bad_api_key");
    }
    assert_eq!(states(&listed(&service).await), ["signing"], "nothing was done");
    // The two kinds have names of their own, and neither answers to the other's.
    service.send(service.request(Method::DELETE, &format!("/v1/keys/{first}"), ADMIN)).await.problem(404, "not_found");
    for unknown in ["first", "no%2Fkey", "..%2F..%2Fkeys", &"k".repeat(200)] {
        for what in ["retire", "remove"] {
            let path = format!("/v1/signing-keys/{unknown}/{what}");
            service.post(&path, json!({ "reason": "x" })).await.problem(404, "not_found");
        }
    }
}

#[tokio::test]
async fn where_keys_are_not_made_here_it_says_where_they_are() {
    let none = Service::start().await;
    assert_eq!(none.get("/v1/signing-keys").await.expect(200), json!({ "items": [], "next": null }));
    let refused = none.post("/v1/signing-keys/rotate", json!({})).await.problem(409, "no_signing_keys");
    assert!(refused["detail"].as_str().is_some_and(|text| text.contains("`tokens`")), "{refused}");

    let config = Config { signing_key: Some(SigningKey::new(&pair()).expect("a pair")), ..hybrid() };
    let given = Service::with(config).await;
    let keys = listed(&given).await;
    let names: Vec<_> = keys[0].as_object().expect("a key").keys().cloned().collect();
    assert_eq!((states(&keys), names.len()), (vec!["signing"], 3), "{keys:?}");
    let id = keys[0]["id"].as_str().expect("a name");
    for path in ["rotate".to_owned(), format!("{id}/retire"), format!("{id}/remove")] {
        let refused = given.post(&format!("/v1/signing-keys/{path}"), json!({ "reason": "x" })).await;
        let refused = refused.problem(409, "given_signing_keys");
        assert!(refused["detail"].as_str().is_some_and(|text| text.contains("`signing_key_files`")), "{refused}");
    }
}

#[tokio::test]
async fn the_keys_that_the_policy_makes_are_events_too() {
    let service = Service::with(hybrid()).await;
    service.clock.advance(Duration::from_hours(24 * 30));
    let began = Instant::now();
    // The keys are looked at by the clock on the wall, every two seconds.
    let told = loop {
        let told = events(&service).await;
        if !told.is_empty() {
            break told;
        }
        assert!(began.elapsed() < Duration::from_secs(20), "nothing is told");
        tokio::time::sleep(Duration::from_millis(100)).await;
    };
    assert_eq!((told.len(), &told[0]["kind"], &told[0]["actor"]), (1, &json!("key_rotated"), &json!("policy")));
    assert_eq!(states(&listed(&service).await), ["signing", "next"]);
}

/// Settings that others have too, and from which the keys of tokens cannot be read.
#[derive(Debug)]
struct CutOff {
    inner: Arc<MemorySettings>,
    is_away: AtomicBool,
}

#[async_trait::async_trait]
impl Settings for CutOff {
    async fn load(&self, name: &str) -> Result<Option<Bytes>, StoreError> {
        if name.starts_with("token-keys/") && self.is_away.load(Ordering::SeqCst) {
            return Err(StoreError::unavailable("made to fail"));
        }
        self.inner.load(name).await
    }

    async fn save(&self, name: &str, value: &[u8], expected: Option<&[u8]>) -> Result<Outcome, StoreError> {
        self.inner.save(name, value, expected).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, Bytes)>, StoreError> {
        self.inner.list(prefix).await
    }

    async fn remove(&self, name: &str, expected: &[u8]) -> Result<Outcome, StoreError> {
        self.inner.remove(name, expected).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_that_cannot_read_the_keys_accepts_no_token_for_longer_than_the_bound() {
    let (folder, shared) = (rig::scratch(), Shared::default());
    let config = nodes(folder.path());
    let here = shared.node(config.clone()).await;
    let settings = Arc::new(CutOff { inner: Arc::clone(&shared.settings), is_away: AtomicBool::new(false) });
    let opened = Opened { settings: Arc::clone(&settings) as Arc<dyn Settings>, ..shared.opened() };
    let cut_off = Shared::start(config, opened).await;
    let client = Client::new();
    let (_, made) = call(&client, &here, "/v1/sessions", json!({ "subject": "alice" })).await;
    let stolen = json!({ "access_token": access(&made) });
    let verify = async || call(&client, &cut_off, "/v1/verify", stolen.clone()).await;
    assert_eq!(verify().await.0, 200);
    settings.is_away.store(true, Ordering::SeqCst);
    let path = format!("/v1/signing-keys/{}/remove", kid(&access(&made)));
    assert_eq!(call(&client, &here, &path, json!({ "reason": "stolen" })).await.0, 200);
    let removed = Instant::now();
    assert_eq!(call(&client, &here, "/v1/verify", stolen.clone()).await.0, 401);
    while removed.elapsed() < BOUND {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let answer = reqwest::get(format!("{cut_off}/.well-known/jwks.json")).await.expect("an answer");
    assert_eq!(answer.status(), 503, "nor does it publish what it cannot know to be good");
    assert!(answer.headers().contains_key("retry-after"));
    let (status, answer) = verify().await;
    assert_eq!(status, 503, "{answer}");
    settings.is_away.store(false, Ordering::SeqCst);
    let back = Instant::now();
    loop {
        match verify().await {
            (503, _) if back.elapsed() < MARGIN => tokio::time::sleep(Duration::from_millis(50)).await,
            (status, answer) => {
                assert_eq!((status, &answer["code"]), (401, &json!("inactive")));
                break;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_by_one_node_is_heeded_by_the_other_within_the_bound_and_logs_no_sealed_session_of_the_successor_out()
{
    for tokens in [Tokens::Jwt, Tokens::Sealed] {
        let (folder, shared) = (rig::scratch(), Shared::default());
        let config = Config { tokens, ..nodes(folder.path()) };
        let bases = [shared.node(config.clone()).await, shared.node(config).await];
        let client = Client::new();
        let sign_in = async || {
            let (status, made) = call(&client, &bases[0], "/v1/sessions", json!({ "subject": "alice" })).await;
            assert_eq!(status, 201, "{made}");
            if tokens == Tokens::Jwt {
                json!({ "access_token": access(&made) })
            } else {
                json!({ "token": token(&made) })
            }
        };
        let stolen = sign_in().await;
        for base in &bases {
            assert_eq!(call(&client, base, "/v1/verify", stolen.clone()).await.0, 200);
        }
        let request = client.get(format!("{}/v1/signing-keys", bases[0])).bearer_auth(ADMIN);
        let text = request.send().await.expect("an answer").text().await.expect("text");
        let keys: Value = serde_json::from_str(&text).expect("JSON");
        let path = format!("/v1/signing-keys/{}/remove", keys["items"][0]["id"].as_str().expect("a name"));
        let (status, removed) = call(&client, &bases[0], &path, json!({ "reason": "stolen" })).await;
        assert_eq!(status, 200, "{removed}");
        let since = Instant::now();
        assert_eq!(removed.get("published_effective_at").is_some(), tokens == Tokens::Jwt);
        // One node may know the successor before the other: what is under it is good on both, at once.
        let fresh = sign_in().await;
        for base in &bases {
            let (status, answer) = call(&client, base, "/v1/verify", fresh.clone()).await;
            assert_eq!(status, 200, "{answer}");
        }
        assert_eq!(call(&client, &bases[0], "/v1/verify", stolen.clone()).await.0, 401);
        while call(&client, &bases[1], "/v1/verify", stolen.clone()).await.0 == 200 {
            assert!(since.elapsed() < BOUND + MARGIN, "it is still good");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
