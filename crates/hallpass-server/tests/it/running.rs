use std::time::Duration;

use hallpass_server::{Config, Paths, Server};
use reqwest::Method;
use serde_json::json;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::service::{ADMIN, Service, config};

#[tokio::test]
async fn unknown_paths_and_methods_are_problems_too() {
    let service = Service::start().await;
    for path in ["/", "/v1", "/v1/session", "/v1/sessions/", "/v2/sessions", "/demo"] {
        service.get(path).await.problem(404, "not_found");
    }
    for (method, path) in [(Method::GET, "/v1/verify"), (Method::DELETE, "/v1/sessions"), (Method::PUT, "/livez")] {
        let answer = service.send(service.request(method, path, ADMIN)).await;
        answer.problem(405, "method_not_allowed");
        assert!(answer.headers.contains_key("allow"), "{answer:?}");
    }
}

#[tokio::test]
async fn every_answer_has_the_name_of_its_request_and_is_kept_by_nobody() {
    let service = Service::start().await;
    let named = service.request(Method::GET, "/v1/sessions", ADMIN).header("x-request-id", "my-request-1");
    let answer = service.send(named).await;
    assert_eq!(answer.headers["x-request-id"], "my-request-1");
    assert_eq!(answer.headers["cache-control"], "no-store");
    assert_eq!(answer.headers["x-content-type-options"], "nosniff");
    let (one, other) = (service.get("/livez").await, service.get("/livez").await);
    assert_ne!(one.headers["x-request-id"], other.headers["x-request-id"]);
    let odd = service.request(Method::GET, "/nowhere", ADMIN).header("x-request-id", "a b");
    assert_ne!(service.send(odd).await.problem(404, "not_found")["request_id"], "a b");
}

#[tokio::test]
async fn what_is_counted_is_shown_and_names_nobody() {
    let service = Service::start().await;
    let token = service.sign_in("somebody@example.org").await;
    service.verify(&token).await.expect(200);
    service.verify("x").await.problem(401, "inactive");
    service.post("/v1/logout", json!({ "token": token })).await.expect(204);
    service.get("/nowhere/at/all").await.problem(404, "not_found");
    let metrics = service.send(service.request(Method::GET, "/metrics", "")).await;
    assert_eq!(metrics.status, 200);
    assert!(metrics.headers["content-type"].to_str().expect("text").starts_with("application/openmetrics-text"));
    for line in [
        r#"hallpass_session_events_total{kind="created",reason=""} 1"#,
        r#"hallpass_session_events_total{kind="revoked",reason="logout"} 1"#,
        r#"hallpass_verifications_total{result="active"} 1"#,
        r#"hallpass_verifications_total{result="inactive"} 1"#,
        r#"hallpass_request_duration_seconds_count{route="/v1/verify",method="POST",status="200"} 1"#,
        r#"hallpass_request_duration_seconds_count{route="none",method="GET",status="404"} 1"#,
        r#"hallpass_store_duration_seconds_count{operation="load",result="ok"}"#,
        r#"hallpass_api_key_lookups_total{result="hit"}"#,
    ] {
        assert!(metrics.body.contains(line), "{line} is not in {}", metrics.body);
    }
    for private in ["somebody", "example.org", &token, ADMIN, "nowhere"] {
        assert!(!metrics.body.contains(private), "{private}");
    }
}

#[tokio::test]
async fn operators_can_have_an_address_of_their_own() {
    let mut config = config();
    config.admin_listen = Some("127.0.0.1:0".parse().expect("an address"));
    let mut service = Service::with(config).await;
    let admin = service.admin_base.clone().expect("an address");
    let token = service.sign_in("alice").await;
    service.verify(&token).await.expect(200);
    for path in ["/v1/keys", "/metrics", "/v1/events"] {
        service.get(path).await.problem(404, "not_found");
    }
    service.get("/v1/sessions").await.problem(405, "method_not_allowed");
    service.get("/readyz").await.expect(200);
    service.base = admin;
    for path in ["/v1/sessions", "/v1/keys", "/v1/events", "/readyz"] {
        service.get(path).await.expect(200);
    }
    assert_eq!(service.get("/metrics").await.status, 200);
    service.verify(&token).await.expect(200);
}

