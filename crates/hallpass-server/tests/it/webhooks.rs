//! Events are sent to receivers: signed, in order, at least once, and by one node at a time.

mod receiver;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use hallpass::testing::FaultyStore;
use hallpass::{Clock as _, MemorySettings, MemoryStore, Outcome, Settings as _, SystemClock};
use hallpass_server::stores::Opened;
use hallpass_server::{Config, Paths, WebhookConfig, Words};
use serde_json::{Value, json};

use self::receiver::{Receiver, different, events};
use crate::service::{Service, config, id, token};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const NEXT: &str = "whsec_bmV4dCBzZWNyZXQgb2YgdGhlIHdlYmhvb2sgaGVyZSE=";

/// Returns the configuration of a service that tells this receiver, with secrets in a folder.
fn telling(receiver: &Receiver, folder: &Path) -> Config {
    let secret = |name: &str, secret: &str| {
        let path = folder.join(name);
        std::fs::write(&path, format!("{secret}\n")).expect("a file");
        path
    };
    let webhook = WebhookConfig {
        name: "crm".to_owned(),
        url: receiver.url.clone(),
        secret_files: Paths(vec![secret("first", SECRET), secret("next", NEXT)]),
        danger_internal: true,
        ..WebhookConfig::default()
    };
    Config { webhooks: vec![webhook], ..config() }
}

/// A store that several services share, one after the other or at once.
struct Shared {
    store: FaultyStore<MemoryStore>,
    settings: Arc<MemorySettings>,
}

impl Shared {
    fn new() -> Self {
        Self { store: FaultyStore::new(MemoryStore::new()), settings: Arc::default() }
    }

    async fn serve(&self, config: Config) -> Service {
        let settings = Arc::clone(&self.settings);
        let opened = Opened { store: Arc::new(self.store.clone()), settings };
        let service = Service::on(config, self.store.clone(), opened).await;
        service.clock.set(SystemClock::new().now());
        service
    }
}

