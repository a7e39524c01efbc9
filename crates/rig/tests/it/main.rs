//! The test rig tells what is missing, and leaves nothing behind.

use std::env;
use std::process::{Command, Output};
use std::time::Duration;

use rig::Server;

// Run again as its own process by the two tests below, with and without the strict setting.
#[test]
fn a_test_that_needs_what_is_missing() {
    if env::var_os("RIG_INNER").is_some() {
        assert!(rig::program("no-such-program").is_none());
    }
}

fn run_inner(require_all: &str) -> Output {
    Command::new(env::current_exe().expect("a test has a path"))
        .args(["--exact", "a_test_that_needs_what_is_missing"])
        .env("RIG_INNER", "1")
        .env("HALLPASS_TEST_REQUIRE_ALL", require_all)
        .output()
        .expect("a test can start itself")
}

#[test]
fn a_missing_program_is_told_past_the_harness() {
    let output = run_inner("0");
    assert!(output.status.success());
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    let line = "SKIPPED: a_test_that_needs_what_is_missing: no-such-program is not installed";
    assert!(told.lines().any(|found| found == line), "{told}");
}

#[test]
fn a_missing_program_fails_where_all_are_required() {
    let output = run_inner("1");
    assert!(!output.status.success());
    assert!(!String::from_utf8_lossy(&output.stderr).contains("SKIPPED"));
}

#[test]
fn a_program_is_found_by_its_absolute_path() {
    let shell = rig::program("sh").expect("every system has a shell");
    assert!(shell.is_absolute() && shell.ends_with("sh"));
}

#[test]
fn a_scratch_folder_is_gone_when_dropped() {
    let scratch = rig::scratch();
    let path = scratch.path().to_owned();
    assert!(path.is_dir());
    drop(scratch);
    assert!(!path.exists());
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

const PATIENCE: Duration = Duration::from_secs(20);

#[test]
fn a_server_is_ready_when_its_output_says_so_and_dies_when_dropped() {
    let announced = |output: &str| output.lines().find_map(|line| line.strip_prefix("at ")?.parse::<u16>().ok());
    let (server, port) = Server::start(shell("echo at 4711 >&2; exec sleep 600"), PATIENCE, announced)
        .expect("the server announces itself");
    assert_eq!(port, 4711);
    let id = server.id().to_string();
    assert!(alive(&id));
    drop(server);
    assert!(!alive(&id));
}

fn alive(id: &str) -> bool {
    Command::new("sh").args(["-c", "kill -0 \"$0\" 2>/dev/null", id]).status().is_ok_and(|status| status.success())
}

#[test]
fn a_server_that_ends_tells_its_last_words() {
    let error = Server::start(shell("echo the port is taken; exit 3"), PATIENCE, |_| None::<()>).expect_err("it ended");
    assert!(error.to_string().contains("the port is taken"), "{error}");
}

#[test]
fn a_server_that_never_gets_ready_is_given_up() {
    let error = Server::start(shell("exec sleep 600"), Duration::from_millis(100), |_| None::<()>)
        .expect_err("it never says a word");
    assert!(error.to_string().contains("not ready"), "{error}");
}

#[test]
fn a_real_browser_renders_a_page() {
    let Some(browser) = rig::browser() else {
        return;
    };
    let script = rig::scratch();
    let path = script.path().join("title.cjs");
    std::fs::write(&path, PAGE).expect("a scratch folder can be written");
    let output = browser.script(&path).output().expect("node starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "passed\n", "{output:?}");
}

const PAGE: &str = r"
const { chromium } = require('playwright-core');
(async () => {
  const browser = await chromium.launch({ executablePath: process.env.CHROMIUM, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
  const page = await browser.newPage();
  await page.setContent('<title>failed</title><script>document.title = `passed`</script>');
  console.log(await page.title());
  await browser.close();
})();
";
