//! A look at a store: what is well, and what endangers sessions.

use std::fs;
use std::process::Command;

use crate::bench::Bench;
use crate::seed::{seed, stale};

fn health(report: &serde_json::Value, topic: &str) -> String {
    let findings = report["findings"].as_array().expect("a list");
    let finding = findings.iter().find(|finding| finding["topic"] == topic);
    finding.unwrap_or_else(|| panic!("{topic} in {report}"))["health"].as_str().expect("a word").to_owned()
}

#[test]
fn a_store_that_is_well_is_told_so() {
    let bench = Bench::new();
    seed(&bench);
    let run = bench.run(&["doctor"]);
    assert_eq!(run.code, 0, "{}", run.all());
    for topic in ["reached", "latency", "server", "abilities", "durability", "file", "sessions", "unswept", "sizes"] {
        assert!(run.stdout.lines().any(|line| line.starts_with(topic)), "{topic} in {}", run.stdout);
    }
    assert!(run.stdout.contains("SQLite 3."), "{}", run.stdout);
    let report = bench.run(&["doctor", "--json"]).json();
    assert_eq!((health(&report, "durability").as_str(), health(&report, "trail").as_str()), ("good", "warning"));
    assert!(run.stderr.contains("audit.key_file"), "nobody signs the trail: {}", run.all());
    let Some(openssl) = rig::program("openssl") else { return };
    let path = bench.path().join("audit-key.pem");
    let made = Command::new(openssl).args(["genpkey", "-algorithm", "ed25519", "-out"]).arg(&path).status();
    assert!(made.expect("it runs").success());
    fs::write(bench.path().join("hallpass.toml"), "[audit]\nkey_file = 'audit-key.pem'\n").expect("a file");
    let report = bench.run(&["doctor", "--json"]).json();
    assert_eq!((report["health"].as_str(), health(&report, "trail").as_str()), (Some("good"), "good"));
}

#[test]
fn a_store_that_nobody_sweeps_is_worth_a_look() {
    let bench = Bench::new();
    stale(&bench, 1001, 0);
    let run = bench.run(&["doctor", "--json"]);
    assert_eq!((run.code, health(&run.json(), "unswept").as_str()), (0, "warning"), "{}", run.all());
    let run = bench.run(&["doctor"]);
    assert!(run.stderr.contains("hallpass sweep"), "{}", run.all());
}

#[test]
fn a_store_that_is_not_there_is_no_store_that_is_ill() {
    let bench = Bench::new();
    let run = bench.run(&["doctor", "--store", "sqlite:nowhere.db"]);
    assert!(run.code == 2 && run.stderr.contains("nowhere.db"), "{}", run.all());
    let run = bench.run(&["doctor", "--url", "http://127.0.0.1:1"]);
    assert!(run.code == 2 && run.stderr.contains("--store"), "{}", run.all());
}

#[test]
fn a_redis_that_may_lose_logouts_is_dangerous() {
    let Some(server) = rig::redis(&["appendonly yes", "appendfsync everysec", "maxmemory-policy allkeys-lru"]) else {
        return;
    };
    let bench = Bench::new();
    let run = bench.run(&["doctor", "--store", &server.url(), "--json"]);
    let report = run.json();
    assert_eq!((run.code, report["health"].as_str()), (1, Some("danger")), "{}", run.all());
    for (topic, expected) in
        [("persistence", "danger"), ("eviction", "danger"), ("clock", "good"), ("expiry", "good"), ("server", "good")]
    {
        assert_eq!(health(&report, topic), expected, "{topic}: {report}");
    }
    let Some(sound) = rig::redis(&["appendonly yes", "appendfsync always"]) else { return };
    let run = bench.run(&["doctor", "--store", &sound.url()]);
    assert_eq!(run.code, 0, "{}", run.all());
}
