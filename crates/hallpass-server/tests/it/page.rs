//! The page of the hybrid pattern: `examples/hybrid/session.js` in a real Chromium, with a small application behind it that
//! keeps the refresh token in a cookie and asks the service.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path as Part, State};
use axum::http::{HeaderMap, header};
use axum::response::{Html, IntoResponse as _, Response};
use axum::routing::{get, post};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;

use crate::service::{Answer, Service, hybrid};

/// A scenario takes some seconds; a machine that is busy with more than tests takes its time.
const PATIENCE: Duration = Duration::from_mins(5);

/// An application that serves a page, and has the service judge and renew.
struct App {
    service: Service,
    refreshes: AtomicU64,
    /// For how many milliseconds a refresh is under way.
    slow: AtomicU64,
    /// What was sent to another origin than the page's.
    elsewhere: AtomicU64,
}

const PAGE: &str = r#"<!doctype html><html lang="en"><title>hybrid</title><script type="module">
import { Session } from '/session.js';
window.session = new Session({ refresh: '/session/refresh' });
window.told = [];
for (const name of ['refreshed', 'outage', 'signed-out']) {
  session.addEventListener(name, () => told.push(name));
}
</script>"#;

/// Returns the answer of the service that hands out tokens, as the page gets it.
fn handed_out(answer: &Answer) -> Response {
    if !answer.status.is_success() {
        let mut response = answer.status.into_response();
        let retry_after = answer.headers.get(header::RETRY_AFTER).cloned();
        response.headers_mut().extend(retry_after.map(|value| (header::RETRY_AFTER, value)));
        return response;
    }
    let answer = answer.json();
    let body = json!({ "access_token": answer["access_token"], "expires_in": answer["expires_in"] });
    let cookie = answer["cookie"].as_str().expect("a cookie").to_owned();
    ([(header::SET_COOKIE, cookie), (header::CACHE_CONTROL, "no-store".to_owned())], body.to_string()).into_response()
}

async fn sign_in(State(app): State<Arc<App>>) -> Response {
    handed_out(&app.service.post("/v1/sessions", json!({ "subject": "alice" })).await)
}

async fn refresh(State(app): State<Arc<App>>, headers: HeaderMap) -> Response {
    app.refreshes.fetch_add(1, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(app.slow.load(Ordering::SeqCst))).await;
    let cookie = headers.get(header::COOKIE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let token = cookie.split("; ").find_map(|pair| pair.strip_prefix("sid=")).unwrap_or_default();
    handed_out(&app.service.post("/v1/renew", json!({ "token": token })).await)
}

async fn who(State(app): State<Arc<App>>, headers: HeaderMap, body: String) -> Response {
    let token = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
    let answer = app.service.verify_access(token.unwrap_or_default()).await;
    let status = answer.status;
    let subject = if answer.status.is_success() { answer.json()["session"]["subject"].take() } else { Value::Null };
    (status, json!({ "subject": subject, "said": body }).to_string()).into_response()
}

/// Serves the page, and on another origin what tests steer it with.
async fn serve() -> [String; 2] {
    let mut config = hybrid();
    config.cookie.name = Some("sid".to_owned());
    config.cookie.danger_plain_http = true;
    let service = Service::with(config).await;
    let [refreshes, slow, elsewhere] = [(); 3].map(|()| AtomicU64::new(0));
    let app = Arc::new(App { service, refreshes, slow, elsewhere });
    let script = || async {
        let source = include_str!("../../../../examples/hybrid/session.js");
        ([(header::CONTENT_TYPE, "text/javascript")], source)
    };
    let page = Router::new()
        .route("/", get(|| async { Html(PAGE) }))
        .route("/session.js", get(script))
        .route("/sign-in", post(sign_in))
        .route("/session/refresh", post(refresh))
        .route("/api/who", get(who).post(who));
    let control = Router::new()
        .route(
            "/advance/{seconds}",
            post(async |State(app): State<Arc<App>>, Part(seconds): Part<u64>| {
                app.service.clock.advance(Duration::from_secs(seconds)).to_string()
            }),
        )
        .route(
            "/outage/{away}",
            post(async |State(app): State<Arc<App>>, Part(away): Part<bool>| app.service.store.outage(away)),
        )
        .route(
            "/slow/{millis}",
            post(async |State(app): State<Arc<App>>, Part(millis): Part<u64>| app.slow.store(millis, Ordering::SeqCst)),
        )
        .route("/refreshes", get(async |State(app): State<Arc<App>>| app.refreshes.load(Ordering::SeqCst).to_string()))
        .route(
            "/elsewhere",
            get(async |State(app): State<Arc<App>>, headers: HeaderMap| {
                app.elsewhere.fetch_add(headers.contains_key(header::AUTHORIZATION).into(), Ordering::SeqCst);
                ([(header::ACCESS_CONTROL_ALLOW_ORIGIN, "*")], app.elsewhere.load(Ordering::SeqCst).to_string())
            }),
        );
    let mut bases = [page, control].map(|router| router.with_state(Arc::clone(&app))).into_iter();
    [start(bases.next().expect("two")).await, start(bases.next().expect("two")).await]
}

async fn start(router: Router) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}")
}

/// Runs one scenario; it ends with `passed` on its own line, or tells what went wrong.
async fn run(scenario: &str) {
    let Some(browser) = rig::browser() else { return };
    let [page, control] = serve().await;
    let profiles = rig::scratch();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/page/browser.cjs");
    let mut command = Command::from(browser.script(&script));
    command.args([scenario, &page, &control]).env("TMPDIR", profiles.path());
    let child = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = timeout(PATIENCE, child).await.expect("the scenario ends in time").expect("node starts");
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.ends_with("passed\n"), "{scenario}:\n{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_requests_of_a_page_wait_for_one_refresh() {
    run("many_requests_of_a_page_wait_for_one_refresh").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tabs_refresh_once_and_without_locks_both_go_on() {
    run("two_tabs_refresh_once_and_without_locks_both_go_on").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outage_is_told_to_the_page_and_is_no_logout() {
    run("an_outage_is_told_to_the_page_and_is_no_logout").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replay_signs_every_tab_out() {
    run("a_replay_signs_every_tab_out").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rft_11_no_script_sees_the_refresh_token_and_no_other_origin_a_token() {
    run("rft_11_no_script_sees_the_refresh_token_and_no_other_origin_a_token").await;
}
