//! Sessions in Memcached: what works, and what is refused in plain words.

use std::time::Duration;

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::bench::{Bench, KEY};

/// Asks a service as an application does.
pub(crate) fn call(url: &str, path: &str, body: &Value) -> (StatusCode, Value) {
    let asking = async {
        let request = reqwest::Client::new().post(format!("{url}{path}")).bearer_auth(KEY).json(body);
        let answer = request.send().await.expect("the service answers");
        let status = answer.status();
        (status, answer.json().await.unwrap_or_default())
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(asking)
}

#[test]
fn services_share_their_sessions_in_memcached() {
    let (Some(one), Some(other)) = (rig::memcached(&["-I", "2m"]), rig::memcached(&["-I", "2m"])) else { return };
    let bench = Bench::new();
    let (first, second) = (one.address(), other.address());
    let (_first, first) = bench.serve(&["--store", &format!("memcached://{first},{second}")]);
    let (_second, second) = bench.serve(&["--store", &format!("memcached://{},{}", other.address(), one.address())]);
    for _ in 0..10 {
        let (status, made) = call(&first, "/v1/sessions", &json!({ "subject": "alice" }));
        assert_eq!(status, StatusCode::CREATED, "{made}");
        let token = json!({ "token": made["token"] });
        let (status, verified) = call(&second, "/v1/verify", &token);
        assert_eq!((status, &verified["active"]), (StatusCode::OK, &json!(true)), "{verified}");
        let id = made["session"]["id"].as_str().expect("an id");
        let shown = bench.run(&[
            "sessions",
            "show",
            id,
            "--store",
            &one.url().replace("//", &format!("//{},", other.address())),
        ]);
        assert!(shown.stdout.contains("alice"), "{}", shown.all());
        let revoked = bench.ask(&second, &["sessions", "revoke", id, "--reason", "stolen", "--yes"]);
        assert_eq!(revoked.code, 0, "{}", revoked.all());
        let (status, problem) = call(&first, "/v1/verify", &token);
        assert_eq!((status, &problem["code"]), (StatusCode::UNAUTHORIZED, &json!("inactive")), "{problem}");
    }
}

#[test]
fn an_outage_is_told_as_one_and_ends_nothing() {
    let Some(server) = rig::memcached(&[]) else { return };
    let bench = Bench::new();
    let (_service, url) = bench.serve(&["--store", &format!("{}?timeout_ms=300", server.url())]);
    let (_, made) = call(&url, "/v1/sessions", &json!({ "subject": "alice" }));
    let token = json!({ "token": made["token"] });
    server.freeze();
    for _ in 0..3 {
        let (status, problem) = call(&url, "/v1/verify", &token);
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{problem}");
    }
    server.thaw();
    std::thread::sleep(Duration::from_millis(1500));
    let (_, verified) = call(&url, "/v1/verify", &token);
    assert_eq!(verified["active"], json!(true), "{verified}");
}

#[test]
fn what_memcached_cannot_do_is_said_in_plain_words() {
    let Some(server) = rig::memcached(&["-I", "2m"]) else { return };
    let bench = Bench::new();
    let store = server.url();
    let (_service, url) = bench.serve(&["--store", &store]);
    for (words, part) in [
        (vec!["sessions", "list"], "lists none"),
        (vec!["sessions", "count"], "lists none"),
        (vec!["sessions", "revoke", "--subject", "alice", "--reason", "stolen", "--yes"], "lists none"),
        (vec!["sessions", "watch"], "keeps no events"),
        (vec!["keys", "create", "shop", "--role", "app"], "remembers no API keys"),
        (vec!["keys", "list"], "remembers no API keys"),
    ] {
        let direct = bench.run(&[&words[..], &["--store", &store]].concat());
        assert_eq!(direct.code, 2, "{words:?}: {}", direct.all());
        assert!(
            direct.stderr.contains("this store cannot do that") && direct.stderr.contains(part),
            "{}",
            direct.all()
        );
    }
    for words in [vec!["sessions", "list"], vec!["keys", "create", "shop", "--role", "app"]] {
        let asked = bench.ask(&url, &words);
        assert_eq!(asked.code, 2, "{words:?}: {}", asked.all());
        assert!(asked.stderr.contains("the service's store cannot do that"), "{}", asked.all());
    }
    let swept = bench.run(&["sweep", "--store", &store]);
    assert_eq!(swept.code, 0, "{}", swept.all());
}

#[test]
fn a_service_on_memcached_wants_a_key_that_it_was_given() {
    let Some(server) = rig::memcached(&["-I", "2m"]) else { return };
    let bench = Bench::new();
    let run = bench.run(&["serve", "--listen", "127.0.0.1:0", "--store", &server.url()]);
    assert_eq!(run.code, 2, "{}", run.all());
    assert!(run.stderr.contains("HALLPASS_ADMIN_KEY") && run.stderr.contains("remembers no API keys"), "{}", run.all());
    // A restart knows the same key.
    for _ in 0..2 {
        let (_service, url) = bench.serve(&["--store", &server.url()]);
        let (status, _) = call(&url, "/v1/sessions", &json!({ "subject": "alice" }));
        assert_eq!(status, StatusCode::CREATED);
    }
}

#[test]
fn a_url_that_is_wrong_is_told_without_its_password() {
    let bench = Bench::new();
    let port = rig::free_port();
    for (store, part) in [
        (format!("memcached://app:s3cret@127.0.0.1:{port}"), port.to_string()),
        ("memcached://app:s3cret@h?colour=red".to_owned(), "colour is not an option".to_owned()),
        ("memcached://app:s3cret@h,h".to_owned(), "stands there twice".to_owned()),
    ] {
        let run = bench.run(&["sessions", "list", "--store", &store]);
        assert_eq!(run.code, 2, "{}", run.all());
        assert!(run.stderr.contains(&part) && !run.all().contains("s3cret"), "{}", run.all());
    }
}
