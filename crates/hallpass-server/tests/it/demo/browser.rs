//! The demo in a real Chromium, driven by `browser.cjs`.

use std::path::Path;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Path as Part;
use axum::routing::post;
use hallpass::testing::{FaultyStore, ManualClock};
use hallpass::{MemorySettings, MemoryStore};
use hallpass_server::stores::Opened;
use hallpass_server::{Config, Server};
use tokio::net::TcpListener;
use tokio::process::Command;
use tokio::time::timeout;

/// A scenario takes some seconds; a machine that is busy with more than tests takes its time.
const PATIENCE: Duration = Duration::from_mins(5);

/// Where a scenario finds what it needs.
struct Addresses {
    demo: String,
    /// Moves the service's time, and takes its store away.
    control: String,
}

/// Starts the service with its demo, on ports of its own.
async fn serve() -> Addresses {
    let (clock, store) = (ManualClock::new(), FaultyStore::new(MemoryStore::new()));
    let config = Config { listen: ([127, 0, 0, 1], 0).into(), demo: true, ..Config::default() };
    let opened = Opened { store: Arc::new(store.clone()), settings: Arc::new(MemorySettings::default()) };
    let server = Server::builder(config).opened(opened).clock(clock.clone()).start().await.expect("it starts");
    let demo = format!("http://{}/demo", server.address());
    tokio::spawn(server.run(std::future::pending()));

    let control = Router::new()
        .route(
            "/advance/{seconds}",
            post(async move |Part(seconds): Part<u64>| clock.advance(Duration::from_secs(seconds)).to_string()),
        )
        .route("/outage/{away}", post(async move |Part(away): Part<bool>| store.outage(away)));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    tokio::spawn(async move { axum::serve(listener, control).await });
    Addresses { demo, control: format!("http://{address}") }
}

/// Runs one scenario; it ends with `passed` on its own line, or tells what went wrong.
async fn run(scenario: &str) {
    let Some(browser) = rig::browser() else { return };
    let Addresses { demo, control } = serve().await;
    let profiles = rig::scratch();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/demo/browser.cjs");
    let mut command = Command::from(browser.script(&script));
    command.args([scenario, &demo, &control]).env("TMPDIR", profiles.path());
    let child = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = timeout(PATIENCE, child).await.expect("the scenario ends in time").expect("node starts");
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.ends_with("passed\n"), "{scenario}:\n{told}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_changes_the_cookie_and_the_old_value_is_dead() {
    run("a_login_changes_the_cookie_and_the_old_value_is_dead").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_tabs_that_renew_at_once_go_on_and_converge() {
    run("two_tabs_that_renew_at_once_go_on_and_converge").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn logging_out_everywhere_ends_the_second_profile() {
    run("logging_out_everywhere_ends_the_second_profile").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn after_a_logout_the_back_button_shows_nothing_private() {
    run("after_a_logout_the_back_button_shows_nothing_private").await;
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
async fn an_outage_is_told_and_logs_nobody_out() {
    run("an_outage_is_told_and_logs_nobody_out").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_fit_a_phone_and_can_be_read_in_light_and_dark() {
    run("pages_fit_a_phone_and_can_be_read_in_light_and_dark").await;
}
