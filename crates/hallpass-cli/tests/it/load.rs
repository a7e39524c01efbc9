//! A load on a store, to see what a machine can do.

use std::time::Duration;

use crate::bench::Bench;
use crate::seed::seed;

#[test]
fn each_kind_of_request_is_measured_and_nothing_is_left_behind() {
    let bench = Bench::new();
    seed(&bench);
    let before = bench.run(&["sessions", "count"]).stdout;
    let run = bench.run(&["bench", "--clients", "8", "--seconds", "1", "--json"]);
    assert_eq!(run.code, 0, "{}", run.all());
    let measured = run.json();
    let kinds: Vec<_> = measured.as_array().expect("a list").iter().map(|kind| kind["kind"].clone()).collect();
    assert_eq!(kinds, ["create", "verify", "update", "renew", "revoke"]);
    for kind in measured.as_array().expect("a list") {
        assert!(kind["done"].as_u64() > Some(0) && kind["failed"] == 0, "{kind}");
        assert!(kind["median_ms"].as_f64() <= kind["most_ms"].as_f64(), "{kind}");
    }
    assert_eq!(bench.run(&["sessions", "count"]).stdout, before, "others' sessions are as they were");
    let report = bench.run(&["doctor", "--json"]).json();
    let findings = report["findings"].as_array().expect("a list");
    let sessions = findings.iter().find(|finding| finding["topic"] == "sessions").expect("counted");
    let open: u64 = before.lines().filter(|line| line.starts_with("active")).map(number).sum();
    assert!(sessions["found"].as_str().expect("text").starts_with(&format!("{open} open")), "{sessions}: {before}");
}

fn number(line: &str) -> u64 {
    line.split_whitespace().last().and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
fn a_load_that_is_interrupted_says_what_it_has_and_tidies_up() {
    let bench = Bench::new();
    seed(&bench);
    let mut command = bench.command(&["bench", "--clients", "4", "--seconds", "60"]);
    command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
    let child = command.spawn().expect("it starts");
    std::thread::sleep(Duration::from_secs(2));
    let pid = child.id().to_string();
    assert!(std::process::Command::new("kill").args(["-INT", &pid]).status().expect("kill").success());
    let run = crate::bench::Run::of(child.wait_with_output().expect("it ends"));
    assert_eq!(run.code, 1, "{}", run.all());
    assert!(run.stdout.starts_with("REQUEST"), "{}", run.all());
}

#[test]
fn a_load_is_for_a_store() {
    let run = Bench::new().run(&["bench", "--url", "http://127.0.0.1:1"]);
    assert!(run.code == 2 && run.stderr.contains("--store"), "{}", run.all());
}