#[tokio::test]
async fn a_service_that_cannot_start_says_why_and_what_to_do() {
    let service = Service::start().await;
    let address = service.base.trim_start_matches("http://").parse().expect("an address");
    let start = async |config: Config| Server::start(config).await.expect_err("it cannot start").to_string();
    let in_use = start(Config { listen: address, ..config() }).await;
    assert!(
        in_use.contains(&address.to_string()) && in_use.contains("in use") && in_use.contains("--listen"),
        "{in_use}"
    );
    let elsewhere = start(Config { listen: "203.0.113.1:7070".parse().expect("an address"), ..config() }).await;
    assert!(elsewhere.contains("203.0.113.1:7070"), "{elsewhere}");
    let store = start(Config { store: "carrier-pigeon:loft".to_owned(), ..config() }).await;
    assert!(store.contains("carrier-pigeon") && !store.contains("loft"), "{store}");
    let pepper = start(Config { pepper_file: Some("/nowhere/pepper".into()), ..config() }).await;
    assert!(pepper.contains("/nowhere/pepper"), "{pepper}");
    let files = Paths(vec!["/nowhere/sealing-key".into()]);
    let sealing = start(Config { sealing_key_files: files, ..config() }).await;
    assert!(sealing.contains("/nowhere/sealing-key") && sealing.contains("openssl rand"), "{sealing}");
}

#[tokio::test]
async fn a_first_key_is_made_once_and_works() {
    let config = Config { admin_key: None, ..config() };
    let server = Server::start(config).await.expect("it starts");
    let key = server.first_key().expect("the store is empty").expose().to_owned();
    assert!(!format!("{server:?}").contains(&key));
    let address = server.address();
    let running = tokio::spawn(server.run(std::future::pending()));
    let client = reqwest::Client::new();
    let answer = client.get(format!("http://{address}/v1/keys")).bearer_auth(&key).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
    running.abort();
}

#[tokio::test]
async fn a_client_that_sends_nothing_loses_its_connection() {
    let mut config = config();
    config.limits.header_timeout = 1;
    let service = Service::with(config).await;
    let address = service.base.trim_start_matches("http://").to_owned();
    for start in ["", "GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: "] {
        let mut stream = TcpStream::connect(&address).await.expect("a connection");
        stream.write_all(start.as_bytes()).await.expect("sent");
        let mut answer = Vec::new();
        let closed = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
        closed.expect("it is closed").expect("in order");
        assert!(!String::from_utf8_lossy(&answer).contains("200 OK"));
    }
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_not_waited_for() {
    let mut config = config();
    config.limits.body_timeout = 1;
    let service = Service::with(config).await;
    let address = service.base.trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).await.expect("a connection");
    let head = format!(
        "POST /v1/verify HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ADMIN}\r\nContent-Type: application/json\r\nContent-Length: 99\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).await.expect("sent");
    let mut answer = Vec::new();
    let closed = tokio::time::timeout(Duration::from_secs(5), stream.read_to_end(&mut answer)).await;
    closed.expect("it is closed").expect("in order");
    let answer = String::from_utf8_lossy(&answer);
    assert!(answer.starts_with("HTTP/1.1 408") && answer.contains("body_timeout"), "{answer}");
}

#[tokio::test]
async fn connections_beyond_the_limit_wait_for_their_turn() {
    let mut config = config();
    config.limits.connections = 1;
    let service = Service::with(config).await;
    let address = service.base.trim_start_matches("http://").to_owned();
    let first = TcpStream::connect(&address).await.expect("a connection");
    let mut second = TcpStream::connect(&address).await.expect("the system takes it in");
    second.write_all(b"GET /livez HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await.expect("sent");
    let mut answer = Vec::new();
    let early = tokio::time::timeout(Duration::from_millis(300), second.read_to_end(&mut answer)).await;
    assert!(early.is_err(), "the one place is taken");
    drop(first);
    tokio::time::timeout(Duration::from_secs(5), second.read_to_end(&mut answer))
        .await
        .expect("its turn")
        .expect("read");
    assert!(String::from_utf8_lossy(&answer).starts_with("HTTP/1.1 200"));
}