/// Waits until a node has begun to deliver: it tells what happens from then on.
async fn served(service: &Service) -> Value {
    for _ in 0..500 {
        let list = service.get("/v1/webhooks").await.expect(200);
        if list["items"][0]["is_served"] == true {
            return list["items"][0].clone();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("nobody delivers");
}

async fn stop(mut service: Service) {
    service.stop();
    (&mut service.running).await.expect("it stops");
}

#[tokio::test]
async fn a_receiver_is_told_in_order_what_it_asked_for_and_can_verify_it() {
    let Some(libraries) = rig::oauth_client() else { return };
    let (secrets, receiver) = (rig::scratch(), Receiver::start().await);
    let mut config = telling(&receiver, secrets.path());
    config.webhooks[0].kinds = Words::from(["created", "revoked"]);
    let service = Service::on_the_wall(config).await;
    served(&service).await;
    let alice = service.create(json!({ "subject": "alice" })).await;
    service.post("/v1/renew", json!({ "token": token(&alice) })).await.expect(200);
    service.post("/v1/logout", json!({ "token": token(&alice) })).await.expect(204);
    let taken = receiver.taken(2).await;
    let told = events(&taken);
    let kinds: Vec<_> = told.iter().map(|event| event["kind"].as_str().expect("a word")).collect();
    assert_eq!(kinds, ["created", "revoked"], "and not that it was renewed");
    assert!(told.iter().all(|event| event["session"] == id(&alice) && event["subject"] == "alice"));
    assert!(!taken[0].to_string().contains(&token(&alice)));

    let file = secrets.path().join("messages");
    let mut forged = taken[0].clone();
    forged["body"] = Value::from(forged["body"].as_str().expect("a body").replace("alice", "mallory"));
    let lines: Vec<_> = [&taken[0], &taken[1], &forged].iter().map(ToString::to_string).collect();
    std::fs::write(&file, lines.join("\n")).expect("a file");
    let script = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/it/webhooks/verify.cjs"));
    for secret in [SECRET, NEXT] {
        let output = libraries.script(&script).arg(secret).arg(&file).output().expect("it runs");
        let said = String::from_utf8_lossy(&output.stdout);
        let said: Vec<_> = said.lines().collect();
        assert_eq!(said[..2], ["good created", "good revoked"], "{output:?}");
        assert!(said[2].starts_with("bad "), "{said:?}");
    }
}

#[tokio::test]
async fn what_is_not_taken_is_sent_again_before_anything_else() {
    let (secrets, receiver) = (rig::scratch(), Receiver::start().await);
    let service = Service::on_the_wall(telling(&receiver, secrets.path())).await;
    served(&service).await;
    // A redirect is no better than an error: the receiver would have been found where it leads.
    receiver.answer(307, None);
    receiver.answer(500, None);
    service.create(json!({ "subject": "alice" })).await;
    service.create(json!({ "subject": "bob" })).await;
    while receiver.refused() < 2 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        service.clock.advance(Duration::from_millis(100));
    }
    service.clock.advance(Duration::from_secs(4));
    let told = events(&receiver.taken(2).await);
    let subjects: Vec<_> = told.iter().map(|event| event["subject"].as_str().expect("a name")).collect();
    assert_eq!(subjects, ["alice", "bob"]);
    let metrics = service.get("/metrics").await.body;
    assert!(metrics.contains(r#"hallpass_webhook_messages_total{webhook="crm",result="refused"} 2"#), "{metrics}");
    assert!(metrics.contains(r#"hallpass_webhook_messages_total{webhook="crm",result="delivered"} 2"#), "{metrics}");
}

#[tokio::test]
async fn a_receiver_in_trouble_is_shown_and_left_alone_as_long_as_it_asks() {
    let (secrets, receiver) = (rig::scratch(), Receiver::start().await);
    let service = Service::on_the_wall(telling(&receiver, secrets.path())).await;
    let before = served(&service).await;
    assert_eq!(before["trouble"], Value::Null);
    assert_eq!(before["name"], "crm");
    assert!(
        receiver.url.starts_with(before["origin"].as_str().expect("an origin"))
            && !before.to_string().contains("/hook")
    );
    receiver.answer(429, Some("120"));
    service.create(json!({ "subject": "alice" })).await;
    let trouble = loop {
        let shown = service.get("/v1/webhooks").await.expect(200)["items"][0]["trouble"].clone();
        if shown.is_object() {
            break shown;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    assert_eq!(trouble["error"], "it answered 429");
    assert_eq!(trouble["attempts"], 1);
    service.clock.advance(Duration::from_secs(100));
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_eq!(receiver.refused(), 1, "it asked for two minutes");
    service.clock.advance(Duration::from_secs(25));
    receiver.taken(1).await;
}

#[tokio::test]
async fn what_happened_while_nobody_delivered_is_told_by_the_next_node_and_nothing_twice() {
    let (secrets, receiver, shared) = (rig::scratch(), Receiver::start().await, Shared::new());
    let first = shared.serve(telling(&receiver, secrets.path())).await;
    served(&first).await;
    first.create(json!({ "subject": "alice" })).await;
    receiver.taken(1).await;
    stop(first).await;
    // It has no webhook, and so only makes events.
    let silent = shared.serve(config()).await;
    silent.create(json!({ "subject": "bob" })).await;
    stop(silent).await;
    let next = shared.serve(telling(&receiver, secrets.path())).await;
    next.create(json!({ "subject": "carol" })).await;
    let told = events(&receiver.taken(3).await);
    let subjects: Vec<_> = told.iter().map(|event| event["subject"].as_str().expect("a name")).collect();
    assert_eq!(subjects, ["alice", "bob", "carol"]);
    stop(next).await;
}

#[tokio::test]
async fn of_two_nodes_one_delivers_and_the_other_takes_over_when_it_stops() {
    let (secrets, receiver, shared) = (rig::scratch(), Receiver::start().await, Shared::new());
    let nodes = [
        shared.serve(telling(&receiver, secrets.path())).await,
        shared.serve(telling(&receiver, secrets.path())).await,
    ];
    served(&nodes[0]).await;
    for number in 0..20 {
        nodes[number % 2].create(json!({ "subject": format!("user-{number}") })).await;
    }
    let taken = receiver.taken(20).await;
    assert_eq!((taken.len(), different(&taken)), (20, 20), "nothing comes twice");
    let [one, other] = nodes;
    receiver.refuse_all(true);
    one.create(json!({ "subject": "late" })).await;
    stop(one).await;
    receiver.refuse_all(false);
    other.clock.advance(Duration::from_mins(1));
    let taken = receiver.taken(21).await;
    assert_eq!(different(&taken), 21);
    stop(other).await;
}

#[tokio::test]
async fn a_node_that_died_is_replaced_once_it_has_been_silent_for_long_enough() {
    let (secrets, receiver, shared) = (rig::scratch(), Receiver::start().await, Shared::new());
    let first = shared.serve(telling(&receiver, secrets.path())).await;
    served(&first).await;
    first.create(json!({ "subject": "alice" })).await;
    receiver.taken(1).await;
    stop(first).await;
    let stored = shared.settings.load("webhook/crm").await.expect("memory").expect("a position");
    let mut position: Value = serde_json::from_slice(&stored).expect("JSON");
    position["node"] = json!("one that was killed");
    let changed = serde_json::to_vec(&position).expect("JSON");
    let saved = shared.settings.save("webhook/crm", &changed, Some(&stored)).await.expect("memory");
    assert_eq!(saved, Outcome::Applied);

    let next = shared.serve(telling(&receiver, secrets.path())).await;
    next.create(json!({ "subject": "bob" })).await;
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(receiver.taken(1).await.len(), 1, "the other may only be slow");
    next.clock.advance(Duration::from_secs(26));
    assert_eq!(events(&receiver.taken(2).await)[1]["subject"], "bob");
    stop(next).await;
}

#[tokio::test]
async fn only_administrators_see_who_is_told() {
    let (secrets, receiver) = (rig::scratch(), Receiver::start().await);
    let service = Service::with(telling(&receiver, secrets.path())).await;
    let key = service.post("/v1/keys", json!({ "name": "audit", "role": "auditor" })).await.expect(201);
    let key = key["key"].as_str().expect("a key").to_owned();
    let request = service.request(reqwest::Method::GET, "/v1/webhooks", &key);
    service.send(request).await.problem(403, "insufficient_role");
    let key = service.post("/v1/keys", json!({ "name": "other", "role": "admin", "realm": "other" })).await.expect(201);
    let key = key["key"].as_str().expect("a key").to_owned();
    let request = service.request(reqwest::Method::GET, "/v1/webhooks", &key);
    assert_eq!(service.send(request).await.expect(200)["items"], json!([]), "it is of another realm");
}
