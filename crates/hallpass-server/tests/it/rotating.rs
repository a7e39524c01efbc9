//! Keys of access tokens: given, made here, changed in turn, and taken away in an emergency.

use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::Ed25519KeyPair;
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hallpass::testing::{FaultyStore, ManualClock};
use hallpass::{
    Clock as _, KeyAlgorithm, MemorySettings, MemoryStore, Rotation, SealingKeys, Settings, StoredKeys, SystemClock,
};
use hallpass_server::stores::Opened;
use hallpass_server::{Config, Paths, Server, SigningKey};
use reqwest::Client;
use serde_json::{Value, json};

use crate::service::{ADMIN, Service, access, hybrid};

pub(crate) const SEALING: &[u8; 32] = b"the newest key: 32 random bytes!";

/// Writes a new key pair as `openssl genpkey -algorithm ed25519` does.
pub(crate) fn pair() -> String {
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("randomness");
    format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(document))
}

/// Returns the name of the key that signed a token.
pub(crate) fn kid(token: &str) -> String {
    let head = URL_SAFE_NO_PAD.decode(token.split('.').next().expect("a header")).expect("base64url");
    let head: Value = serde_json::from_slice(&head).expect("JSON");
    head["kid"].as_str().expect("a name").to_owned()
}

pub(crate) async fn published(base: &str) -> Vec<String> {
    let answer = reqwest::get(format!("{base}/.well-known/jwks.json")).await.expect("an answer");
    let keys: Value = serde_json::from_str(&answer.text().await.expect("text")).expect("JSON");
    let names = keys["keys"].as_array().expect("keys").iter();
    names.map(|key| key["kid"].as_str().expect("a name").to_owned()).collect()
}

#[derive(Clone, Default)]
pub(crate) struct Shared {
    store: FaultyStoreOfMemory,
    pub(crate) settings: Arc<MemorySettings>,
}

#[derive(Clone)]
pub(crate) struct FaultyStoreOfMemory(FaultyStore<MemoryStore>);

impl Default for FaultyStoreOfMemory {
    fn default() -> Self {
        Self(FaultyStore::new(MemoryStore::new()))
    }
}

impl Shared {
    pub(crate) fn opened(&self) -> Opened {
        Opened { store: Arc::new(self.store.0.clone()), settings: Arc::clone(&self.settings) as Arc<dyn Settings> }
    }

    /// Starts a node by the clock on the wall, and returns its address.
    pub(crate) async fn node(&self, config: Config) -> String {
        Self::start(config, self.opened()).await
    }

    /// Starts a node on parts of the caller's own.
    pub(crate) async fn start(config: Config, opened: Opened) -> String {
        let server = Server::builder(config).opened(opened).start().await.expect("it starts");
        let base = format!("http://{}", server.address());
        tokio::spawn(server.run(std::future::pending()));
        base
    }
}

/// Returns what several nodes configure that make keys of their own.
pub(crate) fn nodes(folder: &Path) -> Config {
    let file = folder.join("sealing-key");
    fs::write(&file, SEALING).expect("a file");
    let mut config = hybrid();
    config.sealing_key_files = Paths(vec![file]);
    config.jwt.issuer = Some("https://login.example".to_owned());
    config
}

pub(crate) async fn call(client: &Client, base: &str, path: &str, body: Value) -> (u16, Value) {
    let request = client.post(format!("{base}{path}")).bearer_auth(ADMIN).json(&body);
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    let text = response.text().await.expect("text");
    (status, serde_json::from_str(&text).unwrap_or(Value::Null))
}

