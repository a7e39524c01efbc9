//! A service and its store answer the same, whichever is asked.

use std::fs;

use crate::bench::{Bench, Run};
use crate::seed::{BOB, LAPTOP, STOLEN, VISITOR, events_of_keys, seed, stale};

/// Takes out what differs between two runs a moment apart: seconds, and the names of requests.
fn settled(text: &str) -> String {
    let mut out = String::new();
    for word in text.split_inclusive([' ', '\n', ',', '"']) {
        let bare = word.trim_end_matches([' ', '\n', ',', '"']);
        let is_clock =
            bare.len() > 1 && bare.ends_with('s') && bare[..bare.len() - 1].bytes().all(|byte| byte.is_ascii_digit());
        let is_seconds = bare.starts_with(":1") && bare.bytes().skip(1).all(|byte| byte.is_ascii_digit());
        out.push_str(if is_clock || is_seconds { "~" } else { word });
    }
    out
}

/// Leaves out how many seconds ago something was: the two runs are not at one instant.
fn without_seconds(text: &str) -> String {
    let mut words: Vec<&str> = text.split(' ').collect();
    for at in 1..words.len() {
        if words[at].starts_with("second") && words[at - 1].bytes().all(|byte| byte.is_ascii_digit()) {
            (words[at - 1], words[at]) = ("~", "seconds");
        }
    }
    words.join(" ").replace(" now", " ~ seconds ago")
}

fn same(by_service: &Run, by_store: &Run, words: &[&str]) {
    assert_eq!(by_service.code, by_store.code, "{words:?}\n{}\n{}", by_service.all(), by_store.all());
    let settled_output = |run: &Run| settled(&without_seconds(&run.stdout));
    assert_eq!(settled_output(by_service), settled_output(by_store), "{words:?}");
    assert_eq!(settled(&by_service.stderr), settled(&by_store.stderr), "{words:?}");
}

#[test]
fn looking_gives_the_same_output() {
    let bench = Bench::new();
    seed(&bench);
    let (_server, url) = bench.serve(&[]);
    let [laptop, bob, stolen, visitor] = [LAPTOP, BOB, STOLEN, VISITOR].map(|id| id.to_string());
    let unknown = "AAAAAAAAAAAAAAAAAAAAAA";
    for words in [
        &["sessions", "list"][..],
        &["sessions", "list", "--json"],
        &["sessions", "list", "--json", "--state", "ended,active"],
        &["sessions", "list", "--json", "--state", "ended"],
        &["sessions", "list", "--subject", "alice", "--limit", "1"],
        &["sessions", "list", "--ip", "192.0.2.0/24", "--level", "2", "--profile", "default", "--json"],
        &["sessions", "list", "--user-agent", "fire fox+&?", "--json"],
        &["sessions", "list", "--user-agent", "FIREFOX", "--seen-before", "1m", "--created-after", "2000-01-01"],
        &["sessions", "list", "--subject", "nobody & nothing?"],
        &["sessions", "show", &laptop],
        &["sessions", "show", &visitor, "--json"],
        &["sessions", "show", &stolen, "--events"],
        &["sessions", "show", &bob, "--events", "--json"],
        &["sessions", "show", unknown],
        &["sessions", "ttl", &laptop],
        &["sessions", "ttl", &stolen],
        &["sessions", "ttl", unknown],
        &["sessions", "count"],
        &["sessions", "count", "--by", "subject", "--json"],
        &["sessions", "revoke", "--subject", "alice"],
        &["sessions", "revoke", "--subject", "alice", "--dry-run"],
        &["sessions", "revoke", "--all", "--dry-run", "--json"],
        &["sessions", "revoke", unknown],
        &["sessions", "revoke", &stolen],
        &["sessions", "watch", "--since", "2 days ago", "--limit", "5"],
        &["sessions", "watch", "--since", "2 days ago", "--limit", "2", "--json", "--subject", "alice"],
        &["sessions", "watch", "--since", "2 days ago", "--limit", "1", "--json", "--kind", "revoked,replayed"],
        &["sweep"],
        &["keys", "list"],
        &["keys", "list", "--json"],
        &["keys", "revoke", "nobodys", "--yes"],
        &["keys", "revoke", "first", "--yes"],
        &["keys", "signing", "list"],
        &["keys", "signing", "list", "--json"],
        &["keys", "rotate"],
        &["keys", "signing", "remove", "x", "--reason", "y"],
        &["keys", "signing", "remove", "x", "--reason", "y", "--yes"],
        &["keys", "signing", "retire", "x"],
    ] {
        same(&bench.ask(&url, words), &bench.run(words), words);
    }
}

