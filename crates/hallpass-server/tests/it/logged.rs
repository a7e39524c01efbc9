//! Every event that the list of lifecycle events asks for (LOG-1), by its name there, with its fields (LOG-2), and without
//! what is never written (LOG-3).

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use hallpass::audit::Entry;
use hallpass::testing::ManualClock;
use hallpass::{Event, EventKind};
use hallpass_server::{Config, Paths, PolicyConfig, Server, stores};
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::service::{ADMIN, config};

/// What the list asks for, and what it is here: a kind, and the reason where one kind has several.
const LISTED: [(&str, &str, &str); 23] = [
    ("created", "created", ""),
    ("rotated (sign-in)", "authenticated", ""),
    ("rotated (change of role or password)", "rechained", ""),
    ("renewed", "renewed", ""),
    ("step_up", "authenticated", ""),
    ("expired (idle)", "expired", "idle"),
    ("expired (absolute)", "expired", "absolute"),
    ("logout", "revoked", "logout"),
    ("revoked by user", "revoked", "revoked"),
    ("revoked by admin", "revoked", "revoked"),
    ("revoked by policy, replaced", "revoked", "replaced"),
    ("evicted", "revoked", "evicted"),
    ("use_after_end", "used_after_end", ""),
    ("unknown_id", "unknown_token", ""),
    ("old_id_reuse", "spent_token", ""),
    ("refresh_rotated", "renewed", ""),
    ("refresh_reuse", "replayed", "replayed"),
    ("key_rotated", "key_rotated", ""),
    ("policy_changed", "policy_changed", ""),
    ("admin_action", "admin_action", ""),
    ("admin_action (key created)", "key_created", ""),
    ("admin_action (key revoked)", "key_revoked", ""),
    ("bruteforce_suspected", "bruteforce_suspected", ""),
];

/// What belongs to the layers in front of an application, and is told to its observers there.
const OF_LAYERS: [(&str, &str); 2] = [("duplicate_cookie", "duplicate_cookie"), ("csrf_blocked", "csrf_blocked")];

struct Running {
    base: String,
    client: Client,
    clock: ManualClock,
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
    secrets: Vec<String>,
}

impl Running {
    async fn start(folder: &Path, idle: u64) -> Self {
        let key = folder.join("sealing-key");
        std::fs::write(&key, b"the newest key: 32 random bytes!").expect("a file");
        let config = Config {
            store: format!("sqlite:{}", folder.join("hallpass.db").display()),
            sealing_key_files: Paths(vec![key]),
            tokens: hallpass_server::Tokens::Jwt,
            policy: PolicyConfig { idle: Some(idle), most_sessions: Some(2), ..PolicyConfig::default() },
            ..config()
        };
        let clock = ManualClock::new();
        let opened = stores::open(&config.store).await.expect("a store");
        let server = Server::builder(config).opened(opened).clock(clock.clone()).start().await.expect("it starts");
        let base = format!("http://{}", server.address());
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let shutdown = async {
                let _ = stopped.await;
            };
            server.run(shutdown).await.expect("it serves");
        });
        Self { base, client: Client::new(), clock, stop, task, secrets: vec![ADMIN.to_owned()] }
    }

    async fn call(&mut self, method: Method, path: &str, body: Value) -> Value {
        let request = self.client.request(method, format!("{}{path}", self.base)).bearer_auth(ADMIN).json(&body);
        let answer: Value = request.send().await.expect("an answer").json().await.unwrap_or_default();
        for name in ["token", "access_token", "key"] {
            self.secrets.extend(answer[name].as_str().map(str::to_owned));
        }
        answer
    }

    async fn post(&mut self, path: &str, body: Value) -> Value {
        self.call(Method::POST, path, body).await
    }

    async fn sign_in(&mut self, subject: &str) -> Value {
        let client = json!({ "ip": "198.51.100.7", "user_agent": "Firefox" });
        let body = json!({ "subject": subject, "data": { "cart": "canary-attribute" }, "client": client });
        let made = self.post("/v1/sessions", body).await;
        assert!(made["token"].is_string(), "{made}");
        made
    }

    async fn sealed(&self) {
        for _ in 0..400 {
            let request = self.client.get(format!("{}/v1/audit/checkpoint", self.base)).bearer_auth(ADMIN);
            let state: Value = request.send().await.expect("an answer").json().await.expect("JSON");
            if state["unsealed"] == 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("it is not sealed");
    }

    async fn export(&self) -> String {
        let request = self.client.get(format!("{}/v1/audit/export", self.base)).bearer_auth(ADMIN);
        request.send().await.expect("an answer").text().await.expect("text")
    }

    async fn end(self) {
        self.stop.send(()).expect("it runs");
        self.task.await.expect("it stops");
    }
}

fn token(answer: &Value) -> Value {
    answer["token"].clone()
}

