//! What the commands show of a store whose contents are known.

use hallpass::SessionId;
use serde_json::{Value, json};

use crate::bench::{Bench, Run, run};
use crate::seed::{BOB, LAPTOP, PHONE, STOLEN, VISITOR, crowd, seed};

fn seeded() -> Bench {
    let bench = Bench::new();
    seed(&bench);
    bench
}

fn ids(run: &Run) -> Vec<String> {
    let items = run.json()["items"].as_array().cloned().expect("items");
    items.iter().map(|item| item["id"].as_str().expect("an id").to_owned()).collect()
}

fn names(ids: &[SessionId]) -> Vec<String> {
    ids.iter().map(ToString::to_string).collect()
}

/// Compares with a snapshot in which times are only times.
macro_rules! assert_shown {
    ($name:expr, $text:expr) => {
        insta::with_settings!({ filters => vec![
            (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", "[instant]"),
            (r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "[date and time]"),
            (r"\d+m( \d+s)?", "[minutes]"),
            (r#""(idle|absolute)_seconds":\d+"#, r#""${1}_seconds":[seconds]"#),
            (r#""id":"[0-9a-f]{32}""#, r#""id":"[event]""#),
        ] }, { insta::assert_snapshot!($name, $text) });
    };
}

#[test]
fn sessions_are_listed_newest_first_and_only_those_that_live() {
    assert_shown!("list", seeded().run(&["sessions", "list"]).all());
}

#[test]
fn a_listing_fits_a_narrow_terminal_and_keeps_ids_whole() {
    let bench = seeded();
    for columns in ["120", "80", "60"] {
        let mut command = bench.command(&["sessions", "list"]);
        command.env("COLUMNS", columns);
        let shown = run(command).stdout;
        let width: usize = columns.parse().expect("a number");
        assert!(shown.lines().all(|line| line.chars().count() <= width), "{shown}");
        assert!([LAPTOP, PHONE, BOB, VISITOR].iter().all(|id| shown.contains(&id.to_string())), "{shown}");
        assert_shown!(format!("list_{columns}"), shown);
    }
}

#[test]
fn text_of_clients_cannot_steer_the_terminal() {
    let shown = seeded().run(&["sessions", "list"]).stdout;
    assert!(shown.contains(r"bot\u{202e}txt.exe") && !shown.contains('\u{202e}'), "{shown}");
}

#[test]
fn filters_choose_sessions() {
    let bench = seeded();
    let all = "active,locked,ended";
    for (words, expected) in [
        (&[][..], &[VISITOR, BOB, LAPTOP, PHONE][..]),
        (&["--state", all], &[VISITOR, BOB, LAPTOP, PHONE, STOLEN]),
        (&["--state", "ended"], &[STOLEN]),
        (&["--state", "locked"], &[]),
        (&["--subject", "alice"], &[LAPTOP, PHONE]),
        (&["--subject", "alice", "--state", all], &[LAPTOP, PHONE, STOLEN]),
        (&["--ip", "192.0.2.7"], &[LAPTOP]),
        (&["--ip", "192.0.2.0/24"], &[LAPTOP]),
        (&["--ip", "2001:db8::/32"], &[PHONE]),
        (&["--user-agent", "FIREFOX"], &[LAPTOP]),
        (&["--level", "2"], &[LAPTOP]),
        (&["--level", "0"], &[VISITOR]),
        (&["--profile", "remember"], &[PHONE]),
        (&["--created-after", "90m"], &[VISITOR, BOB]),
        (&["--created-after", "90 minutes ago"], &[VISITOR, BOB]),
        (&["--seen-before", "5m"], &[BOB, PHONE]),
        (&["--seen-before", "2000-01-01"], &[]),
        (&["--created-after", "2000-01-01T00:00:00Z", "--subject", "bob"], &[BOB]),
    ] {
        let run = bench.run(&[&["sessions", "list", "--json"], words].concat());
        assert_eq!(ids(&run), names(expected), "{words:?}");
        assert_eq!(run.code, i32::from(expected.is_empty()), "{words:?}");
    }
}

#[test]
fn a_limit_says_that_there_is_more() {
    let bench = seeded();
    let cut = bench.run(&["sessions", "list", "--limit", "2", "--json"]);
    assert_eq!((ids(&cut).len(), &cut.json()["more"]), (2, &json!(true)));
    let whole = bench.run(&["sessions", "list", "--limit", "4", "--json"]);
    assert_eq!((ids(&whole).len(), &whole.json()["more"]), (4, &json!(false)));
    let told = bench.run(&["sessions", "list", "--limit", "1"]);
    assert!(told.stderr.contains("more than these 1"), "{}", told.all());
    let none: Value = bench.run(&["sessions", "list", "--subject", "zoe", "--json"]).json();
    assert_eq!(none, json!({ "items": [], "more": false }));
}

#[test]
fn all_pages_are_listed_once_each() {
    let bench = seeded();
    crowd(&bench, "many", 2500);
    let mut listed = ids(&bench.run(&["sessions", "list", "--json", "--subject", "many"]));
    assert_eq!(listed.len(), 2500);
    listed.sort();
    listed.dedup();
    assert_eq!(listed.len(), 2500);
    let table = bench.run(&["sessions", "list", "--subject", "many"]).stdout;
    assert_eq!(table.lines().filter(|line| line.starts_with("ID ")).count(), 1, "one header");
    assert_eq!(table.lines().count(), 2501);
    assert_eq!(bench.run(&["sessions", "count", "--json"]).json()["total"], json!(2505));
}

#[test]
fn a_session_is_shown_with_what_happened_to_it() {
    let bench = seeded();
    assert_shown!("show_living", bench.run(&["sessions", "show", &LAPTOP.to_string()]).all());
    assert_shown!("show_ended", bench.run(&["sessions", "show", "--events", &STOLEN.to_string()]).all());
    assert_shown!("show_json", bench.run(&["sessions", "show", "--events", "--json", &STOLEN.to_string()]).all());
}

#[test]
fn an_id_that_begins_with_a_dash_is_an_id() {
    let id = BOB.to_string();
    assert!(id.starts_with('-'));
    let bench = seeded();
    assert_eq!(bench.run(&["sessions", "show", &id, "--json"]).json()["subject"], json!("bob"));
    assert_eq!(bench.run(&["sessions", "watch", "--session", &id, "--since", "2h", "--limit", "1", "-q"]).code, 0);
}

#[test]
fn times_are_shown_in_the_zone_that_is_asked_for() {
    let bench = seeded();
    let shown = |zone: &str, words: &[&str]| {
        let id = LAPTOP.to_string();
        let mut command = bench.command(&[&["sessions", "show", &id], words].concat());
        command.env("TZ", zone);
        let text = run(command).stdout;
        text.lines().find(|line| line.starts_with("created")).expect("a line").to_owned()
    };
    assert!(shown("Asia/Kolkata", &[]).contains(" IST ("), "{}", shown("Asia/Kolkata", &[]));
    assert_eq!(shown("Asia/Kolkata", &["--utc"]), shown("UTC", &[]));
}

#[test]
fn the_time_left_is_told_apart_by_timeout() {
    let bench = seeded();
    assert_shown!("ttl", bench.run(&["sessions", "ttl", &LAPTOP.to_string()]).all());
    let left = bench.run(&["sessions", "ttl", "--json", &LAPTOP.to_string()]).json();
    // Used 3 minutes and a half ago, made 2 hours and half a minute ago.
    assert!((1580..=1590).contains(&left["idle_seconds"].as_u64().expect("a number")), "{left}");
    assert!((7160..=7170).contains(&left["absolute_seconds"].as_u64().expect("a number")), "{left}");
    let ended = bench.run(&["sessions", "ttl", &STOLEN.to_string()]);
    assert_eq!((ended.code, ended.stdout.as_str()), (1, "ended (revoked)\n"));
    assert_eq!(bench.run(&["sessions", "ttl", "--json", &STOLEN.to_string()]).json()["idle_seconds"], json!(0));
}

#[test]
fn sessions_are_counted_apart() {
    let bench = seeded();
    assert_shown!("count", bench.run(&["sessions", "count"]).all());
    for (by, expected) in [
        ("state", json!({ "active": 4, "ended": 1 })),
        ("subject", json!({ "": 1, "alice": 3, "bob": 1 })),
        ("profile", json!({ "default": 4, "remember": 1 })),
        ("level", json!({ "0": 1, "1": 3, "2": 1 })),
        ("reason", json!({ "": 4, "revoked": 1 })),
    ] {
        let counted = bench.run(&["sessions", "count", "--json", "--by", by]).json();
        assert_eq!(counted, json!({ "total": 5, "by": by, "counts": expected }));
    }
    let none = bench.run(&["sessions", "count", "--subject", "zoe", "--json"]);
    assert_eq!((none.code, &none.json()["total"]), (0, &json!(0)));
}

#[test]
fn json_says_nothing_secret_and_has_the_keys_of_the_api() {
    let bench = seeded();
    let run = bench.run(&["sessions", "show", "--json", &LAPTOP.to_string()]);
    let shown = run.json();
    let keys: Vec<_> = shown.as_object().expect("an object").keys().map(String::as_str).collect();
    let mut expected = [
        "id",
        "realm",
        "subject",
        "state",
        "created_at",
        "authenticated_at",
        "seen_at",
        "idle_expires_at",
        "expires_at",
        "renewed_at",
        "generation",
        "version",
        "profile",
        "level",
        "methods",
        "client",
    ];
    expected.sort_unstable();
    assert_eq!(keys, expected);
    for word in ["hash", "secret", "nonce", "token"] {
        assert!(!run.stdout.contains(word), "{word}: {}", run.stdout);
    }
}

#[test]
fn colour_is_for_those_who_want_it_and_means_nothing_alone() {
    let bench = seeded();
    let plain = bench.run(&["sessions", "list"]).stdout;
    assert!(!plain.contains('\u{1b}'));
    let colored = bench.run(&["sessions", "list", "--color", "always"]).stdout;
    assert!(colored.contains("\u{1b}["));
    let stripped = anstream::adapter::strip_str(&colored).to_string();
    assert_eq!(stripped, plain, "colour says nothing that the words do not");
    let mut command = bench.command(&["sessions", "list", "--color", "auto"]);
    command.env("NO_COLOR", "1").env("CLICOLOR_FORCE", "0");
    assert_eq!(run(command).stdout, plain);
}

#[test]
fn a_realm_sees_only_its_own() {
    let bench = seeded();
    assert_eq!(bench.run(&["sessions", "list", "--realm", "shop"]).code, 1);
    let mut command = bench.command(&["sessions", "show", &LAPTOP.to_string()]);
    command.env("HALLPASS_REALM", "shop");
    assert_eq!(run(command).code, 1);
}

#[test]
fn the_store_is_found_by_option_variable_file_and_habit() {
    let bench = seeded();
    let elsewhere = bench.path().join("elsewhere.db");
    std::fs::copy(bench.store(), &elsewhere).expect("a copy");
    std::fs::write(bench.path().join("hallpass.toml"), "store = 'sqlite:nowhere.db'").expect("a file");
    let by_file = bench.run(&["sessions", "list"]);
    assert!(by_file.code == 2 && by_file.stderr.contains("nowhere.db"), "{}", by_file.all());
    let mut by_variable = bench.command(&["sessions", "list"]);
    by_variable.env("HALLPASS_STORE", "sqlite:elsewhere.db");
    assert_eq!(run(by_variable).code, 0);
    let mut by_option = bench.command(&["sessions", "list", "--store", "sqlite:hallpass.db"]);
    by_option.env("HALLPASS_STORE", "sqlite:nowhere.db").env("HALLPASS_URL", "http://127.0.0.1:1");
    assert_eq!(run(by_option).code, 0, "an option is stronger than any variable");
}
