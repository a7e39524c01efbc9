use hallpass_server::{Config, Paths, Server};
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use crate::service::config;

struct Running {
    base: String,
    key: Option<String>,
    stop: oneshot::Sender<()>,
    task: tokio::task::JoinHandle<()>,
}

async fn start(store: &str) -> Running {
    start_with(Config { store: store.to_owned(), admin_key: None, ..config() }).await
}

async fn start_with(config: Config) -> Running {
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
    Running { base, key, stop, task }
}

async fn post(running: &Running, key: &str, path: &str, body: Value) -> (StatusCode, Value) {
    let request = Client::new().post(format!("{}{path}", running.base)).bearer_auth(key).json(&body);
    let response = request.send().await.expect("an answer");
    (response.status(), response.json().await.unwrap_or_default())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_made_before_a_restart_is_there_after_it() {
    let folder = rig::scratch();
    let store = format!("sqlite:{}", folder.path().join("hallpass.db").display());
    let first = start(&store).await;
    let key = first.key.clone().expect("a first key");
    let (status, made) = post(&first, &key, "/v1/sessions", json!({ "subject": "alice", "data": { "n": 1 } })).await;
    assert_eq!(status, 201);
    let token = made["token"].clone();
    first.stop.send(()).expect("it runs");
    first.task.await.expect("it stops");

    let second = start(&store).await;
    assert!(second.key.is_none(), "there is a key already");
    let (status, verified) = post(&second, &key, "/v1/verify", json!({ "token": token })).await;
    assert_eq!((status.as_u16(), &verified["session"]["data"]), (200, &json!({ "n": 1 })));
    let (status, _) = post(&second, &key, "/v1/logout", json!({ "token": token })).await;
    assert_eq!(status, 204);
    let timeline = format!("{}/v1/sessions/{}/timeline", second.base, made["session"]["id"].as_str().expect("an id"));
    let timeline: Value =
        Client::new().get(timeline).bearer_auth(&key).send().await.expect("an answer").json().await.expect("JSON");
    let kinds: Vec<_> =
        timeline["items"].as_array().expect("a list").iter().map(|event| event["kind"].clone()).collect();
    assert_eq!(kinds, ["created", "revoked"]);
    assert!(timeline["ending"]["request_id"].is_string());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_services_share_a_store_and_its_keys() {
    let folder = rig::scratch();
    let store = format!("sqlite:{}", folder.path().join("hallpass.db").display());
    let (one, other) = (start(&store).await, start(&store).await);
    let key = one.key.clone().expect("the first makes a key");
    assert!(other.key.is_none(), "and the second does not");
    let (_, made) = post(&one, &key, "/v1/sessions", json!({ "subject": "alice" })).await;
    let (status, _) = post(&other, &key, "/v1/verify", json!({ "token": made["token"] })).await;
    assert_eq!(status, 200);
    let (status, _) = post(&other, &key, "/v1/logout", json!({ "token": made["token"] })).await;
    assert_eq!(status, 204);
    let (status, _) = post(&one, &key, "/v1/verify", json!({ "token": made["token"] })).await;
    assert_eq!(status, 401);

    let (_, viewer) = post(&one, &key, "/v1/keys", json!({ "name": "x", "role": "app" })).await;
    let (viewer, id) = (viewer["key"].as_str().expect("a key"), viewer["id"].as_str().expect("an id"));
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let (status, _) = post(&other, viewer, "/v1/verify", json!({ "token": "x" })).await;
    assert_eq!(status, 401);
    let revoke = Client::new().delete(format!("{}/v1/keys/{id}", one.base)).bearer_auth(&key);
    assert_eq!(revoke.send().await.expect("an answer").status(), 204);
    tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
    let (_, problem) = post(&other, viewer, "/v1/verify", json!({ "token": "x" })).await;
    assert_eq!(problem["code"], "bad_api_key", "revoked elsewhere counts within a second");
}

#[tokio::test]
async fn a_store_that_cannot_be_opened_is_named() {
    let folder = rig::scratch();
    let file = folder.path().join("not-a-store.db");
    std::fs::write(&file, "something else entirely, and long enough to be a file of some other program".repeat(9))
        .expect("written");
    let config = Config { store: format!("sqlite:{}", file.display()), ..config() };
    let error = Server::start(config).await.expect_err("it is no store").to_string();
    assert!(error.contains("not-a-store.db"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_sealed_is_in_no_file_and_opens_under_any_of_the_keys() {
    let folder = rig::scratch();
    let path = |name: &str| folder.path().join(name);
    std::fs::write(path("new"), b"the newest key: 32 random bytes!").expect("written");
    std::fs::write(path("old"), b"an older key of 32 random bytes!").expect("written");
    let with = |names: &[&str]| Config {
        store: format!("sqlite:{}", path("hallpass.db").display()),
        admin_key: None,
        sealing_key_files: Paths(names.iter().map(|name| path(name)).collect()),
        ..config()
    };
    let first = start_with(with(&["old"])).await;
    let key = first.key.clone().expect("a first key");
    let session = json!({ "subject": "alice", "data": { "wish": "a birthday present" } });
    let (status, made) = post(&first, &key, "/v1/sessions", session).await;
    assert_eq!(status, 201);
    let token = made["token"].clone();
    first.stop.send(()).expect("it runs");
    first.task.await.expect("it stops");
    for file in std::fs::read_dir(folder.path()).expect("a folder") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("read");
        assert!(!bytes.windows(8).any(|part| part == b"birthday"));
    }

    let both = start_with(with(&["new", "old"])).await;
    let (status, verified) = post(&both, &key, "/v1/verify", json!({ "token": token })).await;
    assert_eq!((status.as_u16(), &verified["session"]["data"]["wish"]), (200, &json!("a birthday present")));
    both.stop.send(()).expect("it runs");
    both.task.await.expect("it stops");

    std::fs::write(path("old"), b"a key that has sealed nothing...").expect("written");
    let wrong = start_with(with(&["old"])).await;
    let (status, problem) = post(&wrong, &key, "/v1/verify", json!({ "token": token })).await;
    assert_eq!((status.as_u16(), &problem["code"]), (503, &json!("unavailable")), "nobody is logged out");
}
