//! Ending sessions from the command line, on a store.

use serde_json::json;

use crate::bench::Bench;
use crate::seed::{BOB, LAPTOP, PHONE, STOLEN, VISITOR, crowd, seed};

fn seeded() -> Bench {
    let bench = Bench::new();
    seed(&bench);
    bench
}

fn state(bench: &Bench, id: hallpass::SessionId) -> String {
    bench.run(&["sessions", "show", "--json", &id.to_string()]).json()["state"].as_str().expect("a word").to_owned()
}

#[test]
fn one_session_is_revoked_without_asking_and_says_why_it_ended() {
    let bench = seeded();
    let run = bench.run(&["sessions", "revoke", &BOB.to_string(), "--reason", "left the company"]);
    assert_eq!((run.code, run.stdout.as_str()), (0, "1 session revoked\n"));
    let ended = bench.run(&["sessions", "show", "--json", &BOB.to_string()]).json()["ended"].clone();
    assert_eq!(ended["reason"], json!("revoked"));
    assert_eq!(ended["note"], json!("left the company"));
    assert_eq!(ended["actor"], json!("operator:tester"));
}

#[test]
fn revoking_again_is_no_error() {
    let bench = seeded();
    let run = bench.run(&["sessions", "revoke", &STOLEN.to_string()]);
    assert_eq!(run.code, 0);
    assert_eq!((run.stdout.as_str(), run.stderr.as_str()), ("0 sessions revoked\n", "It had ended already.\n"));
    let ended = bench.run(&["sessions", "show", "--json", &STOLEN.to_string()]).json();
    assert_eq!(ended["ended"]["note"], json!("stolen phone"), "the first end is the one that is told");
}

#[test]
fn several_sessions_need_a_yes() {
    let bench = seeded();
    for words in [
        &["--subject", "alice"][..],
        &["--all"],
        &["--seen-before", "1m"],
        &[&*LAPTOP.to_string(), &*PHONE.to_string()],
    ] {
        let run = bench.run(&[&["sessions", "revoke"], words].concat());
        assert_eq!((run.code, run.stdout.as_str()), (1, ""), "{}", run.all());
        assert!(run.stderr.contains("there is nobody to ask") && run.stderr.contains("hint: --yes"), "{}", run.all());
    }
    assert_eq!([LAPTOP, PHONE, BOB, VISITOR].map(|id| state(&bench, id)), ["active"; 4].map(str::to_owned));
}

#[test]
fn a_dry_run_shows_and_ends_nothing() {
    let bench = seeded();
    let run = bench.run(&["sessions", "revoke", "--subject", "alice", "--dry-run"]);
    assert_eq!(run.code, 0, "{}", run.all());
    assert!(run.stdout.contains(&LAPTOP.to_string()) && run.stdout.ends_with("2 sessions would be revoked\n"));
    assert!(!run.stdout.contains(&STOLEN.to_string()), "what has ended cannot end");
    let json = bench.run(&["sessions", "revoke", "--all", "--dry-run", "--json"]).json();
    assert_eq!((&json["matched"], &json["revoked"], &json["dry_run"]), (&json!(4), &json!(0), &json!(true)));
    let one = bench.run(&["sessions", "revoke", &BOB.to_string(), "--dry-run"]);
    assert!(one.stdout.ends_with("1 session would be revoked\n"), "{}", one.all());
    assert_eq!([LAPTOP, PHONE, BOB].map(|id| state(&bench, id)), ["active"; 3].map(str::to_owned));
}

#[test]
fn all_sessions_of_a_subject_end_or_all_but_one() {
    let bench = seeded();
    let except = bench.run(&["sessions", "revoke", "--subject", "alice", "--except", &LAPTOP.to_string()]);
    assert_eq!((except.code, except.stdout.as_str()), (0, "1 session revoked\n"), "{}", except.all());
    assert_eq!([LAPTOP, PHONE].map(|id| state(&bench, id)), ["active", "ended"].map(str::to_owned));
    let all = bench.run(&["sessions", "revoke", "--subject", "alice", "--yes", "--json"]).json();
    assert_eq!(all, json!({ "dry_run": false, "matched": 1, "revoked": 1, "sample": [LAPTOP] }));
    let none = bench.run(&["sessions", "revoke", "--subject", "alice", "--yes"]);
    assert_eq!((none.code, none.stdout.as_str()), (1, "0 sessions revoked\n"));
    assert_eq!(state(&bench, BOB), "active");
}

#[test]
fn filters_choose_what_ends_and_nothing_else_does() {
    let bench = seeded();
    let run = bench.run(&["sessions", "revoke", "--seen-before", "15m", "--level", "1", "--yes"]);
    assert_eq!(run.stdout, "1 session revoked\n", "{}", run.all());
    assert_eq!([BOB, LAPTOP, PHONE, VISITOR].map(|id| state(&bench, id)), ["ended", "active", "active", "active"]);
    let both = bench.run(&["sessions", "revoke", "--subject", "alice", "--ip", "192.0.2.0/24", "--yes"]);
    assert_eq!(both.stdout, "1 session revoked\n");
    assert_eq!([LAPTOP, PHONE].map(|id| state(&bench, id)), ["ended", "active"]);
}

