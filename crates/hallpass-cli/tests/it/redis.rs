//! Sessions in Redis: the service and an operator at the same server.

use std::process::Command;
use std::time::{Duration, Instant};

use crate::bench::{Bench, KEY};

/// Makes a session as an application does; answers its token.
fn sign_in(url: &str, subject: &str) -> String {
    let asking = async {
        let body = serde_json::json!({ "subject": subject });
        let client = reqwest::Client::new();
        client
            .post(format!("{url}/v1/sessions"))
            .bearer_auth(KEY)
            .json(&body)
            .send()
            .await
            .expect("the service answers")
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let answer = runtime.block_on(asking);
    assert!(answer.status().is_success(), "{}", answer.status());
    let body: serde_json::Value = runtime.block_on(answer.json()).expect("JSON");
    body["token"].as_str().expect("a token").to_owned()
}

#[test]
fn a_service_keeps_its_sessions_in_redis_and_an_operator_finds_them_there() {
    let Some(server) = rig::redis(&["appendonly yes", "appendfsync always"]) else { return };
    let bench = Bench::new();
    let store = server.url();
    let (service, url) = bench.serve(&["--store", &store]);
    sign_in(&url, "alice");
    for words in
        [vec!["sessions", "list", "--store", &store], vec!["sessions", "list", "--store", &store, "--subject", "alice"]]
    {
        let listed = bench.run(&words);
        assert_eq!(listed.code, 0, "{}", listed.all());
        assert!(listed.stdout.contains("alice"), "{}", listed.all());
    }
    let by_service = bench.ask(&url, &["sessions", "list", "--subject", "alice"]);
    assert!(by_service.stdout.contains("alice"), "{}", by_service.all());
    let revoked =
        bench.run(&["sessions", "revoke", "--store", &store, "--subject", "alice", "--reason", "stolen", "--yes"]);
    assert_eq!(revoked.code, 0, "{}", revoked.all());
    let left = bench.ask(&url, &["sessions", "list", "--subject", "alice", "--json"]);
    assert!(!left.stdout.contains("\"active\""), "{}", left.all());
    let ended = bench.ask(&url, &["sessions", "list", "--subject", "alice", "--state", "ended", "--json"]);
    assert!(ended.stdout.contains("alice"), "{}", ended.all());
    drop(service);
    // Keys of the service live there, too.
    let keys = bench.run(&["keys", "list", "--store", &store]);
    assert!(keys.code == 0 && !keys.stdout.is_empty(), "{}", keys.all());
}

/// Asks the service about a token; answers whether it is good.
fn is_good(url: &str, token: &str) -> bool {
    is(url, &serde_json::json!({ "token": token }))
}

fn is(url: &str, body: &serde_json::Value) -> bool {
    let asking = async {
        let request = reqwest::Client::new().post(format!("{url}/v1/verify")).bearer_auth(KEY).json(body);
        request.send().await.expect("the service answers").status()
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    match runtime.block_on(asking).as_u16() {
        200 => true,
        401 => false,
        status => panic!("verify answers with {status}"),
    }
}

fn metrics(url: &str) -> String {
    let asking = async {
        let request = reqwest::Client::new().get(format!("{url}/metrics")).bearer_auth(KEY);
        request.send().await.expect("the service answers").text().await.expect("text")
    };
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(asking)
}

#[test]
fn a_service_with_a_cache_hears_of_what_ends_elsewhere() {
    let Some(server) = rig::redis(&["appendonly yes", "appendfsync always"]) else { return };
    let bench = Bench::new();
    let store = server.url();
    let (one, first) = bench.serve(&["--store", &store]);
    let (other, second) = bench.serve(&["--store", &store, "--cache", "16"]);
    let token = sign_in(&first, "alice");
    for _ in 0..20 {
        assert!(is_good(&second, &token));
        std::thread::sleep(Duration::from_millis(50));
    }
    let revoked = bench.ask(&first, &["sessions", "revoke", "--subject", "alice", "--reason", "stolen", "--yes"]);
    assert_eq!(revoked.code, 0, "{}", revoked.all());
    let counted = |name: &str| {
        let text = metrics(&second);
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_else(|| panic!("{name} in {text}"));
        line.rsplit(' ').next().and_then(|number| number.parse::<u64>().ok()).expect("a number")
    };
    assert!(counted("hallpass_session_cache_lookups_total{result=\"hit\"}") > 0, "the cache was of use");
    assert_eq!(counted("hallpass_session_cache_whole "), 1);
    assert!(!is(&second, &serde_json::json!({ "token": token, "max_staleness": 0 })), "whoever asks for it, is told");
    let ended = Instant::now();
    while is_good(&second, &token) {
        assert!(ended.elapsed() < Duration::from_secs(5), "it was told");
        std::thread::sleep(Duration::from_millis(5));
    }
    drop((one, other));
}

#[test]
fn a_redis_that_is_away_is_told_without_its_password() {
    let bench = Bench::new();
    let port = rig::free_port();
    let store = format!("redis://app:s3cret@127.0.0.1:{port}");
    for words in
        [vec!["serve", "--listen", "127.0.0.1:0", "--store", &store], vec!["sessions", "list", "--store", &store]]
    {
        let run = bench.run(&words);
        assert_eq!(run.code, 2, "{}", run.all());
        assert!(run.stderr.contains(&port.to_string()) && !run.all().contains("s3cret"), "{}", run.all());
    }
    let wrong = bench.run(&["sessions", "list", "--store", "redis://app:s3cret@h?colour=red"]);
    assert!(wrong.stderr.contains("colour is not an option") && !wrong.all().contains("s3cret"), "{}", wrong.all());
}

#[test]
fn the_greeting_of_a_service_shows_no_password() {
    let Some(server) = rig::redis(&["requirepass s3cret"]) else { return };
    let bench = Bench::new();
    let store = format!("redis://:s3cret@127.0.0.1:{}", server.port());
    let (service, _) = bench.serve(&["--store", &store]);
    let said = service.output();
    assert!(said.contains("redis") && !said.contains("s3cret"), "{said}");
    let mut command: Command = bench.command(&["sessions", "list"]);
    command.env("HALLPASS_STORE", &store);
    let listed = crate::bench::run(command);
    assert!(listed.stderr.contains("No session matches") && !listed.all().contains("s3cret"), "{}", listed.all());
}
