//! The dashboard in a real Chromium, beside the demo's visitors, driven by `browser.cjs`.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path as Part, State};
use axum::routing::post;
use hallpass_server::Config;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;

use super::{FIREFOX, SAFARI};
use crate::service::{Service, config, id};

/// A scenario takes some seconds; a machine that is busy with more than tests takes its time.
const PATIENCE: Duration = Duration::from_mins(5);

/// What a scenario is told.
struct Stage {
    base: String,
    /// Moves the service's time, and takes its store away.
    control: String,
    /// A key for each role, all of the demo's realm, and the names of some sessions.
    props: Value,
}

/// Starts the service with its demo, whose visitors are those whom an operator watches, and some sessions of the past.
async fn serve() -> Stage {
    let service = Service::on_the_wall(Config { demo: true, ..config() }).await;
    let mut keys = serde_json::Map::new();
    for role in ["app", "viewer", "operator", "auditor", "admin"] {
        let body = json!({ "name": format!("night shift {role}"), "role": role, "realm": "demo" });
        let made = service.post("/v1/keys", body).await.expect(201);
        keys.insert(role.to_owned(), made["key"].clone());
    }
    let app = keys["app"].as_str().expect("a key").to_owned();
    let create = async |subject: &str, ip: &str, user_agent: &str, level: u8| {
        let methods = if level > 1 { json!(["pwd", "otp"]) } else { json!(["pwd"]) };
        let body = json!({
            "subject": subject,
            "client": { "ip": ip, "user_agent": user_agent },
            "authentication": { "methods": methods, "level": level },
        });
        let request = service.request(reqwest::Method::POST, "/v1/sessions", &app).json(&body);
        service.send(request).await.expect(201)
    };
    // One that time ended, some that go on.
    let expired = create("heidi@example.org", "203.0.113.77", SAFARI, 1).await;
    service.clock.advance(Duration::from_hours(5));
    let found = create("mallory@example.org", "198.51.100.23", FIREFOX, 2).await;
    create("mallory@example.org", "198.51.100.42", SAFARI, 1).await;
    create("trent@example.org", "2001:db8::17", FIREFOX, 1).await;
    let token = found["token"].as_str().expect("a token");
    for _ in 0..3 {
        let request = service.request(reqwest::Method::POST, "/v1/renew", &app).json(&json!({ "token": token }));
        service.send(request).await;
    }
    let stage_base = service.base.clone();
    let props = json!({ "keys": keys, "expired": id(&expired), "found": id(&found) });
    let service = Arc::new(service);

    let control = Router::new()
        .route(
            "/advance/{seconds}",
            post(async |State(service): State<Arc<Service>>, Part(seconds): Part<u64>| {
                service.clock.advance(Duration::from_secs(seconds)).to_string()
            }),
        )
        .route(
            "/outage/{away}",
            post(async |State(service): State<Arc<Service>>, Part(away): Part<bool>| service.store.outage(away)),
        )
        .with_state(service);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, control).await });
    Stage { base: stage_base, control: format!("http://{address}"), props }
}

/// Runs one scenario; it ends with `passed` on its own line, or tells what went wrong.
async fn run(scenario: &str) {
    let Some(browser) = rig::browser() else { return };
    let Stage { base, control, props } = serve().await;
    let profiles = rig::scratch();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/dashboard/browser.cjs");
    let mut command = Command::from(browser.script(&script));
    command.args([scenario, &base, &control, &props.to_string()]).env("TMPDIR", profiles.path());
    let child = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = timeout(PATIENCE, child).await.expect("the scenario ends in time").expect("node starts");
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.ends_with("passed\n"), "{scenario}:\n{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_operator_finds_reads_and_ends_sessions_and_the_browser_is_refused() {
    run("an_operator_finds_reads_and_ends_sessions_and_the_browser_is_refused").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_works_without_scripts() {
    run("everything_works_without_scripts").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_can_be_done_from_the_keyboard() {
    run("everything_can_be_done_from_the_keyboard").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_overview_goes_on_by_itself_and_stops_when_told() {
    run("the_overview_goes_on_by_itself_and_stops_when_told").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_page_of_another_site_ends_nothing() {
    run("a_page_of_another_site_ends_nothing").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_fit_a_phone_and_can_be_read_in_light_and_dark() {
    run("pages_fit_a_phone_and_can_be_read_in_light_and_dark").await;
}