#[tokio::test]
async fn of_the_keys_that_are_given_the_first_signs_and_all_verify() {
    let folder = rig::scratch();
    let (old, new) = (folder.path().join("old.pem"), folder.path().join("new.pem"));
    fs::write(&old, pair()).expect("a file");
    fs::write(&new, pair()).expect("a file");
    let shared = Shared::default();
    let config = |files: &[&Path], variable: Option<&str>| {
        let mut config = hybrid();
        config.jwt.issuer = Some("https://login.example".to_owned());
        config.signing_key_files = Paths(files.iter().map(|path| path.to_path_buf()).collect());
        config.signing_key = variable.map(|pem| SigningKey::new(pem).expect("a key"));
        config
    };
    let start = async |config| Service::on(config, shared.store.0.clone(), shared.opened()).await;
    let before = start(config(&[&old], None)).await;
    let made = before.create(json!({ "subject": "alice" })).await;
    let after = start(config(&[&new, &old], None)).await;
    after.verify_access(&access(&made)).await.expect(200);
    let next = after.create(json!({ "subject": "alice" })).await;
    assert_ne!(kid(&access(&next)), kid(&access(&made)));
    before.verify_access(&access(&next)).await.problem(401, "inactive");
    let both = published(&after.base).await;
    assert!(both.contains(&kid(&access(&made))) && both.contains(&kid(&access(&next))), "{both:?}");

    let variable = start(config(&[&new], Some(&pair()))).await;
    let newest = variable.create(json!({ "subject": "alice" })).await;
    assert!(!both.contains(&kid(&access(&newest))));
    variable.verify_access(&access(&next)).await.expect(200);
    variable.verify_access(&access(&made)).await.problem(401, "inactive");
    assert_eq!(variable.settings_of_tokens(&shared).await, 0, "nothing is made where keys are given");
}

