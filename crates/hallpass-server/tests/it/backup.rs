//! What `docs/operating.md` says of backups, restores and upgrades, with the stores' own tools and under load.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use hallpass_server::{Config, Server};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::audit::checked;
use crate::service::config;

/// A node of the service.
struct Node {
    base: String,
    key: Option<String>,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Node {
    async fn start(store: &str) -> Self {
        let config = Config { store: store.to_owned(), admin_key: None, ..config() };
        Self::with(config).await
    }

    async fn with(config: Config) -> Self {
        let server = Server::start(config).await.expect("it starts");
        let base = format!("http://{}", server.address());
        let key = server.first_key().map(|key| key.expose().to_owned());
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let shutdown = async {
                let _ = stopped.await;
            };
            server.run(shutdown).await.expect("it serves");
        });
        Self { base, key, stop, task }
    }

    async fn stop(self) {
        self.stop.send(()).expect("it runs");
        self.task.await.expect("it stops");
    }
}

async fn post(base: &str, key: &str, path: &str, body: Value) -> (StatusCode, Value) {
    let request = Client::new().post(format!("{base}{path}")).bearer_auth(key).json(&body);
    let answer = request.send().await.expect("an answer");
    (answer.status(), answer.json().await.unwrap_or_default())
}

async fn is_good(node: &Node, key: &str, session: &Value) -> bool {
    let (status, _) = post(&node.base, key, "/v1/verify", json!({ "token": session["token"] })).await;
    status == 200
}

/// Backs a store up while it is used, restores it as another, and finds what the page says.
async fn is_as_the_page_says(store: &str, has_trail: bool, back_up: impl FnOnce() -> String) {
    let node = Node::start(store).await;
    let key = node.key.clone().expect("a first key");
    let sign_in = async |subject: &str| post(&node.base, &key, "/v1/sessions", json!({ "subject": subject })).await.1;
    let (alice, bob, dave) = (sign_in("alice").await, sign_in("bob").await, sign_in("dave").await);
    let is_over = Arc::new(AtomicBool::new(false));
    let load = tokio::spawn(load(node.base.clone(), key.clone(), Arc::clone(&is_over)));
    tokio::time::sleep(Duration::from_millis(300)).await;
    let restored = tokio::task::block_in_place(back_up);
    is_over.store(true, Ordering::SeqCst);
    assert!(load.await.expect("no call fails while it is backed up") > 0, "it was used");
    // After the backup somebody is logged out, somebody signs in again, and somebody comes.
    let (status, _) = post(&node.base, &key, "/v1/logout", json!({ "token": alice["token"] })).await;
    assert_eq!(status, 204);
    let proof = json!({ "token": dave["token"], "subject": "dave" });
    let (_, again) = post(&node.base, &key, "/v1/authenticate", proof).await;
    assert!(is_good(&node, &key, &again).await && !is_good(&node, &key, &dave).await);
    let carol = sign_in("carol").await;
    let since = last_event_before_the_end(&node, &key, &alice).await;
    node.stop().await;

    let node = Node::start(&restored).await;
    assert!(node.key.is_none(), "the keys are there, so none is made");
    assert!(is_good(&node, &key, &bob).await, "who was signed in still is");
    assert!(!is_good(&node, &key, &carol).await, "who came later has to sign in again");
    assert!(is_good(&node, &key, &alice).await, "a logout after the backup is undone, until it is done again");
    assert!(is_good(&node, &key, &dave).await, "the token that he had at the backup is good again");
    assert!(!is_good(&node, &key, &again).await, "and the one after it is not: its user signs in again");

    // The page: end again what had ended, by the events that were kept elsewhere.
    let path = format!("/v1/sessions/{}/revoke", since.as_str().expect("a session"));
    let (status, _) = post(&node.base, &key, &path, json!({ "reason": "ended after the backup" })).await;
    assert_eq!(status, 200);
    assert!(!is_good(&node, &key, &alice).await);
    assert!(is_good(&node, &key, &bob).await);
    // Or the safe way: nobody who was there keeps a session.
    let body = json!({ "filter": {}, "reason": "restored from a backup" });
    let (status, said) = post(&node.base, &key, "/v1/revoke", body).await;
    assert_eq!(status, 200, "{said}");
    assert!(!is_good(&node, &key, &bob).await);
    if has_trail {
        is_whole(&node, &key).await;
    }
    node.stop().await;
}

/// Makes sessions until it is told to stop; returns how many.
async fn load(base: String, key: String, is_over: Arc<AtomicBool>) -> usize {
    let mut made = 0;
    while !is_over.load(Ordering::SeqCst) {
        let (status, _) = post(&base, &key, "/v1/sessions", json!({ "subject": format!("load-{made}") })).await;
        assert_eq!(status, 201);
        made += 1;
    }
    made
}

