use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Bytes;
use axum::routing::post;
use hallpass_server::Traces;
use reqwest::Method;
use serde_json::json;
use tokio::net::TcpListener;
use tracing_subscriber::layer::SubscriberExt as _;

use crate::service::{ADMIN, Service, id, token};

/// A collector of traces, and what it was sent.
async fn collector() -> (String, Arc<Mutex<Vec<u8>>>) {
    let sent = Arc::new(Mutex::new(Vec::new()));
    let taken = Arc::clone(&sent);
    let collect = move |body: Bytes| async move { taken.lock().expect("no panic").extend_from_slice(&body) };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let routes = Router::new().route("/v1/traces", post(collect));
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (format!("http://{address}"), sent)
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[tokio::test]
async fn requests_are_traced_as_part_of_the_callers_trace_and_without_secrets() {
    let (endpoint, sent) = collector().await;
    let variable = |name: &str| (name == "OTEL_EXPORTER_OTLP_ENDPOINT").then(|| endpoint.clone());
    let traces = Traces::from_environment(variable).expect("a URL").expect("asked for");
    let subscriber = tracing_subscriber::registry().with(traces.layer());
    // With one subscriber alone, what other threads come across first is taken for uninteresting.
    let _another = tracing::Dispatch::new(tracing_subscriber::registry());
    let guard = tracing::subscriber::set_default(subscriber);

    let service = Service::start().await;
    let made = service.create(json!({ "subject": "somebody@example.org" })).await;
    let (token, name) = (token(&made), id(&made));
    service.get(&format!("/v1/sessions/{name}")).await.expect(200);
    let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let verify = service.request(Method::POST, "/v1/verify", ADMIN).header("traceparent", parent);
    service.send(verify.json(&json!({ "token": token }))).await.expect(200);
    service.verify("x").await.problem(401, "inactive");
    drop(guard);
    tokio::task::spawn_blocking(move || traces.finish()).await.expect("it is finished");

    let sent = sent.lock().expect("no panic").clone();
    let trace = [0x0a, 0xf7, 0x65, 0x19, 0x16, 0xcd, 0x43, 0xdd, 0x84, 0x48, 0xeb, 0x21, 0x1c, 0x80, 0x31, 0x9c];
    assert!(holds(&sent, &trace), "the caller's trace goes on");
    for part in [
        "hallpass",
        "POST /v1/verify",
        "/v1/sessions/{id}",
        "http.response.status_code",
        "request_id",
        "store",
        "db.operation.name",
    ] {
        assert!(holds(&sent, part.as_bytes()), "{part}");
    }
    for secret in ["somebody", &name, &token, &token[24..], ADMIN] {
        assert!(!holds(&sent, secret.as_bytes()), "{secret}");
    }
}
