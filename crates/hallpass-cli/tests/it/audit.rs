//! The audit trail, listed, exported and checked.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use hallpass::{Event, EventKind, Note, Realm, Store as _, Subject};
use hallpass_sqlite::SqliteStore;
use serde_json::Value;

use crate::bench::{Bench, KEY, Run, run};
use crate::seed::{LAPTOP, STOLEN, now, seed};

/// The key of the trail comes from this file.
fn sealed() -> Bench {
    let bench = Bench::new();
    fs::write(bench.path().join("sealing-key"), b"the newest key: 32 random bytes!").expect("a file");
    fs::write(bench.path().join("hallpass.toml"), "sealing_key_files = ['sealing-key']\n").expect("a file");
    bench
}

/// Runs a service until all is sealed, and returns its state.
fn seal(bench: &Bench) -> Value {
    let (server, url) = bench.serve(&[]);
    let begun = Instant::now();
    let state = loop {
        let state = bench.ask(&url, &["audit", "checkpoint", "--json"]).json();
        if state["unsealed"] == 0 && !state["checkpoint"].is_null() {
            break state;
        }
        assert!(begun.elapsed() < Duration::from_mins(2), "{state}");
        std::thread::sleep(Duration::from_millis(100));
    };
    drop(server);
    state
}

fn keep(bench: &Bench, count: usize) {
    let store = SqliteStore::open(bench.store()).expect("a new store");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let events: Vec<_> = (0..count)
        .map(|number| {
            let mut event = Event::new(EventKind::KeyCreated, Realm::default(), now());
            event.subject = Subject::new(format!("user{number}")).ok();
            event.note = Note::lossy("some words that somebody said about it");
            event
        })
        .collect();
    runtime.block_on(async {
        for some in events.chunks(2000) {
            store.append(some).await.expect("the store is there");
        }
    });
}

/// Writes other text over an export, checks it, and returns what was found.
fn check(bench: &Bench, name: &str, lines: &[String], key: &str) -> (i32, Value) {
    let path = bench.path().join(name);
    fs::write(&path, format!("{}\n", lines.join("\n"))).expect("a file");
    let name = path.display().to_string();
    let run = bench.run(&["audit", "verify", &name, "--key", key, "--json"]);
    (run.code, run.json())
}

#[test]
fn in_a_hundred_thousand_lines_every_change_is_found_at_its_line() {
    const LINES: usize = 100_000;
    let bench = sealed();
    keep(&bench, LINES - 1);
    let state = seal(&bench);
    let key = state["checkpoint"]["key"].as_str().expect("a key").to_owned();
    let run = bench.run(&["audit", "export", "--output", "trail.jsonl"]);
    assert_eq!(run.code, 0, "{}", run.all());
    let text = fs::read_to_string(bench.path().join("trail.jsonl")).expect("it was written");
    let good: Vec<String> = text.lines().map(str::to_owned).collect();
    let sealed = good.iter().filter(|line| line.starts_with("{\"number\":")).count();
    assert!(sealed >= LINES, "{sealed}");

    let (code, whole) = check(&bench, "whole.jsonl", &good, &key);
    assert_eq!((code, &whole["whole"], &whole["broken"]), (0, &Value::Bool(true), &Value::Null));
    assert_eq!(whole["signed_through"], whole["last"]);

    for number in [1_usize, 50_000, 77_777, LINES - 1] {
        let at = good.iter().position(|line| line.starts_with(&format!("{{\"number\":{number},"))).expect("the line");
        let expect = |what: &str, lines: &[String], place: usize, kind: &str| {
            let (code, found) = check(&bench, "broken.jsonl", lines, &key);
            assert_eq!(code, 1, "{what}: {found}");
            let broken = &found["broken"];
            assert_eq!(
                (&broken["number"], &broken["position"]),
                (&number.into(), &(place + 1).into()),
                "{what}: {found}"
            );
            assert_eq!(broken["kind"], kind, "{what}");
        };
        let mut flipped = good.clone();
        let mut bytes = flipped[at].clone().into_bytes();
        let middle = bytes.len() / 2 + 40;
        bytes[middle] ^= 1;
        flipped[at] = String::from_utf8(bytes).expect("ASCII");
        expect("one flipped byte", &flipped, at, "changed");

        let mut removed = good.clone();
        removed.remove(at);
        // What stands in its place: the next line of the trail, past a checkpoint.
        let next = removed[at..].iter().position(|line| line.starts_with("{\"number\":")).expect("more") + at;
        let place = if good[at + 1].starts_with("{\"checkpoint\"") { at } else { next };
        expect("one removed line", &removed, place, "removed");

        let mut inserted = good.clone();
        inserted.insert(at, good[at].replace("user", "uzer"));
        expect("one inserted line", &inserted, at, "inserted");
    }
}

