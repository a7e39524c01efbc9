//! Keys that change every second, under load: `HALLPASS_STORM_SECONDS=60` makes it a minute; by default it is short. What
//! happened is printed.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hallpass::{
    Clock as _, Fault, Jwt, KeyAlgorithm, KeyRing, Rotation, SealingKeys, Settings, StoredKeys, SystemClock,
};
use reqwest::Client;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::Command;
use tokio::sync::mpsc;

use crate::rotating::{SEALING, Shared, call, kid, nodes};
use crate::service::access;

const ISSUER: &str = "https://login.example";
/// How many work at once.
const WORKERS: usize = 4;

/// What was judged so far, and by whom.
#[derive(Default)]
struct Judged {
    by_nodes: AtomicU64,
    in_process: AtomicU64,
    by_published: AtomicU64,
}

fn length() -> Duration {
    let seconds = std::env::var("HALLPASS_STORM_SECONDS").ok().and_then(|text| text.parse().ok());
    Duration::from_secs(seconds.unwrap_or(10))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn jwt_13_keys_that_change_every_second_refuse_nobody_anywhere() {
    let (folder, shared) = (rig::scratch(), Shared::default());
    let mut config = nodes(folder.path());
    (config.key_rotation, config.jwt.max_age, config.jwt.lifetime) = (1, 0, 5);
    let bases = [shared.node(config.clone()).await, shared.node(config).await];
    let (judged, began) = (Arc::new(Judged::default()), Instant::now());
    let (to_follower, follower) = follow(&bases);
    let in_process = Arc::new(InProcess::open(&shared).await);
    let workers = (0..WORKERS).map(|number| {
        let (bases, judged, to_follower, in_process) =
            (bases.clone(), Arc::clone(&judged), to_follower.clone(), Arc::clone(&in_process));
        tokio::spawn(work(number, bases, in_process, judged, to_follower, began))
    });
    let mut names = BTreeSet::new();
    for worker in workers.collect::<Vec<_>>() {
        names.extend(worker.await.expect("nobody was refused"));
    }
    drop(to_follower);
    let by_jose = match follower {
        Some(follower) => follower.await.expect("no panic"),
        None => Value::Null,
    };
    let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let told = format!(
        "{} keys in {:?}; judged: {} by two nodes, {} in process, {} by keys read over HTTP, by jose for Node.js {by_jose}",
        names.len(),
        length(),
        count(&judged.by_nodes),
        count(&judged.in_process),
        count(&judged.by_published),
    );
    println!("{told}");
    // The first second is that of the first key, and a busy machine is late with some.
    assert!(names.len() as u64 >= length().as_secs() / 2, "{told}");
    assert!(
        [&judged.by_nodes, &judged.in_process, &judged.by_published].into_iter().all(|one| count(one) > 0),
        "{told}"
    );
    if !by_jose.is_null() {
        assert_eq!(by_jose["refused"], json!([]), "{told}");
        assert!(by_jose["verified"].as_u64().is_some_and(|verified| verified > 0), "{told}");
        assert!(by_jose["keys"].as_u64().is_some_and(|keys| keys >= length().as_secs() / 2), "{told}");
    }
}

/// A verifier within this process, which shares the settings with the nodes.
struct InProcess {
    jwt: Jwt,
    keys: StoredKeys,
}

impl InProcess {
    async fn open(shared: &Shared) -> Self {
        let sealing = SealingKeys::new(SEALING).expect("a key");
        let settings = Arc::clone(&shared.settings) as Arc<dyn Settings>;
        let rotation = Rotation { every: Duration::from_hours(1), ahead: Duration::ZERO, keep: Duration::from_mins(1) };
        let now = SystemClock::new().now();
        let keys = StoredKeys::open(settings, sealing, KeyAlgorithm::EdDsa, rotation, now).await.expect("keys");
        let jwt = Jwt::access(keys.ring().clone(), ISSUER, ISSUER).expect("names");
        Self { jwt, keys }
    }

    /// Judges a token, if need be by keys that were made meanwhile.
    async fn judge(&self, token: &str) -> Result<(), Fault> {
        let now = || SystemClock::new().now();
        match self.jwt.check(token.as_bytes(), now()) {
            Err(Fault::UnknownKey) => {
                self.keys.refresh(now()).await.expect("memory");
                self.jwt.check(token.as_bytes(), now()).map(drop)
            }
            judged => judged.map(drop),
        }
    }
}

/// Signs in, renews and has every token judged by everybody, again and again. Returns the names of the keys that signed.
async fn work(
    number: usize,
    bases: [String; 2],
    in_process: Arc<InProcess>,
    judged: Arc<Judged>,
    to_follower: mpsc::UnboundedSender<String>,
    began: Instant,
) -> BTreeSet<String> {
    let (client, mut names, mut held) = (Client::new(), BTreeSet::new(), Vec::<(Instant, String)>::new());
    let (here, there) = (&bases[number % 2], &bases[(number + 1) % 2]);
    let subject = json!({ "subject": format!("user {number}") });
    let (_, mut answer) = call(&client, here, "/v1/sessions", subject.clone()).await;
    let mut turn = 0_u32;
    while began.elapsed() < length() {
        let token = access(&answer);
        names.insert(kid(&token));
        held.push((Instant::now(), token.clone()));
        held.retain(|(made, _)| made.elapsed() < Duration::from_secs(4));
        let _ = to_follower.send(token);
        for (made, token) in held.iter().take(3).chain(held.last()) {
            for base in [here, there] {
                let (status, answer) = call(&client, base, "/v1/verify", json!({ "access_token": token })).await;
                assert_eq!(status, 200, "{:?} after it was made: {answer}", made.elapsed());
                judged.by_nodes.fetch_add(1, Ordering::Relaxed);
            }
            let opened = in_process.judge(token).await;
            assert!(opened.is_ok(), "{:?} after it was made: {opened:?}", made.elapsed());
            judged.in_process.fetch_add(1, Ordering::Relaxed);
        }
        for base in [here, there] {
            let keys = client.get(format!("{base}/.well-known/jwks.json")).send().await.expect("an answer");
            assert_eq!(keys.headers()["cache-control"], "public, max-age=0");
            let keys = KeyRing::from_jwks(keys.text().await.expect("text").as_bytes()).expect("keys");
            let remote = Jwt::access(keys, ISSUER, ISSUER).expect("names");
            for (made, token) in &held {
                let opened = remote.check(token.as_bytes(), SystemClock::new().now());
                assert!(opened.is_ok(), "{:?} after it was made: {opened:?}", made.elapsed());
                judged.by_published.fetch_add(1, Ordering::Relaxed);
            }
        }
        turn += 1;
        tokio::time::sleep(Duration::from_millis(50)).await;
        // Each fifth time somebody else signs in.
        let (path, body) = match turn % 5 {
            0 => ("/v1/sessions", subject.clone()),
            _ => ("/v1/renew", json!({ "token": answer["token"] })),
        };
        let (status, next) = call(&client, here, path, body).await;
        assert!(matches!(status, 200 | 201), "{next}");
        answer = next;
    }
    names
}

/// Starts a verifier that was not written here and reads the published keys of a node for each token; where it is not
/// installed, nobody listens.
fn follow(bases: &[String; 2]) -> (mpsc::UnboundedSender<String>, Option<tokio::task::JoinHandle<Value>>) {
    let (to_follower, mut tokens) = mpsc::unbounded_channel::<String>();
    let Some(libraries) = rig::oauth_client() else { return (to_follower, None) };
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/storm/follower.cjs");
    let mut command = Command::from(libraries.script(&script));
    command.args(bases).arg(ISSUER);
    let started = command.stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true).spawn();
    let mut child = started.expect("node starts");
    let task = tokio::spawn(async move {
        let mut input = child.stdin.take().expect("it was asked for");
        while let Some(token) = tokens.recv().await {
            input.write_all(format!("{token}\n").as_bytes()).await.expect("it listens");
        }
        drop(input);
        let mut told = String::new();
        let mut output = child.stdout.take().expect("it was asked for");
        output.read_to_string(&mut told).await.expect("text");
        assert!(child.wait().await.expect("it ends").success(), "{told}");
        serde_json::from_str(&told).expect("JSON")
    });
    (to_follower, Some(task))
}