/// Lives through everything that the list names.
async fn live(running: &mut Running) {
    let anonymous = running.post("/v1/sessions", json!({})).await;
    let ann = running.post("/v1/authenticate", json!({ "token": token(&anonymous), "subject": "ann" })).await;
    let ann = running.post("/v1/authenticate", json!({ "token": token(&ann), "subject": "ann" })).await;
    let other = running.post("/v1/renew", json!({ "token": token(&ann), "new_chain": true })).await;
    running.post("/v1/authenticate", json!({ "token": token(&other), "subject": "bob" })).await;

    let first = running.sign_in("carol").await;
    running.clock.advance(Duration::from_secs(1));
    let renewed = running.post("/v1/renew", json!({ "token": token(&first) })).await;
    running.post("/v1/verify", json!({ "token": token(&renewed) })).await;
    running.clock.advance(Duration::from_secs(100));
    // Late, but a stalled packet looks the same.
    running.post("/v1/verify", json!({ "token": token(&first) })).await;
    running.clock.advance(Duration::from_secs(100));
    running.post("/v1/verify", json!({ "token": token(&first) })).await;

    let dan = running.sign_in("dan").await;
    running.post("/v1/logout", json!({ "token": token(&dan) })).await;
    running.post("/v1/verify", json!({ "token": token(&dan) })).await;
    let mut eve = vec![running.sign_in("eve").await];
    running.clock.advance(Duration::from_secs(1));
    eve.push(running.sign_in("eve").await);
    running.clock.advance(Duration::from_secs(1));
    running.sign_in("eve").await;
    let own = running.post("/v1/self/revoke", json!({ "token": token(&eve[1]), "others": true })).await;
    assert!(own.get("code").is_none(), "{own}");
    let path = format!("/v1/sessions/{}/revoke", eve[1]["session"]["id"].as_str().expect("an id"));
    running.post(&path, json!({ "reason": "left" })).await;
    let unknown = format!("{}{}", "A".repeat(20), &dan["token"].as_str().expect("a token")[20..]);
    for _ in 0..320 {
        running.post("/v1/verify", json!({ "token": unknown })).await;
    }
    // What comes too fast is counted in the next report.
    running.clock.advance(Duration::from_secs(1));
    running.post("/v1/verify", json!({ "token": unknown })).await;
    let key = running.post("/v1/keys", json!({ "name": "me", "role": "viewer" })).await;
    running.call(Method::DELETE, &format!("/v1/keys/{}", key["id"].as_str().expect("an id")), json!({})).await;
    running.post("/v1/signing-keys/rotate", json!({})).await;

    running.sign_in("fay").await;
    running.clock.advance(Duration::from_mins(31));
    running.post("/v1/sweep", json!({})).await;
    let gus = running.sign_in("gus").await;
    let mut shown = token(&gus);
    for _ in 0..9 {
        running.clock.advance(Duration::from_mins(29));
        let next = running.post("/v1/renew", json!({ "token": shown })).await;
        if next["token"].is_string() {
            shown = token(&next);
        }
    }
    running.post("/v1/sweep", json!({})).await;
    // The last refusals are kept by a task beside the requests.
    tokio::time::sleep(Duration::from_millis(300)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_of_the_list_is_written_with_its_fields_and_without_secrets() {
    let folder = rig::scratch();
    Running::start(folder.path(), 3600).await.end().await;
    let mut running = Running::start(folder.path(), 1800).await;
    live(&mut running).await;
    running.sealed().await;
    let text = running.export().await;
    let events: Vec<Event> = text
        .lines()
        .filter_map(|line| match Entry::read(line).expect("an entry") {
            Entry::Line(line) => Some(serde_json::from_str(&line.event).expect("an event")),
            _ => None,
        })
        .collect();
    let mut found: BTreeMap<(String, String), Vec<&Event>> = BTreeMap::new();
    for event in &events {
        let reason = event.reason.as_ref().map(ToString::to_string).unwrap_or_default();
        found.entry((event.kind.to_string(), reason)).or_default().push(event);
    }
    for (name, kind, reason) in LISTED {
        let of = found.get(&(kind.to_owned(), reason.to_owned()));
        let of = of.unwrap_or_else(|| panic!("{name} is not among {:#?}", found.keys()));
        for event in of {
            fields(name, event);
        }
    }
    let by = |kind: &str, actor: &str| {
        found
            .iter()
            .any(|((of, _), events)| of == kind && events.iter().any(|event| event.actor.as_str().starts_with(actor)))
    };
    for (kind, actor) in [("revoked", "user"), ("revoked", "operator:"), ("expired", "policy"), ("revoked", "policy")] {
        assert!(by(kind, actor), "{kind} by {actor}");
    }
    for (name, kind) in OF_LAYERS {
        assert!(EventKind::from_word(kind).is_refusal(), "{name}");
    }
    assert!(running.secrets.len() > 20, "there was something to look for");
    for secret in &running.secrets {
        assert!(!text.contains(secret.as_str()), "a token or key is in the trail");
    }
    assert!(!text.contains("canary-attribute"), "an attribute is in the trail");
    running.end().await;
}

/// Checks what an event of a kind has to say.
fn fields(name: &str, event: &Event) {
    assert!(!event.actor.as_str().is_empty(), "{name}: {event:?}");
    let of_service = ["policy_changed", "bruteforce_suspected", "key_rotated"].contains(&event.kind.as_str());
    let of_keys = ["key_created", "key_revoked", "admin_action"].contains(&event.kind.as_str());
    let is_unknown = event.kind == EventKind::UnknownToken;
    if !of_service && !of_keys && !is_unknown {
        assert!(event.session.is_some() && event.level.is_some() && event.profile.is_some(), "{name}: {event:?}");
    }
    let by_rule = event.actor == hallpass::Actor::policy();
    if !by_rule && !of_service {
        assert!(event.origin.request_id.is_some(), "{name}: {event:?}");
        let route = event.origin.route.as_ref().map(hallpass::Note::as_str).unwrap_or_default();
        assert!(route.contains(" /v1/") && !route.contains('?'), "{name}: {event:?}");
    }
}