#[test]
fn an_export_is_checked_offline_and_against_what_is_known() {
    let bench = sealed();
    keep(&bench, 20);
    let state = seal(&bench);
    fs::write(bench.path().join("kept.json"), state.to_string()).expect("a file");
    let key = state["checkpoint"]["key"].as_str().expect("a key");
    let export = bench.run(&["audit", "export"]);
    let elsewhere = Bench::new();
    fs::write(elsewhere.path().join("trail.jsonl"), &export.stdout).expect("a file");
    fs::copy(bench.path().join("kept.json"), elsewhere.path().join("kept.json")).expect("a file");

    let bare = elsewhere.run(&["audit", "verify", "trail.jsonl"]);
    assert_eq!(bare.code, 0, "{}", bare.all());
    assert!(bare.stdout.contains("whole:") && bare.stdout.contains(key), "{}", bare.all());
    assert!(bare.stderr.contains("--key"), "it says what is left to do: {}", bare.all());
    for (words, code) in [
        (vec!["--key", key], 0),
        (vec!["--key", "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"], 1),
        (vec!["--checkpoint", "kept.json"], 0),
    ] {
        let run = elsewhere.run(&[vec!["audit", "verify", "trail.jsonl"], words].concat());
        assert_eq!(run.code, code, "{}", run.all());
    }
    // What was cut off is missed, by the file itself and by what was kept.
    let lines: Vec<_> = export.stdout.lines().collect();
    fs::write(elsewhere.path().join("cut.jsonl"), format!("{}\n", lines[..8].join("\n"))).expect("a file");
    let cut = elsewhere.run(&["audit", "verify", "cut.jsonl"]);
    assert_eq!(cut.code, 1, "{}", cut.all());
    assert!(cut.stdout.contains("cut off"), "{}", cut.all());
    let mut piped = elsewhere.command(&["audit", "verify", "-", "--json"]);
    piped.stdin(fs::File::open(elsewhere.path().join("trail.jsonl")).expect("a file"));
    assert_eq!(run(piped).json()["whole"], true);
    for (words, part) in [
        (vec!["audit", "verify", "none.jsonl"], "none.jsonl"),
        (vec!["audit", "verify", "trail.jsonl", "--checkpoint", "trail.jsonl"], "no checkpoint"),
        (vec!["audit", "verify", "trail.jsonl", "--key", "short"], "43 characters"),
    ] {
        let run = elsewhere.run(&words);
        assert!(run.code == 2 && run.stderr.contains(part), "{}", run.all());
    }
}

#[test]
fn a_store_and_a_service_are_checked_themselves_and_what_is_not_sealed_is_told() {
    let bench = sealed();
    keep(&bench, 10);
    let unsealed = bench.run(&["audit", "verify", "--json"]);
    assert_eq!((unsealed.code, unsealed.json()["unsealed"].as_u64()), (0, Some(11)), "{}", unsealed.all());
    let none = bench.run(&["audit", "checkpoint"]);
    assert_eq!(none.code, 1, "{}", none.all());
    seal(&bench);
    let shown = bench.run(&["audit", "checkpoint"]);
    assert!(shown.code == 0 && shown.stdout.contains("signature"), "{}", shown.all());
    let whole = bench.run(&["audit", "verify"]);
    assert_eq!(whole.code, 0, "{}", whole.all());
    let (server, url) = bench.serve(&[]);
    let over = bench.ask(&url, &["audit", "verify", "--json"]);
    assert_eq!((over.code, &over.json()["whole"]), (0, &Value::Bool(true)), "{}", over.all());
    drop(server);

    let connection = hallpass_sqlite::rusqlite::Connection::open(bench.store()).expect("a file");
    connection.execute("UPDATE events SET note = 'other words' WHERE subject = 'user3'", []).expect("a statement");
    drop(connection);
    let (server, url) = bench.serve(&[]);
    for run in [bench.run(&["audit", "verify"]), bench.ask(&url, &["audit", "verify"])] {
        assert_eq!(run.code, 1, "{}", run.all());
        assert!(run.stdout.contains("broken: line 4 was changed"), "{}", run.all());
    }
    drop(server);
}

#[test]
fn the_trail_is_listed_and_exported_for_spreadsheets() {
    let bench = sealed();
    keep(&bench, 3);
    let listed = bench.run(&["audit", "list", "--subject", "user1", "--json"]);
    assert_eq!((listed.code, listed.json()["subject"].as_str().map(str::to_owned)), (0, Some("user1".to_owned())));
    assert_eq!(bench.run(&["audit", "list", "--limit", "2", "--json"]).stdout.lines().count(), 2);
    assert_eq!(bench.run(&["audit", "list", "--kind", "replayed"]).code, 1);
    assert!(bench.run(&["audit", "list"]).stdout.contains("user2"));
    seal(&bench);
    let csv = bench.run(&["audit", "export", "--format", "csv"]);
    let rows: Vec<_> = csv.stdout.split("\r\n").collect();
    assert!(rows[0].starts_with("number,id,at,kind,outcome,realm,session,subject,"), "{}", rows[0]);
    assert!(rows[1].starts_with("1,") && rows[1].contains(",key_created,done,default,,user0,"), "{}", rows[1]);
    let again = bench.run(&["audit", "export", "--output", "hallpass.toml"]);
    assert!(again.code == 2 && again.stderr.contains("hallpass.toml"), "a file that is there stays: {}", again.all());
}

