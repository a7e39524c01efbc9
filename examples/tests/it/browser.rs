//! Every check of `browser.cjs` on every example, in a real Chromium.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use axum::Router;
use hallpass::SessionsBuilder;
use serde_json::json;
use shop::Failure;
use tokio::process::Command;
use tokio::time::timeout;

use crate::host;

/// The checks of an example take some seconds; a machine that is busy with more than tests takes its time. Shorter than
/// the time between two sweeps, which would find that the clock was moved.
const PATIENCE: Duration = Duration::from_mins(8);

/// How an example holds its session, as the browser sees it.
#[derive(Clone, Copy)]
struct Holder {
    /// The cookie, if there is one.
    cookie: Option<&'static str>,
    same_site: &'static str,
    /// Whether the page builds itself by a script.
    is_scripted: bool,
    /// What to ask for with a token, to see whether anybody is signed in by it.
    question: (&'static str, &'static str),
}

impl Holder {
    fn cookie(name: &'static str) -> Self {
        Self { cookie: Some(name), same_site: "Lax", is_scripted: false, question: ("GET", "/") }
    }
}

async fn hold_all_checks<F>(app: impl FnOnce(SessionsBuilder, String) -> F, place: String, holder: Holder)
where
    F: Future<Output = Result<Router, Failure>>,
{
    let Some(browser) = rig::browser() else { return };
    let Some(certificate) = rig::certificate() else { return };
    let port = host::serve(app, place, &certificate).await;
    let profiles = rig::scratch();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/browser.cjs");
    let Holder { cookie, same_site, is_scripted, question: (method, path) } = holder;
    let example = json!({
        "port": port, "cookie": cookie, "sameSite": same_site, "isScripted": is_scripted,
        "question": { "method": method, "path": path },
    });
    let mut command = Command::from(browser.script(&script));
    command.arg(example.to_string()).env("TMPDIR", profiles.path()).env("NODE_TLS_REJECT_UNAUTHORIZED", "0");
    let child = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = timeout(PATIENCE, child).await.expect("the checks end in time").expect("node starts");
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.contains("all passed\n"), "\n{told}");
}

/// A file of a test's own.
fn file(folder: &tempfile::TempDir) -> String {
    folder.path().join("shop.db").to_string_lossy().into_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_side_session_holds_in_a_browser() {
    let folder = rig::scratch();
    hold_all_checks(crate::server_side::app, file(&folder), Holder::cookie("__Host-server-side")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stateless_jwt_holds_in_a_browser() {
    let folder = rig::scratch();
    let holder = Holder { cookie: None, same_site: "", is_scripted: true, question: ("GET", "/visit") };
    hold_all_checks(crate::stateless_jwt::app, file(&folder), holder).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hybrid_holds_in_a_browser() {
    let folder = rig::scratch();
    let holder = Holder {
        same_site: "Strict",
        is_scripted: true,
        question: ("POST", "/token"),
        ..Holder::cookie("__Host-refresh")
    };
    hold_all_checks(crate::hybrid::app, file(&folder), holder).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_encrypted_cookie_holds_in_a_browser() {
    let folder = rig::scratch();
    hold_all_checks(crate::encrypted_cookie::app, file(&folder), Holder::cookie("__Host-sealed")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sticky_local_memory_holds_in_a_browser() {
    hold_all_checks(crate::sticky_memory::app, "a".to_owned(), Holder::cookie("__Host-node-a")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_audited_database_holds_in_a_browser() {
    let folder = rig::scratch();
    hold_all_checks(crate::audited_database::app, file(&folder), Holder::cookie("__Host-audited")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_holds_in_a_browser() {
    let Some(redis) = rig::redis(&[]) else { return };
    hold_all_checks(crate::redis::app, redis.url(), Holder::cookie("__Host-redis")).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn memcached_holds_in_a_browser() {
    let Some(memcached) = rig::memcached(&[]) else { return };
    hold_all_checks(crate::memcached::app, memcached.url(), Holder::cookie("__Host-memcached")).await;
}
