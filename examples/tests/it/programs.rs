//! The programs that people start: they are those that the other tests look at, and have nothing for tests in them.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use reqwest::{Method, StatusCode};
use rig::Server;

use crate::host::CONTROL;

const PATIENCE: Duration = Duration::from_mins(1);

/// The programs that need no server, and where their sessions live.
const ALONE: [(&str, &str); 6] = [
    (env!("CARGO_BIN_EXE_server-side"), "server-side.db"),
    (env!("CARGO_BIN_EXE_stateless-jwt"), "stateless-jwt.db"),
    (env!("CARGO_BIN_EXE_hybrid"), "hybrid.db"),
    (env!("CARGO_BIN_EXE_encrypted-cookie"), "encrypted-cookie.db"),
    (env!("CARGO_BIN_EXE_sticky-memory"), "a"),
    (env!("CARGO_BIN_EXE_audited-database"), "audited.db"),
];

/// Starts a program in a folder of its own, and returns the address that it tells.
fn start(program: &str, place: &str, folder: &Path) -> (Server, String) {
    let mut command = Command::new(program);
    command.arg(place).current_dir(folder).env("PORT", "0").env_remove("RUST_LOG");
    let address = |output: &str| {
        let (_, rest) = output.split_once("the shop is open at ")?;
        rest.split_whitespace().next().map(str::to_owned)
    };
    Server::start(command, PATIENCE, address).expect("the example starts")
}

async fn has_a_shop_and_no_control(program: &str, place: &str) {
    let folder = rig::scratch();
    let (_server, address) = start(program, place, folder.path());
    let client = reqwest::Client::new();
    let ask = async |method: Method, path: &str| {
        let answer = client.request(method, format!("{address}{path}")).send().await;
        answer.expect("the example answers").status()
    };
    assert_eq!(ask(Method::GET, "/").await, StatusCode::OK, "{program}");
    for path in ["/advance/60", "/arrived", "/release"] {
        let path = format!("{CONTROL}{path}");
        assert_eq!(ask(Method::POST, &path).await, StatusCode::NOT_FOUND, "{program} has something at {path}");
    }
    let toss = format!("{CONTROL}/toss?cookie=a%3Db");
    assert_eq!(ask(Method::GET, &toss).await, StatusCode::NOT_FOUND, "{program} has something at {toss}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_program_answers_404_where_tests_have_their_control() {
    for (program, place) in ALONE {
        has_a_shop_and_no_control(program, place).await;
    }
    if let Some(redis) = rig::redis(&[]) {
        has_a_shop_and_no_control(env!("CARGO_BIN_EXE_redis"), &redis.url()).await;
    }
    if let Some(memcached) = rig::memcached(&[]) {
        has_a_shop_and_no_control(env!("CARGO_BIN_EXE_memcached"), &memcached.url()).await;
    }
}

/// What a build is made with decides nothing: what is true of the programs here is true of released ones.
#[test]
fn no_example_has_code_that_only_some_builds_have() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folders = fs::read_dir(root).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut count = 0;
    for folder in folders.filter(|folder| folder.is_dir() && !folder.ends_with("tests")) {
        for file in fs::read_dir(&folder).expect("a folder").map(|entry| entry.expect("an entry").path()) {
            if file.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&file).expect("text");
                for word in ["cfg", "debug_assert", "option_env", CONTROL] {
                    assert!(!text.contains(word), "{} has {word}", file.display());
                }
                count += 1;
            }
        }
    }
    assert!(count > 8, "{count} files");
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("text");
    assert!(!manifest.contains("[features]") && !manifest.contains("build.rs"));
}

#[test]
fn without_its_server_an_example_says_how_to_get_one() {
    for (program, place, advice) in [
        (env!("CARGO_BIN_EXE_redis"), "redis://127.0.0.1:1", "Start one with `redis-server`"),
        (env!("CARGO_BIN_EXE_memcached"), "memcached://127.0.0.1:1", "Start one with `memcached`"),
    ] {
        let mut command = Command::new(program);
        let output = command.arg(place).env("PORT", "0").env_remove("RUST_LOG").stdin(Stdio::null()).output();
        let output = output.expect("the example starts");
        let told = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains("127.0.0.1:1") && told.contains(advice), "{told}");
    }
}

/// What the pages of the examples tell people to open: plain HTTP, on their own machine.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_browser_takes_the_secure_cookie_of_a_program_on_localhost() {
    let Some(browser) = rig::browser() else { return };
    let folder = rig::scratch();
    let (_server, address) = start(env!("CARGO_BIN_EXE_server-side"), "shop.db", folder.path());
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/localhost.cjs");
    let mut command = tokio::process::Command::from(browser.script(&script));
    command.arg(&address).env("TMPDIR", folder.path()).stdin(Stdio::null()).kill_on_drop(true);
    let output = command.output().await.expect("node starts");
    let told = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.ends_with("passed\n"), "\n{told}");
}
