use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hallpass::testing::FaultyStore;
use hallpass::{MemorySettings, MemoryStore, Outcome, Realm, Settings, StoreError};
use hallpass_server::keys::{ApiKeys, KeyError, KeyName, Role};
use hallpass_server::stores::Opened;
use reqwest::Method;
use serde_json::{Value, json};

use crate::service::{ADMIN, Service, config};

#[tokio::test]
async fn a_key_is_shown_once_listed_without_itself_and_refused_once_revoked() {
    let service = Service::start().await;
    let made = service.post("/v1/keys", json!({ "name": "shop", "role": "viewer" })).await.expect(201);
    let key = made["key"].as_str().expect("a key");
    assert!(key.starts_with("hpk_") && key.len() == 47, "256 random bits");
    assert_eq!(made["last_four"], &key[43..]);
    service.send(service.request(Method::GET, "/v1/sessions", key)).await.expect(200);
    let listed = service.get("/v1/keys").await;
    assert!(!listed.body.contains(key));
    let names: Vec<_> =
        listed.json()["items"].as_array().expect("a list").iter().map(|key| key["name"].clone()).collect();
    assert!(names.contains(&json!("shop")) && names.contains(&json!("first admin")), "{names:?}");
    let path = format!("/v1/keys/{}", made["id"].as_str().expect("an id"));
    service.send(service.request(Method::DELETE, &path, ADMIN)).await.expect(204);
    service.send(service.request(Method::GET, "/v1/sessions", key)).await.problem(401, "bad_api_key");
    service.send(service.request(Method::DELETE, &path, ADMIN)).await.problem(404, "not_found");
}

#[tokio::test]
async fn a_key_that_was_made_works_at_once() {
    let service = Service::start().await;
    for _ in 0..20 {
        let key = service.key("viewer").await;
        service.send(service.request(Method::GET, "/v1/sessions", &key)).await.expect(200);
    }
}

#[tokio::test]
async fn the_last_admin_key_stays() {
    let service = Service::start().await;
    let listed = service.get("/v1/keys").await.expect(200);
    let first = format!("/v1/keys/{}", listed["items"][0]["id"].as_str().expect("an id"));
    service.send(service.request(Method::DELETE, &first, ADMIN)).await.problem(409, "last_admin_key");
    let other = service.key("admin").await;
    service.send(service.request(Method::DELETE, &first, &other)).await.expect(204);
    service.get("/v1/keys").await.problem(401, "bad_api_key");
}

