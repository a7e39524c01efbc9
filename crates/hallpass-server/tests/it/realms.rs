//! Applications that share a service are kept apart: each call is made with a key of another realm.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use hallpass::testing::FaultyStore;
use hallpass::{Clock as _, MemoryStore, SystemClock};
use hallpass_server::{Config, Paths, Tokens, WebhookConfig, stores};
use reqwest::{Method, redirect};
use serde_json::{Value, json};

use crate::dashboard::guest::Guest;
use crate::forward_auth::guarded;
use crate::service::{ADMIN, Answer, FORM, Service, access, encoded, id, token};

/// Who is told of the shop's events.
const RECEIVER: &str = "till-of-the-shop";

/// Of every call that the description has, what a foreign admin and an own one are answered.
fn table(shop: &Shop) -> Vec<Call> {
    let Shop { id, token, access_token, key_id, .. } = shop;
    let session = |rest: &str| format!("/v1/sessions/{id}{rest}");
    let held = json!({ "token": token });
    let form = |fields: &[(&'static str, &str)]| {
        Body::Form(fields.iter().map(|(name, value)| (*name, (*value).to_owned())).collect())
    };
    let get = |path: &str, foreign, own| Call::new(Method::GET, path, Body::None, foreign, own);
    let post = |path: &str, body: Value, foreign, own| Call::new(Method::POST, path, Body::Json(body), foreign, own);
    let post_form = |path: &str, body, foreign, own| Call::new(Method::POST, path, body, foreign, own);
    let reason = json!({ "reason": "x" });
    vec![
        // What is the same for everybody, and says nothing of anybody.
        get("/.well-known/jwks.json", 200, 200),
        get("/.well-known/oauth-authorization-server", 200, 200),
        get("/livez", 200, 200),
        get("/readyz", 200, 200),
        get("/metrics", 200, 200),
        // What a browser brings to an application's host.
        Call::new(Method::GET, "/forward-auth", Body::Held(token.clone()), 401, 200),
        Call::new(Method::GET, "/session/renew?return=/", Body::Held(token.clone()), 303, 303),
        // Tokens.
        post("/v1/verify", held.clone(), 401, 200),
        post("/v1/verify", json!({ "access_token": access_token }), 401, 200),
        post("/v1/renew", held.clone(), 401, 200),
        post("/v1/authenticate", json!({ "token": token, "subject": "carol" }), 401, 200),
        post("/v1/logout", held.clone(), 204, 204).acts(),
        post("/v1/self/sessions", held, 401, 200),
        post("/v1/self/revoke", json!({ "token": token, "all": true }), 401, 200),
        post_form("/oauth2/introspect", form(&[("token", token)]), 200, 200).shows(),
        post_form("/oauth2/introspect", form(&[("token", access_token)]), 200, 200).shows(),
        post_form("/oauth2/revoke", form(&[("token", token)]), 200, 200).acts(),
        post_form("/oauth2/token", form(&[("grant_type", "refresh_token"), ("refresh_token", token)]), 400, 200),
        // Sessions by name.
        get(&session(""), 404, 200),
        get(&session("/timeline"), 404, 200),
        get(&session("/data"), 404, 200),
        Call::new(Method::PATCH, &session("/data"), Body::Json(json!({ "card": null })), 404, 200),
        post(&session("/revoke"), reason.clone(), 404, 200),
        // Sessions by what they have in common.
        post("/v1/sessions", json!({ "subject": "carol" }), 201, 201),
        get("/v1/sessions", 200, 200).shows(),
        get("/v1/sessions?subject=carol&state=active,ended", 200, 200).shows(),
        post("/v1/revoke", json!({ "filter": { "subject": "carol" }, "reason": "x" }), 200, 200).acts(),
        post("/v1/revoke", json!({ "filter": {}, "reason": "x", "dry_run": true }), 200, 200).shows(),
        get("/v1/subjects/carol/sessions", 200, 200).shows(),
        post("/v1/subjects/carol/revoke", reason.clone(), 200, 200).acts(),
        // Events.
        get("/v1/events?limit=1000", 200, 200).shows(),
        get(&format!("/v1/events?session={id}"), 200, 200).shows(),
        get("/v1/events/stream?after=00000000000000000000000000000000", 200, 200).shows(),
        get("/v1/webhooks", 200, 200).shows(),
        // Keys.
        get("/v1/keys", 200, 200).shows(),
        post("/v1/keys", json!({ "name": "x", "role": "app", "realm": "shop" }), 422, 201),
        Call::new(Method::DELETE, &format!("/v1/keys/{key_id}"), Body::None, 404, 204),
        // What is of all realms, for keys of the realm `default` only.
        get("/v1/audit/checkpoint", 403, 200).of_all(),
        get("/v1/audit/export", 403, 200).of_all(),
        get("/v1/signing-keys", 403, 200).of_all(),
        post("/v1/signing-keys/rotate", json!({}), 403, 201).of_all(),
        post("/v1/signing-keys/none/retire", json!({}), 403, 404).of_all(),
        post("/v1/signing-keys/none/remove", reason, 403, 404).of_all(),
        post("/v1/sweep", json!({}), 403, 200).of_all(),
    ]
}

#[tokio::test]
async fn no_key_reads_changes_or_counts_what_is_another_realms() {
    let folder = rig::scratch();
    let service = two_applications(folder.path()).await;
    let bank = Shop::open(&service, "bank").await;
    let described = service.get("/openapi.json").await.expect(200);
    let described: BTreeSet<_> = described["paths"].as_object().expect("paths").iter().flat_map(calls).collect();
    let first = Shop::open(&service, "shop").await;
    let tried: BTreeSet<_> = table(&first).iter().map(|call| call.pattern(&first)).collect();
    assert_eq!(tried, described, "every call is in the table");
    for place in 0..table(&first).len() {
        let shop = Shop::open(&service, "shop").await;
        let call = table(&shop).swap_remove(place);
        let before = shop.state(&service).await;
        let foreign = call.send(&service, &bank.key, "bank.example").await;
        assert_eq!(foreign.status, call.foreign, "{call:?}: {foreign:?}");
        for mark in call.secrets(&shop) {
            assert!(!format!("{:?}{}", foreign.headers, foreign.body).contains(mark), "{mark} {call:?}: {foreign:?}");
        }
        assert_eq!(shop.state(&service).await, before, "{call:?}");

        // The same call, by those whose it is: otherwise a call that is spelled wrong would seem to be safe.
        let key = if call.proof == Proof::OfAll { ADMIN } else { &shop.key };
        let own = call.send(&service, key, "shop.example").await;
        assert_eq!(own.status, call.own, "{call:?}: {own:?}");
        match call.proof {
            Proof::Shows => assert!(shop.marks().iter().any(|mark| own.body.contains(mark)), "{call:?}: {own:?}"),
            Proof::Acts => assert_ne!(shop.state(&service).await, before, "{call:?}"),
            Proof::Status | Proof::OfAll => {}
        }
    }
}

#[tokio::test]
async fn subjects_of_one_name_are_different_people() {
    let folder = rig::scratch();
    let service = two_applications(folder.path()).await;
    let (shop, bank) = (Shop::open(&service, "shop").await, Shop::open(&service, "bank").await);
    let dry = json!({ "filter": { "subject": "carol" }, "reason": "x", "dry_run": true });
    for own in [&shop, &bank] {
        let request = service.request(Method::POST, "/v1/revoke", &own.key).json(&dry);
        let counted = service.send(request).await.expect(200);
        assert_eq!((&counted["matched"], &counted["sample"]), (&json!(1), &json!([own.id])));
    }
    let path = "/v1/subjects/carol/revoke";
    let request = service.request(Method::POST, path, &bank.key).json(&json!({ "reason": "x" }));
    assert_eq!(service.send(request).await.expect(200)["revoked"], 1);
    for (own, status) in [(&shop, 200), (&bank, 401)] {
        let request = service.request(Method::POST, "/v1/verify", &own.key).json(&json!({ "token": own.token }));
        service.send(request).await.expect_status(status);
    }
}

/// A key of `default` makes keys for other realms, but opens no session there.
#[tokio::test]
async fn a_key_of_the_first_realm_opens_no_other() {
    let folder = rig::scratch();
    let service = two_applications(folder.path()).await;
    // What is asked for by name is an event of who asks; of the other session nothing is told.
    let (shop, silent) = (Shop::open(&service, "shop").await, Shop::open(&service, "shop").await);
    let before = shop.state(&service).await;
    let is_over_all = |call: &Call| {
        let governs = ["/v1/keys", "/v1/webhooks"].iter().any(|path| call.path.starts_with(path));
        governs || call.proof == Proof::OfAll || call.path == "/forward-auth"
    };
    for call in table(&shop).into_iter().filter(|call| !is_over_all(call)) {
        let answer = call.send(&service, ADMIN, "bank.example").await;
        assert_eq!(answer.status, call.foreign, "{call:?}: {answer:?}");
        for mark in call.secrets(&silent) {
            assert!(!answer.body.contains(mark), "{mark} {call:?}: {answer:?}");
        }
    }
    assert_eq!(shop.state(&service).await, before);
}

#[tokio::test]
async fn the_dashboard_says_how_far_the_trail_is_sealed_to_the_first_realm_only() {
    let folder = rig::scratch();
    let service = two_applications(folder.path()).await;
    let shop = Shop::open(&service, "shop").await;
    for _ in 0..200 {
        if !service.get("/v1/audit/checkpoint").await.expect(200)["checkpoint"].is_null() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    for (key, seen, hidden) in [
        (ADMIN, "Sealed through line", "Sealed with the events of all realms."),
        (shop.key.as_str(), "Sealed with the events of all realms.", "Sealed through line"),
    ] {
        let page = Guest::signed_in(&service, key).await.get("/dashboard/audit").await.page();
        page.expect_text(seen);
        page.expect_no(hidden);
    }
}

#[tokio::test]
async fn no_key_is_for_a_realm_of_the_librarys_own() {
    let service = Service::start().await;
    for realm in hallpass::Realm::OWN {
        let body = json!({ "name": "x", "role": "admin", "realm": realm });
        assert_eq!(service.post("/v1/keys", body).await.problem(422, "invalid_field")["field"], "realm", "{realm}");
    }
}

/// A call that is tried.
#[derive(Debug)]
struct Call {
    method: Method,
    path: String,
    body: Body,
    /// The status for a key of another realm, and for one of the same.
    foreign: u16,
    own: u16,
    proof: Proof,
}

#[derive(Debug)]
enum Body {
    None,
    Json(Value),
    Form(Vec<(&'static str, String)>),
    /// A browser's request for a page, with the cookie, as a proxy asks about it.
    Held(String),
}

/// By what it shows that the call is one that would have harmed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Proof {
    /// By its status, where the two differ; or it is about nobody.
    Status,
    /// The own key's answer names what is the application's.
    Shows,
    /// The own key changes the session.
    Acts,
    /// It is of all realms: not even the application's own admin may.
    OfAll,
}

impl Call {
    fn new(method: Method, path: &str, body: Body, foreign: u16, own: u16) -> Self {
        Self { method, path: path.to_owned(), body, foreign, own, proof: Proof::Status }
    }

    fn shows(self) -> Self {
        Self { proof: Proof::Shows, ..self }
    }

    fn acts(self) -> Self {
        Self { proof: Proof::Acts, ..self }
    }

    fn of_all(self) -> Self {
        Self { proof: Proof::OfAll, ..self }
    }

    /// Returns what must not be in an answer to others.
    fn secrets<'a>(&self, shop: &'a Shop) -> Vec<&'a str> {
        // The metrics are for whoever runs the service, and name the receivers that its configuration names.
        let names_receivers = self.path == "/metrics";
        shop.marks().into_iter().filter(|mark| !(names_receivers && *mark == RECEIVER)).collect()
    }

    /// Returns the call as the description names it.
    fn pattern(&self, shop: &Shop) -> String {
        let path = self.path.split('?').next().unwrap_or_default();
        let path = path.replace(&shop.id, "{id}").replace(&shop.key_id, "{id}").replace("/none/", "/{id}/");
        format!("{} {}", self.method, path.replace("/carol/", "/{subject}/"))
    }

    async fn send(&self, service: &Service, key: &str, host: &str) -> Answer {
        let client = reqwest::Client::builder().redirect(redirect::Policy::none()).build().expect("a client");
        let request = client.request(self.method.clone(), format!("{}{}", service.base, self.path));
        let request = match &self.body {
            Body::None => request.bearer_auth(key),
            Body::Json(body) => request.bearer_auth(key).json(body),
            Body::Form(fields) => {
                let fields: Vec<_> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
                request.bearer_auth(key).header("content-type", FORM).body(encoded(&fields))
            }
            Body::Held(token) => {
                let request = request.header("cookie", format!("sid={token}")).header("x-forwarded-for", "192.0.2.1");
                request.header("x-original-url", format!("https://{host}/")).header("x-original-method", "GET")
            }
        };
        if !self.path.starts_with("/v1/events/stream") {
            return service.send(request).await;
        }
        // A stream has no end: what comes within a second is what there is.
        let mut response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let mut body = Vec::new();
        while let Ok(chunk) = tokio::time::timeout(Duration::from_secs(1), response.chunk()).await {
            body.extend(chunk.expect("a chunk").expect("it has no end"));
        }
        Answer { status, headers, body: String::from_utf8(body).expect("text") }
    }
}

/// An application: its admin's key, and a session of its Carol.
struct Shop {
    realm: &'static str,
    key: String,
    key_id: String,
    id: String,
    token: String,
    access_token: String,
}

impl Shop {
    async fn open(service: &Service, realm: &'static str) -> Self {
        let made = service.post("/v1/keys", json!({ "name": "till", "role": "admin", "realm": realm })).await;
        let made = made.expect(201);
        let text = |name: &str| made[name].as_str().expect("text").to_owned();
        let (key, key_id) = (text("key"), text("id"));
        let body = json!({ "subject": "carol", "data": { "card": format!("{realm} 4111") } });
        let session = service.send(service.request(Method::POST, "/v1/sessions", &key).json(&body)).await.expect(201);
        let (id, token, access_token) = (id(&session), token(&session), access(&session));
        Self { realm, key, key_id, id, token, access_token }
    }

    /// What an answer about the application names.
    fn marks(&self) -> [&str; 4] {
        assert_eq!(self.realm, "shop");
        [&self.id, &self.key_id, "shop 4111", RECEIVER]
    }

    /// What there is of the application, as its own admin sees it.
    async fn state(&self, service: &Service) -> Vec<Value> {
        let mut state = Vec::new();
        let events = format!("/v1/events?session={}", self.id);
        for path in [&format!("/v1/sessions/{}", self.id), &events, "/v1/keys"] {
            let answer = service.send(service.request(Method::GET, path, &self.key)).await;
            state.push(answer.expect(200));
        }
        state
    }
}

/// A service on a store that can do all, with a receiver of the shop's events that is not there.
async fn two_applications(folder: &Path) -> Service {
    let secret = folder.join("secret");
    std::fs::write(&secret, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n").expect("a file");
    let mut config = Config { tokens: Tokens::Jwt, ..guarded() };
    config.forward_auth.realms =
        ["shop", "bank"].map(|name| (format!("{name}.example"), name.parse().expect("a realm"))).into();
    config.webhooks = vec![WebhookConfig {
        name: RECEIVER.to_owned(),
        realm: "shop".parse().expect("a realm"),
        url: "http://127.0.0.1:9/".to_owned(),
        secret_files: Paths(vec![secret]),
        danger_internal: true,
        ..WebhookConfig::default()
    }];
    let opened = stores::open(&format!("sqlite:{}", folder.join("hallpass.db").display())).await.expect("it opens");
    let service = Service::on(config, FaultyStore::new(MemoryStore::new()), opened).await;
    service.clock.set(SystemClock::new().now());
    service
}

/// Returns the calls of a path.
fn calls((path, methods): (&String, &Value)) -> Vec<String> {
    let methods = methods.as_object().expect("methods").keys();
    methods.map(|method| format!("{} {path}", method.to_ascii_uppercase())).collect()
}
