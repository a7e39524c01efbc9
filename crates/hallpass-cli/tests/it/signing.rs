//! The keys that tokens are signed with, as an operator changes them.

use std::fs;
use std::time::{Duration, Instant};

use hallpass::EventKind;
use serde_json::{Value, json};

use crate::bench::{Bench, Run};
use crate::seed::events_of_keys;

/// By when a service heeds what was done to its store, and some more for a machine that is busy.
const HEEDED: Duration = Duration::from_secs(4 + 16);

/// Returns a folder whose services sign tokens.
fn signing() -> Bench {
    let bench = Bench::new();
    let key = bench.path().join("sealing-key");
    fs::write(&key, b"the newest key: 32 random bytes!").expect("a file");
    let file = format!("tokens = 'jwt'\nsealing_key_files = ['{}']\n", key.display());
    fs::write(bench.path().join("hallpass.toml"), file).expect("a file");
    bench
}

fn keys(run: &Run) -> Vec<Value> {
    assert_eq!(run.code, 0, "{}", run.all());
    run.json()["items"].as_array().expect("a list").clone()
}

fn states(keys: &[Value]) -> Vec<&str> {
    keys.iter().map(|key| key["state"].as_str().expect("a word")).collect()
}

fn done(run: Run) -> Run {
    assert_eq!(run.code, 0, "{}", run.all());
    run
}

#[test]
fn signing_keys_are_changed_over_a_service_and_at_its_store_alike() {
    let bench = signing();
    let (_server, url) = bench.serve(&[]);
    let mut first = String::new();
    for is_served in [true, false] {
        let at_home = |words: &[&str]| if is_served { bench.ask(&url, words) } else { bench.run(words) };
        let listed = |words: &[&str]| keys(&at_home(words));
        let before = listed(&["keys", "signing", "list", "--json"]);
        let signing = before.iter().find(|key| key["state"] == "signing").expect("a key signs").clone();
        let id = signing["id"].as_str().expect("a name").to_owned();
        if is_served {
            first.clone_from(&id);
        }
        let shown = done(at_home(&["keys", "signing", "list"])).stdout;
        assert!(shown.contains(&id) && shown.contains("signing") && shown.contains("EdDSA"), "{shown}");

        let made = done(at_home(&["keys", "rotate", "--reason", "a drill"]));
        let next = made.stdout.trim().to_owned();
        assert!(made.stderr.contains("in 5 minutes") && made.stderr.contains("Nobody is logged out"), "{}", made.all());
        let after = listed(&["keys", "signing", "list", "--json"]);
        assert_eq!((states(&after[after.len() - 2..])[1], &after[after.len() - 1]["id"]), ("next", &json!(next)));
        // It is followed by another already.
        let retired = done(at_home(&["keys", "signing", "retire", &id, "--json"])).json();
        assert_eq!((&retired["id"], &retired["state"]), (&json!(id), &json!("signing")));
        assert_eq!(listed(&["keys", "signing", "list", "--json"]).len(), after.len());

        let asked = at_home(&["keys", "signing", "remove", &id, "--reason", "stolen"]);
        assert_eq!(asked.code, 1, "{}", asked.all());
        assert!(asked.stderr.contains("which signs now") && asked.stderr.contains("--yes"), "{}", asked.all());
        assert_eq!(listed(&["keys", "signing", "list", "--json"]).len(), after.len(), "nothing was removed");
        let removed =
            done(at_home(&["keys", "signing", "remove", &id, "--reason", "stolen", "--yes", "--json"])).json();
        assert_eq!(removed["removed"]["id"], json!(id));
        assert!(removed["effective_at"].as_str() < removed["published_effective_at"].as_str(), "{removed}");
        let left = listed(&["keys", "signing", "list", "--json"]);
        assert!(!left.iter().any(|key| key["id"] == json!(id)), "{left:?}");
        assert_eq!(left.iter().filter(|key| key["state"] == "signing").count(), 1, "another took its place");
        for words in [
            ["keys", "signing", "retire", &id].as_slice(),
            &["keys", "signing", "remove", &id, "--reason", "x", "--yes"],
        ] {
            let gone = at_home(words);
            assert!(gone.code == 1 && gone.stderr.contains("keys signing list"), "{}", gone.all());
        }
        // What was done at the store, the service heeds too.
        let began = Instant::now();
        while keys(&bench.ask(&url, &["keys", "signing", "list", "--json"])) != left {
            assert!(began.elapsed() < HEEDED, "the service has other keys");
        }
    }
    let told = events_of_keys(&bench);
    let of_keys = [EventKind::KeyRotated, EventKind::SigningKeyRemoved];
    let told: Vec<_> = told
        .iter()
        .filter(|event| of_keys.contains(&event.kind))
        .map(|event| format!("{} by {}: {}", event.kind, event.actor, event.note.as_ref().expect("a note")))
        .collect();
    assert_eq!(told.len(), 4, "{told:?}");
    for (place, actor) in [(0, "operator:first admin#first"), (2, "operator:tester")] {
        assert!(told[place].starts_with(&format!("key_rotated by {actor}: EdDSA ")), "{told:?}");
        assert!(told[place].contains(" signs from ") && told[place].ends_with(": a drill"), "{told:?}");
        assert!(told[place + 1].starts_with(&format!("signing_key_removed by {actor}: EdDSA ")), "{told:?}");
        assert!(told[place + 1].ends_with(": stolen"), "{told:?}");
    }
    assert!(told[1].contains(&first));
}

#[test]
fn nothing_of_what_a_signing_key_is_is_ever_told() {
    let bench = signing();
    let (server, url) = bench.serve(&["--verbose"]);
    let mut said = String::new();
    for words in [
        &["keys", "signing", "list", "--json", "--verbose"][..],
        &["keys", "rotate", "--json", "--verbose"],
        &["keys", "signing", "list", "--json", "--verbose"],
    ] {
        for run in [bench.ask(&url, words), bench.run(words)] {
            said.push_str(&done(run).all());
        }
    }
    said.push_str(&server.output());
    let store = fs::read(bench.store()).expect("a store");
    let kept = String::from_utf8_lossy(&store);
    // What stands in the store is sealed, and not even that is told.
    let mut sealed = kept.split("\"sealed\":\"").skip(1).filter_map(|rest| rest.split('"').next()).peekable();
    assert!(sealed.peek().is_some(), "the keys stand in the store");
    for secret in sealed.filter(|secret| secret.len() > 40) {
        assert!(!said.contains(&secret[..40]), "{said}");
    }
    for word in ["sealed", "PRIVATE", "MC4CAQ", "MFECAQ", "the newest key"] {
        assert!(!said.contains(word), "{word} is told: {said}");
    }
}

#[test]
fn where_no_key_signs_it_is_said_what_to_set() {
    let bench = Bench::new();
    let (_server, url) = bench.serve(&[]);
    for run in [bench.ask(&url, &["keys", "rotate"]), bench.run(&["keys", "rotate"])] {
        assert_eq!(run.code, 1, "{}", run.all());
        assert!(run.stderr.contains("no tokens") && run.stderr.contains("`tokens`"), "{}", run.all());
    }
    // At a store, the configuration of its service is needed, with the key that the others are sealed under.
    let bench = signing();
    let (_server, _) = bench.serve(&[]);
    fs::write(bench.path().join("sealing-key"), b"another key of 32 random bytes!!").expect("a file");
    let wrong = bench.run(&["keys", "rotate"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("sealing_key_files"), "{}", wrong.all());
}