#[test]
fn named_sessions_end_and_those_that_are_unknown_are_told() {
    let bench = seeded();
    let [laptop, bob, stolen] = [LAPTOP, BOB, STOLEN].map(|id| id.to_string());
    let unknown = "AAAAAAAAAAAAAAAAAAAAAA";
    let run = bench.run(&["sessions", "revoke", &laptop, unknown, &bob, &stolen, "--yes"]);
    assert_eq!((run.code, run.stdout.as_str()), (1, "2 sessions revoked\n"), "{}", run.all());
    assert!(run.stderr.contains(&format!("there is no session {unknown}")), "{}", run.all());
    assert!(run.stderr.contains(&format!("{stolen} has ended already")), "{}", run.all());
    assert_eq!([LAPTOP, BOB, PHONE].map(|id| state(&bench, id)), ["ended", "ended", "active"]);
}

#[test]
fn options_that_contradict_each_other_are_refused() {
    let bench = seeded();
    let [laptop, phone] = [LAPTOP, PHONE].map(|id| id.to_string());
    for words in [
        &[&*laptop, "--subject", "alice"][..],
        &[&*laptop, "--all"],
        &["--all", "--except", &phone],
        &["--subject", "alice", "--except", &phone, "--ip", "192.0.2.7"],
        &["--reason", ""],
    ] {
        let run = bench.run(&[&["sessions", "revoke", "--yes"], words].concat());
        assert_eq!(run.code, 2, "{}", run.all());
    }
    assert_eq!(state(&bench, LAPTOP), "active");
}

#[test]
fn many_sessions_end_in_one_command() {
    let bench = seeded();
    crowd(&bench, "many", 1200);
    let run = bench.run(&["sessions", "revoke", "--created-after", "1 day ago", "--yes", "--json"]).json();
    assert_eq!((&run["matched"], &run["revoked"]), (&json!(1204), &json!(1204)));
    assert_eq!(run["sample"].as_array().map(Vec::len), Some(10));
    assert_eq!(bench.run(&["sessions", "list"]).code, 1);
}

#[test]
fn a_sweep_ends_what_is_over_and_forgets_what_ended_long_ago() {
    let bench = seeded();
    assert_eq!(bench.run(&["sweep"]).stdout, "0 expired, 0 forgotten\n");
    crate::seed::stale(&bench, 700, 30);
    let swept = bench.run(&["sweep", "--json"]).json();
    assert_eq!(swept, json!({ "expired": 700, "forgotten": 30, "complete": true }));
    let cut = {
        crate::seed::stale(&bench, 0, 40);
        bench.run(&["sweep", "--limit", "10", "--json"]).json()
    };
    assert_eq!((&cut["forgotten"], &cut["complete"]), (&json!(10), &json!(false)));
    assert_eq!(bench.run(&["sessions", "count", "--json", "--state", "active"]).json()["total"], json!(4));
}

#[test]
fn what_is_ended_straight_in_the_store_ends_its_access_tokens_too() {
    let bench = Bench::new();
    std::fs::write(bench.path().join("sealing-key"), b"the newest key: 32 random bytes!").expect("a file");
    let file = "tokens = 'jwt'\nsealing_key_files = ['sealing-key']\nstore = 'sqlite:hallpass.db'\n";
    std::fs::write(bench.path().join("hallpass.toml"), file).expect("a file");
    let (_server, url) = bench.serve(&[]);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let client = reqwest::Client::new();
    let call = |path: &str, body: serde_json::Value| {
        runtime.block_on(async {
            let request = client.post(format!("{url}{path}")).bearer_auth(crate::bench::KEY).json(&body);
            let response = request.send().await.expect("an answer");
            let status = response.status().as_u16();
            (status, response.json::<serde_json::Value>().await.expect("JSON"))
        })
    };
    let makes = || call("/v1/sessions", json!({ "subject": "alice" })).1;
    let (one, other) = (makes(), makes());
    let verify = |made: &serde_json::Value| call("/v1/verify", json!({ "access_token": made["access_token"] })).0;
    assert_eq!((verify(&one), verify(&other)), (200, 200));
    let run = bench.run(&["sessions", "revoke", one["session"]["id"].as_str().expect("an id"), "--reason", "stolen"]);
    assert_eq!(run.code, 0, "{}", run.all());
    assert_eq!((verify(&one), verify(&other)), (401, 200));
    let run = bench.run(&["sessions", "revoke", "--subject", "alice", "--yes"]);
    assert_eq!(run.code, 0, "{}", run.all());
    assert_eq!(verify(&other), 401);
}