/// Runs a command against a service on one copy of a store, and on another copy itself, and compares also what is left.
fn changes_alike(words: &[&str]) {
    let [served, bare] = [Bench::new(), Bench::new()];
    seed(&served);
    stale(&served, 3, 2);
    for file in fs::read_dir(served.path()).expect("a folder") {
        let file = file.expect("a file");
        fs::copy(file.path(), bare.path().join(file.file_name())).expect("a copy");
    }
    let (_server, url) = served.serve(&[]);
    same(&served.ask(&url, words), &bare.run(words), words);
    let look = ["sessions", "list", "--state", "active,locked,ended"];
    same(&served.ask(&url, &look), &bare.run(&look), words);
}

#[test]
fn revoking_does_the_same() {
    let laptop = LAPTOP.to_string();
    changes_alike(&["sessions", "revoke", &laptop, "--reason", "lost"]);
    changes_alike(&["sessions", "revoke", &laptop, &BOB.to_string(), "AAAAAAAAAAAAAAAAAAAAAA", "--yes"]);
    changes_alike(&["sessions", "revoke", "--subject", "alice", "--except", &laptop, "--yes", "--json"]);
    changes_alike(&["sessions", "revoke", "--subject", "alice", "--yes"]);
    changes_alike(&["sessions", "revoke", "--seen-before", "5m", "--yes", "--json"]);
}

#[test]
fn sweeping_does_the_same() {
    changes_alike(&["sweep", "--json"]);
}

#[test]
fn a_service_sees_at_once_what_is_revoked_at_its_store() {
    let bench = Bench::new();
    seed(&bench);
    let (_server, url) = bench.serve(&[]);
    assert_eq!(bench.run(&["sessions", "revoke", &BOB.to_string()]).code, 0);
    let seen = bench.ask(&url, &["sessions", "show", &BOB.to_string(), "--json"]).json();
    assert_eq!(seen["state"], serde_json::json!("ended"));
}

#[test]
fn keys_are_made_and_taken_away_by_either() {
    let bench = Bench::new();
    seed(&bench);
    let (_server, url) = bench.serve(&[]);
    let with = |key: &str, words: &[&str]| {
        let mut command = bench.command(words);
        command.env("HALLPASS_URL", &url).env("HALLPASS_KEY", key.trim());
        crate::bench::run(command)
    };
    for is_served in [true, false] {
        let at_home = |words: &[&str]| if is_served { bench.ask(&url, words) } else { bench.run(words) };
        let made = at_home(&["keys", "create", "on call", "--role", "operator"]);
        assert!(
            made.code == 0 && made.stdout.starts_with("hpk_") && made.stdout.lines().count() == 1,
            "{}",
            made.all()
        );
        assert!(!made.stderr.contains(made.stdout.trim()), "the key is data, and told once");
        std::thread::sleep(std::time::Duration::from_millis(1100)); // a service knows of another's key after a second
        assert_eq!(with(&made.stdout, &["sessions", "list"]).code, 0);
        let listed = at_home(&["keys", "list", "--json"]);
        assert!(listed.stdout.contains("on call") && !listed.stdout.contains(made.stdout.trim()));
        let refused = at_home(&["keys", "revoke", "on call"]);
        assert!(refused.code == 1 && refused.stderr.contains("--yes"), "{}", refused.all());
        assert_eq!(at_home(&["keys", "revoke", "on call", "--yes"]).code, 0);
        std::thread::sleep(std::time::Duration::from_millis(1100));
        assert_eq!(with(&made.stdout, &["sessions", "list"]).code, 2);
    }
    let last = bench.ask(&url, &["keys", "revoke", "first", "--yes"]);
    assert!(last.code == 1 && last.stderr.contains("last admin key"), "{}", last.all());
    let told: Vec<_> =
        events_of_keys(&bench).iter().map(|event| format!("{} by {}", event.kind, event.actor)).collect();
    assert_eq!(told[0], "key_created by policy", "the first key of all");
    // That a service was asked to is told apart from what was done.
    let told: Vec<_> = told[1..].iter().filter(|told| !told.starts_with("admin_action ")).cloned().collect();
    let [service, store] = ["operator:first admin#first", "operator:tester"];
    let expected = [service, store].map(|actor| [format!("key_created by {actor}"), format!("key_revoked by {actor}")]);
    assert_eq!(told, expected.concat());
}

#[test]
fn a_key_is_for_the_realm_that_it_was_made_for() {
    let bench = Bench::new();
    seed(&bench);
    let (_server, url) = bench.serve(&[]);
    let made = bench.ask(&url, &["keys", "create", "shop", "--role", "admin", "--realm", "shop", "--json"]).json();
    assert_eq!(made["realm"], serde_json::json!("shop"));
    let mut command = bench.command(&["sessions", "list", "--url", &url]);
    command.env("HALLPASS_KEY", made["key"].as_str().expect("a key"));
    assert_eq!(crate::bench::run(command).code, 1, "no session of another realm is seen");
}