#[test]
fn a_store_without_a_trail_says_so() {
    let Some(server) = rig::redis(&[]) else { return };
    let url = server.url();
    let bench = Bench::new();
    for words in [&["audit", "checkpoint"][..], &["audit", "verify"], &["audit", "export"]] {
        let run = bench.run(&[words, &["--store", &url]].concat());
        assert_eq!(run.code, 2, "{}", run.all());
        assert!(run.stderr.contains("keeps no sealed trail"), "{}", run.all());
    }
}

fn explain(bench: &Bench, words: &[&str]) -> Run {
    bench.run(&[&["sessions", "explain"], words].concat())
}

#[test]
fn why_a_session_ended_is_said_in_words() {
    let bench = Bench::new();
    seed(&bench);
    let stolen = explain(&bench, &[&STOLEN.to_string()]);
    assert_eq!(stolen.code, 0, "{}", stolen.all());
    assert!(
        stolen.stdout.contains("the operator dana ended it, and said: \u{201c}stolen phone\u{201d}."),
        "{}",
        stolen.all()
    );
    assert!(stolen.stdout.contains("created") && stolen.stdout.contains("revoked"), "{}", stolen.all());
    let living = explain(&bench, &[&LAPTOP.to_string(), "--json"]).json();
    let said = living["explanation"].as_str().expect("words");
    assert!(said.starts_with("The session has not ended. If it is not used, it ends in "), "{said}");
    let (server, url) = bench.serve(&[]);
    let over = bench.ask(&url, &["sessions", "explain", &STOLEN.to_string(), "--json"]).json();
    assert!(over["explanation"].as_str().expect("words").contains("the operator dana ended it"), "{over}");
    assert_eq!(over["items"].as_array().map(Vec::len), Some(2));
    drop(server);
    assert_eq!(explain(&bench, &["AAAAAAAAAAAAAAAAAAAAAA"]).code, 1);
}

/// A pair of Ed25519 as `openssl genpkey` writes it names the key in a configuration.
#[test]
fn a_key_from_a_file_signs_and_a_file_without_one_is_refused() {
    let Some(openssl) = rig::program("openssl") else { return };
    let bench = Bench::new();
    let path: PathBuf = bench.path().join("audit-key.pem");
    let made = Command::new(openssl).args(["genpkey", "-algorithm", "ed25519", "-out"]).arg(&path).status();
    assert!(made.expect("it runs").success());
    fs::write(bench.path().join("hallpass.toml"), "[audit]\nkey_file = 'audit-key.pem'\n").expect("a file");
    keep(&bench, 3);
    let (server, _) = bench.serve(&["--audit-required"]);
    assert!(!server.output().contains("not signed"), "{}", server.output());
    drop(server);
    let state = seal(&bench);
    assert_eq!(state["checkpoint"]["signature"].as_str().map(str::len), Some(86), "{state}");
    assert_eq!(bench.run(&["audit", "verify"]).code, 0);
    fs::write(&path, "no key").expect("a file");
    let mut command = bench.command(&["serve", "--listen", "127.0.0.1:0"]);
    command.env("HALLPASS_ADMIN_KEY", KEY);
    let refused = run(command);
    assert!(refused.code == 2 && refused.stderr.contains("audit-key.pem"), "{}", refused.all());
}

#[test]
fn a_trail_that_is_relied_on_and_that_nobody_signs_is_told_of_at_the_start() {
    let bench = Bench::new();
    let (server, _) = bench.serve(&["--audit-required"]);
    let said = server.output();
    assert!(said.contains("the audit trail is not signed") && said.contains("audit.key_file"), "{said}");
}

#[test]
fn an_event_in_the_log_has_the_word_that_others_have_for_it() {
    let bench = Bench::new();
    seed(&bench);
    let (server, url) = bench.serve(&["--json"]);
    let run = bench.ask(&url, &["sessions", "revoke", &LAPTOP.to_string(), "--reason", "stolen"]);
    assert_eq!(run.code, 0, "{}", run.all());
    let said = server.output();
    for (kind, vocabulary) in [("admin_action", "authz_admin"), ("revoked", "session_expired")] {
        let line = said.lines().find(|line| line.contains(&format!("\"kind\":\"{kind}\"")));
        let line = line.unwrap_or_else(|| panic!("it is told: {said}"));
        let event: Value = serde_json::from_str(line).expect("JSON");
        for (field, expected) in [("vocabulary", vocabulary), ("outcome", "done"), ("realm", "default")] {
            assert_eq!(event[field], expected, "{event}");
        }
        assert!(event["event"].as_str().is_some_and(|name| name.len() == 32), "{event}");
        assert!(event["route"].as_str().is_some_and(|route| route.starts_with("POST /v1/")), "{event}");
        assert_eq!(line.matches("\"level\":").count(), 1, "no name stands for two things: {line}");
    }
}
