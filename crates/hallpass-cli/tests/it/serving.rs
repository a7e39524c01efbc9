//! The service as a process: its first words, its signals, its end.

use std::process::{Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use rig::Server;

use crate::bench::{Bench, KEY, ready, run};

fn start(command: Command) -> (Server, String) {
    Server::start(command, Duration::from_secs(30), ready).unwrap_or_else(|error| panic!("{error}"))
}

fn signal(id: u32, name: &str) {
    let status = Command::new("kill").args(["-s", name, &id.to_string()]).status().expect("kill runs");
    assert!(status.success(), "{name}");
}

/// Waits for the end of a service that was told to.
fn end(server: &mut Server) -> ExitStatus {
    server.end(Duration::from_secs(30)).expect("it ends")
}

#[test]
fn a_first_start_says_where_everything_is_and_the_key_once() {
    let bench = Bench::new();
    let (server, url) = start(bench.command(&["serve", "--listen", "127.0.0.1:0", "--demo"]));
    let said = server.output();
    let key = said.split_whitespace().find(|word| word.starts_with("hpk_")).expect("a key").to_owned();
    assert_eq!(said.matches(&key).count(), 1, "{said}");
    for part in ["hallpass.db", "/demo", "sessions watch", "keys create", &url] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(bench.store().is_file());
    let mut command = bench.command(&["keys", "list", "--url", &url]);
    command.env("HALLPASS_KEY", &key);
    assert_eq!(run(command).code, 0, "the printed key works");
    drop(server);

    let (server, _) = start(bench.command(&["serve", "--listen", "127.0.0.1:0"]));
    let said = server.output();
    assert!(!said.contains("hpk_") && !said.contains("Try next"), "only the first start says so: {said}");
}

#[test]
fn quiet_tells_the_key_and_the_address_and_nothing_else() {
    let bench = Bench::new();
    let (server, url) = start(bench.command(&["serve", "--listen", "127.0.0.1:0", "--quiet"]));
    let said = server.output();
    let lines: Vec<_> = said.lines().collect();
    assert_eq!(lines.len(), 2, "{said}");
    assert!(lines[0].contains("admin key  hpk_") && lines[1] == format!("hallpass is ready on {url}"), "{said}");
}

#[test]
fn both_signals_end_a_service_well() {
    for name in ["TERM", "INT"] {
        let bench = Bench::new();
        let (mut server, _) = bench.serve(&[]);
        signal(server.id(), name);
        assert_eq!(end(&mut server).code(), Some(0), "{name}");
        let said = server.output();
        assert!(said.ends_with("hallpass has stopped.\n"), "{said}");
    }
}

#[test]
fn a_second_signal_ends_a_service_that_waits_for_a_request() {
    use std::io::{Read as _, Write as _};
    let bench = Bench::new();
    let (mut server, url) = bench.serve(&[]);
    let mut stream = std::net::TcpStream::connect(url.trim_start_matches("http://")).expect("a connection");
    // A request whose body never comes: it is under way, and the service waits for it.
    let head = format!(
        "POST /v1/verify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {KEY}\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{{"
    );
    stream.write_all(head.as_bytes()).expect("a request");
    thread::sleep(Duration::from_millis(300));
    let begun = Instant::now();
    signal(server.id(), "INT");
    while !server.output().contains("Stopping: ") {
        assert!(begun.elapsed() < Duration::from_secs(10));
        thread::sleep(Duration::from_millis(20));
    }
    thread::sleep(Duration::from_millis(300));
    signal(server.id(), "INT");
    assert_eq!(end(&mut server).code(), Some(130));
    assert!(begun.elapsed() < Duration::from_secs(8), "it did not wait for the request: {:?}", begun.elapsed());
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
}

#[test]
fn what_hinders_a_start_is_one_line_with_what_to_do() {
    let bench = Bench::new();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let taken = taken.local_addr().expect("an address").to_string();
    for (words, error, hint) in [
        (&["--listen", "nowhere"][..], "--listen", "config check"),
        (&["--policy-idle", "soon"], "--policy-idle", "config check"),
        (&["--profile", "nobodys"], "--profile", "config check"),
        (&["--config", "missing.toml"], "missing.toml: cannot be read", "--config"),
        (&["--store", "sqlite:no/such/folder/a.db"], "no/such/folder", "make it"),
        (&["--url", "http://127.0.0.1:1"], "--url is for commands", "--listen"),
    ] {
        let start: &[_] = if words[0] == "--listen" { &["serve"] } else { &["serve", "--listen", "127.0.0.1:0"] };
        let run = bench.run(&[start, words].concat());
        assert_eq!(run.code, 2, "{}", run.all());
        assert!(
            run.stderr.lines().next().is_some_and(|line| line.starts_with("error: ") && line.contains(error)),
            "{}",
            run.all()
        );
        assert!(run.stderr.lines().any(|line| line.starts_with("hint: ")), "{}: {hint}", run.all());
    }
    let held = std::net::TcpListener::bind(&taken);
    let run = bench.run(&["serve", "--listen", &taken]);
    assert!(run.code == 2 && run.stderr.contains("in use") && run.stderr.contains("--listen"), "{}", run.all());
    drop(held);
}

#[test]
fn options_variables_and_file_are_layered() {
    let bench = Bench::new();
    std::fs::write(bench.path().join("hallpass.toml"), "listen = '127.0.0.1:1'\nstore = 'sqlite:file.db'\n")
        .expect("a file");
    let mut command = bench.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("HALLPASS_STORE", "sqlite:variable.db").env("HALLPASS_LISTEN", "127.0.0.1:2");
    let (server, _) = start(command);
    assert!(
        server.output().contains("variable.db") && server.output().contains("hallpass.toml"),
        "{}",
        server.output()
    );
    assert!(bench.path().join("variable.db").is_file() && !bench.path().join("file.db").exists());
}

#[test]
fn a_log_in_json_is_json_line_by_line() {
    let bench = Bench::new();
    let (mut server, url) = bench.serve(&["--json"]);
    let made = bench.ask(&url, &["keys", "create", "shop", "--role", "app"]);
    assert_eq!(made.code, 0);
    signal(server.id(), "TERM");
    assert_eq!(end(&mut server).code(), Some(0));
    let said = server.output();
    let lines: Vec<_> = said.lines().filter(|line| line.starts_with('{')).collect();
    assert!(!lines.is_empty(), "{said}");
    assert!(lines.iter().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()), "{said}");
    assert!(!said.contains(made.stdout.trim()) && !said.contains(KEY), "no key in the log: {said}");
}

#[test]
fn a_configuration_is_checked_by_line() {
    let bench = Bench::new();
    let none = bench.run(&["config", "check"]);
    assert_eq!((none.code, none.stderr.as_str()), (0, ""));
    let path = bench.path().join("hallpass.toml");
    std::fs::write(&path, "listen = '127.0.0.1:0'\n[policy]\nidle = 600\n").expect("a file");
    assert_eq!(bench.run(&["config", "check"]).stdout, "hallpass.toml: good\n");
    std::fs::write(&path, "lisen = '127.0.0.1:0'\n\n[policy]\nidle = 'long'\n").expect("a file");
    let bad = bench.run(&["config", "check"]);
    assert_eq!(bad.code, 1);
    insta::assert_snapshot!("config_check", bad.all());
    let json = bench.run(&["config", "check", "--json"]).json();
    assert_eq!(json["findings"][0]["line"], serde_json::json!(1));
    std::fs::write(&path, "").expect("a file");
    let mut command = bench.command(&["config", "check"]);
    command.env("HALLPASS_POLICY_IDLE", "soon");
    let wrong = run(command);
    assert!(wrong.code == 1 && wrong.stdout.contains("HALLPASS_POLICY_IDLE"), "{}", wrong.all());
}