#[tokio::test]
async fn an_admin_of_another_realm_is_no_substitute_for_the_last_of_the_default_realm() {
    let service = Service::start().await;
    let body = json!({ "name": "shop admin", "role": "admin", "realm": "shop" });
    let shop = service.post("/v1/keys", body).await.expect(201);
    service.send(service.request(Method::DELETE, "/v1/keys/first", ADMIN)).await.problem(409, "last_admin_key");
    // That of another realm can be made again by the one that stays.
    let path = format!("/v1/keys/{}", shop["id"].as_str().expect("an id"));
    service.send(service.request(Method::DELETE, &path, ADMIN)).await.expect(204);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_admin_keys_that_are_revoked_at_once_one_stays() {
    for count in [2, 5] {
        let settings = Arc::new(Shaky { is_slow: AtomicBool::new(true), ..Shaky::default() });
        // Each has its own, as two processes on one store do.
        let registry = || ApiKeys::new(Arc::clone(&settings) as Arc<dyn Settings>);
        let now = "2026-01-31T12:00:00Z".parse().expect("a time");
        let mut ids = Vec::new();
        for _ in 0..count {
            let name = KeyName::new("admin").expect("a name");
            let (info, _) = registry().create(name, Realm::default(), Role::Admin, now).await.expect("made");
            ids.push(info.id);
        }
        let revocations = ids.iter().map(|id| {
            let (registry, id) = (registry(), id.clone());
            tokio::spawn(async move { registry.revoke(&id).await })
        });
        let mut refused = 0;
        for revocation in revocations.collect::<Vec<_>>() {
            match revocation.await.expect("no panic") {
                Ok(_) => {}
                Err(KeyError::LastAdmin) => refused += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!((refused, registry().list().await.expect("settings").len()), (1, 1));
        let name = KeyName::new("another").expect("a name");
        registry().create(name, Realm::default(), Role::Admin, now).await.expect("made");
        let last = registry().list().await.expect("settings").remove(0).id;
        registry().revoke(&last).await.expect("there is another now");
    }
}

#[tokio::test]
async fn an_admin_of_another_realm_manages_the_keys_of_that_realm() {
    let service = Service::start().await;
    let body = json!({ "name": "shop admin", "role": "admin", "realm": "shop" });
    let made = service.post("/v1/keys", body).await.expect(201);
    let shop = made["key"].as_str().expect("a key").to_owned();
    let call = async |method: Method, path: &str, body: Value| {
        let request = service.request(method, path, &shop);
        service.send(if body.is_null() { request } else { request.json(&body) }).await
    };
    let refused = call(Method::POST, "/v1/keys", json!({ "name": "x", "role": "admin", "realm": "default" })).await;
    assert_eq!(refused.problem(422, "invalid_field")["field"], "realm");
    let own = call(Method::POST, "/v1/keys", json!({ "name": "x", "role": "app" })).await.expect(201);
    assert_eq!(own["realm"], "shop");
    let listed = call(Method::GET, "/v1/keys", Value::Null).await.expect(200);
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(2));
    call(Method::DELETE, "/v1/keys/first", Value::Null).await.problem(404, "not_found");
    assert_eq!(service.get("/v1/keys").await.expect(200)["items"].as_array().map(Vec::len), Some(3));
}

/// Settings that can be away, or slow.
#[derive(Debug, Default)]
struct Shaky {
    inner: MemorySettings,
    is_away: AtomicBool,
    /// Whether each call lets others in between.
    is_slow: AtomicBool,
}

impl Shaky {
    async fn ask(&self) -> Result<&MemorySettings, StoreError> {
        if self.is_slow.load(Ordering::SeqCst) {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        if self.is_away.load(Ordering::SeqCst) { Err(StoreError::unavailable("made to fail")) } else { Ok(&self.inner) }
    }
}

#[async_trait::async_trait]
impl Settings for Shaky {
    async fn load(&self, name: &str) -> Result<Option<bytes::Bytes>, StoreError> {
        self.ask().await?.load(name).await
    }

    async fn save(&self, name: &str, value: &[u8], expected: Option<&[u8]>) -> Result<Outcome, StoreError> {
        self.ask().await?.save(name, value, expected).await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<(String, bytes::Bytes)>, StoreError> {
        self.ask().await?.list(prefix).await
    }

    async fn remove(&self, name: &str, expected: &[u8]) -> Result<Outcome, StoreError> {
        self.ask().await?.remove(name, expected).await
    }
}

#[tokio::test]
async fn keys_that_cannot_be_read_are_503_and_not_refused() {
    let (store, settings) = (FaultyStore::new(MemoryStore::new()), Arc::new(Shaky::default()));
    let opened = Opened { store: Arc::new(store.clone()), settings: settings.clone() };
    let service = Service::on(config(), store, opened).await;
    service.get("/v1/sessions").await.expect(200);
    settings.is_away.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(1100)).await;
    service.get("/v1/sessions").await.problem(503, "unavailable");
    service.get("/v1/keys").await.problem(503, "unavailable");
    let unready = service.get("/readyz").await.problem(503, "not_ready");
    assert!(unready["detail"].as_str().expect("text").contains("keys"), "{unready}");
    settings.is_away.store(false, Ordering::SeqCst);
    service.get("/v1/sessions").await.expect(200);
}