impl Service {
    async fn settings_of_tokens(&self, shared: &Shared) -> usize {
        shared.settings.list("token-keys/").await.expect("memory").len()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jwt_13_a_key_that_is_taken_away_is_refused_on_every_node_within_seconds_and_its_successor_on_none() {
    let (folder, shared) = (rig::scratch(), Shared::default());
    let config = nodes(folder.path());
    let bases = [shared.node(config.clone()).await, shared.node(config).await];
    let client = Client::new();
    let (_, made) = call(&client, &bases[0], "/v1/sessions", json!({ "subject": "alice" })).await;
    let stolen = json!({ "access_token": access(&made) });
    for base in &bases {
        assert_eq!(call(&client, base, "/v1/verify", stolen.clone()).await.0, 200);
    }
    let (sealing, now) = (SealingKeys::new(SEALING).expect("a key"), SystemClock::new().now());
    let settings = Arc::clone(&shared.settings) as Arc<dyn Settings>;
    let keys = StoredKeys::open(settings, sealing, KeyAlgorithm::EdDsa, Rotation::default(), now).await.expect("keys");
    let id = keys.keys().expect("keys")[0].id.clone();
    assert_eq!(id.as_str(), kid(&access(&made)));
    assert!(keys.remove(&id, now).await.expect("memory").is_some());
    let removed = Instant::now();
    let mut refused_after = [None; 2];
    // The bound is two seconds; the rest is for a machine that is busy.
    while refused_after.contains(&None) && removed.elapsed() < Duration::from_secs(10) {
        for (base, refused) in bases.iter().zip(&mut refused_after) {
            let (status, answer) = call(&client, base, "/v1/verify", stolen.clone()).await;
            if status == 200 {
                assert!(refused.is_none(), "what was refused stays refused");
            } else {
                assert_eq!((status, &answer["code"]), (401, &json!("inactive")));
                refused.get_or_insert(removed.elapsed());
            }
            // One node may know the successor before the other: its tokens are good on both.
            let (status, fresh) = call(&client, base, "/v1/renew", json!({ "token": made["token"] })).await;
            assert_eq!(status, 200);
            if kid(&access(&fresh)) != id.as_str() {
                for other in &bases {
                    let shown = json!({ "access_token": access(&fresh) });
                    assert_eq!(call(&client, other, "/v1/verify", shown).await.0, 200);
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(
        refused_after.iter().all(|after| after.is_some_and(|after| after < Duration::from_secs(5))),
        "{refused_after:?}"
    );
    for base in &bases {
        assert!(!published(base).await.contains(&id.to_string()));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn jwt_5_however_many_unknown_keys_are_named_the_settings_are_asked_a_few_times() {
    let service = Service::with(hybrid()).await;
    let made = service.create(json!({ "subject": "alice" })).await;
    let token = access(&made);
    let (_, rest) = token.split_once('.').expect("a header");
    let began = Instant::now();
    let calls = (0..100).map(|number| {
        let head = format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"../{number}' OR 1=1 --"}}"#);
        let named = format!(r#"{{"alg":"EdDSA","typ":"at+jwt","kid":"k{number}"}}"#);
        let service = &service;
        async move {
            for head in [head, named] {
                let bad = format!("{}.{rest}", URL_SAFE_NO_PAD.encode(head));
                service.verify_access(&bad).await.problem(401, "inactive");
            }
        }
    });
    futures_util::future::join_all(calls).await;
    // Each batch waits for one look, a quarter of a second apart: one after another they would take 50 seconds.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    service.verify_access(&token).await.expect(200);
}

#[tokio::test]
async fn a_node_whose_keys_do_not_sign_yet_is_not_ready_and_says_so() {
    let (folder, shared) = (rig::scratch(), Shared::default());
    let later = ManualClock::new().now().plus(Duration::from_hours(1));
    let (sealing, settings) = (SealingKeys::new(SEALING).expect("a key"), Arc::clone(&shared.settings));
    StoredKeys::open(settings, sealing, KeyAlgorithm::EdDsa, Rotation::default(), later).await.expect("keys");
    let service = Service::on(nodes(folder.path()), shared.store.0.clone(), shared.opened()).await;
    let unready = service.get("/readyz").await.problem(503, "not_ready");
    assert_eq!(unready["detail"], "No key signs tokens now.");
    service.post("/v1/sessions", json!({ "subject": "alice" })).await.problem(503, "unavailable");
    service.clock.advance(Duration::from_hours(1));
    tokio::time::sleep(Duration::from_millis(600)).await; // what the check before said is believed for half a second
    service.get("/readyz").await.expect(200);
    service.post("/v1/sessions", json!({ "subject": "alice" })).await.expect(201);
}

#[tokio::test]
async fn what_hinders_keys_is_said_with_what_to_do() {
    let folder = rig::scratch();
    let database = format!("sqlite:{}", folder.path().join("a.db").display());
    let stored = |store: &str| Config { store: store.to_owned(), ..hybrid() };
    let why = async |config: Config| Server::start(config).await.expect_err("it does not start").to_string();

    let missing = why(stored(&database)).await;
    assert!(missing.contains("sealing_key_files") && missing.contains("openssl rand"), "{missing}");
    let forgets = why(stored("memcached://127.0.0.1:1")).await;
    assert!(forgets.contains("signing_key_files") && forgets.contains("openssl genpkey"), "{forgets}");
    let file = folder.path().join("not-a-key.pem");
    let given = |config: Config| Config { signing_key_files: Paths(vec![file.clone()]), ..config };
    let absent = why(given(stored("memory:"))).await;
    assert!(absent.contains("not-a-key.pem") && absent.contains("openssl genpkey"), "{absent}");
    fs::write(&file, "-----BEGIN PRIVATE KEY-----\nQUJD\n-----END PRIVATE KEY-----\n").expect("a file");
    let broken = why(given(stored("memory:"))).await;
    assert!(broken.contains("not-a-key.pem") && !broken.contains("QUJD"), "{broken}");
    fs::write(&file, pair()).expect("a file");
    let mut both = given(stored("memory:"));
    both.jwt.algorithm = Some(hallpass_server::SigningAlgorithm::Es256);
    assert!(why(both).await.starts_with("jwt.algorithm: "));

    let shared = Shared::default();
    shared.node(nodes(folder.path())).await;
    let other = nodes(folder.path());
    fs::write(&other.sealing_key_files.0[0], b"another key of 32 random bytes!!").expect("a file");
    let start = Server::builder(other).opened(shared.opened()).start().await;
    let sealed = start.expect_err("it does not start").to_string();
    assert!(sealed.contains("sealing_key_files"), "{sealed}");

    let mut public = hybrid();
    public.listen = "0.0.0.0:0".parse().expect("an address");
    assert!(why(public).await.starts_with("jwt.issuer: "));
    let mut short = hybrid();
    (short.key_rotation, short.jwt.lifetime) = (1, 3600);
    assert!(why(short).await.starts_with("key_rotation: "));
}