/// Returns the session that the last `revoked` event is about, as whoever keeps events elsewhere has it.
async fn last_event_before_the_end(node: &Node, key: &str, session: &Value) -> Value {
    let url = format!("{}/v1/events?kind=revoked&limit=1000", node.base);
    let answer = Client::new().get(url).bearer_auth(key).send().await.expect("an answer");
    let page: Value = answer.json().await.expect("JSON");
    let revoked = page["items"].as_array().expect("a list").last().expect("somebody was logged out");
    assert_eq!(revoked["session"], session["session"]["id"]);
    revoked["session"].clone()
}

/// The chain of what was restored is whole, and goes on.
async fn is_whole(node: &Node, key: &str) {
    let url = format!("{}/v1/audit/export", node.base);
    for _ in 0..100 {
        let answer = Client::new().get(&url).bearer_auth(key).send().await.expect("an answer");
        let export = answer.text().await.expect("text");
        let report = checked(&export);
        assert!(report.broken.is_none(), "{report:?}");
        // That somebody takes a copy is an event itself.
        if report.unsealed <= 1 && report.lines > 0 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("the tail is never sealed");
}

fn run(command: &mut Command) {
    let output = command.output().expect("it runs");
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn sqlite(path: &Path) -> String {
    format!("sqlite:{}", path.display())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sqlite_is_restored_as_the_page_says() {
    let Some(tool) = rig::program("sqlite3") else { return };
    let folder = rig::scratch();
    let (file, copy) = (folder.path().join("hallpass.db"), folder.path().join("copy.db"));
    let back_up = || {
        run(Command::new(tool).arg(&file).arg(format!(".backup '{}'", copy.display())));
        sqlite(&copy)
    };
    is_as_the_page_says(&sqlite(&file), true, back_up).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn postgresql_is_restored_as_the_page_says() {
    let (Some(server), Some(dump), Some(restore)) =
        (rig::Postgres::shared(), rig::program("pg_dump"), rig::program("pg_restore"))
    else {
        return;
    };
    let folder = rig::scratch();
    let file = folder.path().join("hallpass.dump");
    let (from, to) = (server.url(&server.database()), server.url(&server.database()));
    let back_up = || {
        run(Command::new(dump).arg("--format=custom").arg("--file").arg(&file).arg(&from));
        run(Command::new(restore).arg("--no-owner").arg("--dbname").arg(&to).arg(&file));
        to.clone()
    };
    is_as_the_page_says(&from, true, back_up).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_is_restored_as_the_page_says() {
    let (Some(from), Some(mut to), Some(tool)) = (rig::redis(&[]), rig::redis(&[]), rig::program("redis-cli")) else {
        return;
    };
    let url = to.url();
    let back_up = || {
        to.kill();
        let file = to.folder().join("dump.rdb");
        run(Command::new(tool).args(["-p", &from.port().to_string(), "--rdb"]).arg(&file));
        to.start();
        url
    };
    is_as_the_page_says(&from.url(), false, back_up).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_are_replaced_one_after_the_other_fail_no_request_and_log_nobody_out() {
    let folder = rig::scratch();
    let store = sqlite(&folder.path().join("hallpass.db"));
    let first = Node::start(&store).await;
    let key = first.key.clone().expect("a first key");
    let mut nodes = vec![first, Node::start(&store).await];
    let (_, alice) = post(&nodes[0].base, &key, "/v1/sessions", json!({ "subject": "alice" })).await;
    let ports = Arc::new(parking_lot::Mutex::new(nodes.iter().map(|node| node.base.clone()).collect::<Vec<_>>()));
    let is_over = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..4)
        .map(|_| tokio::spawn(client(Arc::clone(&ports), key.clone(), alice["token"].clone(), Arc::clone(&is_over))))
        .collect();
    for number in 0..2 {
        tokio::time::sleep(Duration::from_millis(300)).await;
        nodes.remove(0).stop().await;
        let next = Node::start(&store).await;
        ports.lock()[number].clone_from(&next.base);
        nodes.push(next);
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    is_over.store(true, Ordering::SeqCst);
    for client in clients {
        assert!(client.await.expect("no request fails") > 0);
    }
    for node in nodes {
        node.stop().await;
    }
}

/// Asks whether a session lives, of a node that is there, as the page says; returns how often.
async fn client(
    bases: Arc<parking_lot::Mutex<Vec<String>>>,
    key: String,
    token: Value,
    is_over: Arc<AtomicBool>,
) -> usize {
    let client = Client::new();
    let mut asked = 0;
    while !is_over.load(Ordering::SeqCst) {
        let body = json!({ "token": token });
        let mut last = None;
        // A node that is gone takes no connection: the next one is asked.
        for attempt in 0..4 {
            let base = bases.lock()[(asked + attempt) % 2].clone();
            match client.post(format!("{base}/v1/verify")).bearer_auth(&key).json(&body).send().await {
                Ok(answer) => {
                    assert_eq!(answer.status(), 200, "nobody is logged out");
                    last = None;
                    break;
                }
                Err(error) => last = Some(error),
            }
        }
        assert!(last.is_none(), "{last:?}");
        asked += 1;
    }
    asked
}
