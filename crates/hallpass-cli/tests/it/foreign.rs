//! Sessions that other frameworks made, as an operator sees and ends them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rig::Server;
use serde_json::Value;

use crate::bench::{Bench, Run, run};

const SECRET: &str = "django-insecure-open-vectors-key-0123456789abcdef";

/// An application of a framework, which signs in whoever asks.
struct App {
    base: String,
    _server: Server,
}

fn script(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../hallpass-foreign/tests/it/frameworks").join(name)
}

impl App {
    fn start(command: Command) -> Self {
        let port = |said: &str| said.split("listening on ").nth(1)?.split_once('\n').map(|(port, _)| port.to_owned());
        let (server, port) =
            Server::start(command, Duration::from_mins(1), port).unwrap_or_else(|error| panic!("{error}"));
        Self { base: format!("http://127.0.0.1:{port}"), _server: server }
    }

    /// Asks for a path with a cookie; answers the cookie that was set, or else the same, and who is signed in.
    fn ask(&self, path: &str, cookie: &str) -> (String, Value) {
        let asking = async {
            let request = reqwest::Client::new().get(format!("{}{path}", self.base)).header("cookie", cookie);
            let response = request.send().await.expect("the application answers");
            let set = response.headers().get("set-cookie").map(|set| set.to_str().expect("text").to_owned());
            let set = set.and_then(|set| set.split(';').next().map(str::to_owned));
            let body: Value = response.json().await.expect("JSON");
            (set.unwrap_or_else(|| cookie.to_owned()), body["user"].clone())
        };
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(asking)
    }

    fn sign_in(&self, user: &str) -> String {
        self.ask(&format!("/login?user={user}"), "none=1").0
    }

    fn is_signed_in(&self, cookie: &str) -> bool {
        self.ask("/me", cookie).1.is_string()
    }
}

/// Runs a command on the sessions in a store.
fn ask(bench: &Bench, store: &str, words: &[&str]) -> Run {
    let mut command = bench.command(&[&["sessions"], words, &["--store", store]].concat());
    command.env("HALLPASS_DIALECT_SECRET", SECRET);
    run(command)
}

/// Lists, shows, counts and ends what an application keeps; everything that is said is looked through for keys.
fn is_operated(app: &App, bench: &Bench, store: &str, dialect: &str, credential: impl Fn(&str) -> String) {
    let cookies = ["ann", "ann", "ben"].map(|user| app.sign_in(user));
    for dialect in [dialect, "auto"] {
        let ask = |words: &[&str]| ask(bench, store, &[words, &["--dialect", dialect]].concat());
        let listed = ask(&["list", "--json"]);
        let items = listed.json()["items"].as_array().expect("a list").clone();
        assert_eq!(items.len(), 3, "{}", listed.all());
        assert!(items.iter().all(|item| item["state"] == "active" && item["id"].as_str().expect("text").len() == 16));
        let id = items[0]["id"].as_str().expect("an id");
        let counted = ask(&["count", "--by", "subject", "--json"]).json();
        assert_eq!(counted["total"], 3);
        let mut numbers: Vec<_> = counted["counts"].as_object().expect("counts").values().cloned().collect();
        numbers.sort_by_key(Value::as_u64);
        assert_eq!(numbers, [1, 2], "{counted}");
        let (table, shown, left) = (ask(&["list"]), ask(&["show", id]), ask(&["ttl", id, "--json"]));
        assert!(table.stdout.starts_with("ID ") && table.stdout.lines().count() == 4, "{}", table.all());
        assert!(shown.stdout.contains(id) && shown.stdout.contains("attributes"), "{}", shown.all());
        assert!(left.json()["seconds"].as_u64().is_some_and(|seconds| seconds > 60), "{}", left.all());
        let dry = ask(&["revoke", "--all", "--dry-run"]);
        assert!(dry.stdout.contains("3 sessions would be revoked"), "{}", dry.all());
        for cookie in &cookies {
            let key = credential(cookie);
            for said in [&listed, &table, &shown, &left, &dry] {
                assert!(!said.all().contains(&key), "a key is shown: {}", said.all());
            }
            let open = ask(&["list", "--danger-show-keys"]);
            assert!(open.stdout.contains(&key), "{}", open.all());
            assert_eq!(ask(&["show", &key]).code, 2, "a key is taken only where that is asked for");
            assert_eq!(ask(&["show", &key, "--danger-show-keys", "--json"]).json()["key"], key.as_str());
        }
    }
    let ask = |words: &[&str]| ask(bench, store, &[words, &["--dialect", dialect]].concat());
    // One by its fingerprint, the others by their user.
    let listed = ask(&["list", "--json"]).json();
    let of_ben = listed["items"].as_array().expect("a list").iter().find(|item| {
        let subject = &item["subject"];
        listed["items"].as_array().expect("a list").iter().filter(|other| other["subject"] == *subject).count() == 1
    });
    let of_ben = of_ben.expect("one").clone();
    let revoked = ask(&["revoke", of_ben["id"].as_str().expect("text")]);
    assert!(revoked.code == 0 && revoked.stdout.contains("1 session revoked"), "{}", revoked.all());
    assert_eq!(cookies.each_ref().map(|cookie| app.is_signed_in(cookie)), [true, true, false]);
    let ann = listed["items"].as_array().expect("a list").iter().find(|item| item["subject"] != of_ben["subject"]);
    let ann = ann.expect("one")["subject"].as_str().expect("text").to_owned();
    let unasked = ask(&["revoke", "--subject", &ann]);
    assert_eq!(unasked.code, 1, "nobody can be asked: {}", unasked.all());
    let revoked = ask(&["revoke", "--subject", &ann, "--yes", "--json"]);
    assert_eq!(revoked.json()["revoked"], 2, "{}", revoked.all());
    assert_eq!(cookies.each_ref().map(|cookie| app.is_signed_in(cookie)), [false; 3]);
    assert_eq!(ask(&["list"]).code, 1);
}

fn value(cookie: &str) -> String {
    cookie.split_once('=').expect("a value").1.to_owned()
}

#[test]
fn sessions_of_express_are_listed_and_ended() {
    let (Some(redis), Some(frameworks)) = (rig::redis(&[]), rig::frameworks()) else { return };
    let Some(mut command) = frameworks.node_server(&script("express.js")) else { return };
    command.env("REDIS_URL", redis.url());
    let key = |cookie: &str| {
        let value = value(cookie);
        value.strip_prefix("s%3A").and_then(|signed| signed.split('.').next()).expect("a key").to_owned()
    };
    is_operated(&App::start(command), &Bench::new(), &redis.url(), "express", key);
}

#[test]
fn sessions_of_django_are_listed_and_ended() {
    let bench = Bench::new();
    let (Some(redis), Some(frameworks)) = (rig::redis(&[]), rig::frameworks()) else { return };
    let Some(postgres) = rig::Postgres::shared() else { return };
    let url = postgres.url(&postgres.database());
    for engine in ["cache", "db", "postgres"] {
        let Some(mut command) = frameworks.django_server("5.2", &script("django_app.py")) else { return };
        let file = bench.path().join("django.db").display().to_string();
        let (engine, database, store) = match engine {
            "cache" => ("cache", file, redis.url()),
            "db" => ("db", file.clone(), format!("sqlite:{file}")),
            _ => ("db", url.clone(), url.clone()),
        };
        command.env("ENGINE", engine).env("REDIS_URL", redis.url()).env("DATABASE", &database);
        is_operated(&App::start(command), &bench, &store, "django", value);
    }
}

#[test]
fn sessions_of_gorilla_are_listed_and_ended() {
    let bench = Bench::new();
    let (Some(redis), Some(frameworks)) = (rig::redis(&[]), rig::frameworks()) else { return };
    let Some(mut command) = frameworks.go_server(&script("gorilla"), &bench.path().join("app")) else { return };
    command.env("REDIS_ADDRESS", format!("127.0.0.1:{}", redis.port()));
    let app = App::start(command);
    let cookie = app.sign_in("ann");
    let listed = ask(&bench, &redis.url(), &["list", "--dialect", "auto", "--json"]).json();
    assert_eq!((&listed["items"][0]["framework"], &listed["items"][0]["subject"]), (&"gorilla".into(), &"ann".into()));
    let id = listed["items"][0]["id"].as_str().expect("an id").to_owned();
    assert_eq!(ask(&bench, &redis.url(), &["revoke", &id, "--dialect", "gorilla"]).code, 0);
    assert!(!app.is_signed_in(&cookie));
}

#[test]
fn rows_of_django_that_are_over_are_counted_and_purged_in_batches() {
    let bench = Bench::new();
    let Some(frameworks) = rig::frameworks() else { return };
    let Some(mut command) = frameworks.django_server("5.2", &script("django_app.py")) else { return };
    let database = bench.path().join("django.db");
    command.env("ENGINE", "db").env("DATABASE", &database);
    let app = App::start(command);
    let stays = app.sign_in("ann");
    for _ in 0..5 {
        let cookie = app.sign_in("ben");
        app.ask("/expire?seconds=1", &cookie);
    }
    let store = format!("sqlite:{}", database.display());
    let ask = |words: &[&str]| ask(&bench, &store, &[words, &["--dialect", "django"]].concat());
    // Django counts in whole seconds, and what ended within the last one is left.
    std::thread::sleep(Duration::from_millis(2600));
    let counted = ask(&["count", "--json"]).json();
    assert_eq!((&counted["counts"]["ended"], &counted["counts"]["active"]), (&5.into(), &1.into()), "{counted}");
    assert_eq!(ask(&["purge", "--dry-run", "--json"]).json()["purged"], 5);
    let some = ask(&["purge", "--limit", "2", "--json"]).json();
    assert_eq!((&some["purged"], &some["complete"]), (&2.into(), &false.into()));
    let rest = ask(&["purge", "--batch", "2", "--json"]).json();
    assert_eq!((&rest["purged"], &rest["complete"]), (&3.into(), &true.into()));
    assert_eq!(ask(&["count", "--json"]).json()["total"], 1);
    assert!(app.is_signed_in(&stays));
}

#[test]
fn what_cannot_be_said_of_them_is_refused() {
    let bench = Bench::new();
    let Some(redis) = rig::redis(&[]) else { return };
    for (words, said) in [
        (&["list", "--dialect", "express", "--level", "2"][..], "only the subject"),
        (&["count", "--dialect", "express", "--by", "level"], "by state or subject"),
        (&["watch", "--dialect", "express"], "cannot be watched"),
        (&["list", "--dialect", "auto"], "no session of another framework was found"),
        (&["purge"], "purge is for sessions of other frameworks"),
        (&["show", "0123456789abcdef"], "a session id is 22 characters"),
    ] {
        let run = ask(&bench, &redis.url(), words);
        assert!(run.code > 0 && run.stderr.contains(said), "{words:?}: {}", run.all());
    }
    redis.ask(&["SET", "sess:PXgtDXxjBoQbl1P-3UriNGEUItlYQw7L", r#"{"cookie":{"originalMaxAge":null}}"#]);
    redis.ask(&["SET", &format!("session_{}", "A".repeat(52)), "x"]);
    let both = ask(&bench, &redis.url(), &["list", "--dialect", "auto"]);
    assert!(both.code == 1 && both.stderr.contains("express at sess:; gorilla (redistore)"), "{}", both.all());
    let unreadable = ask(&bench, &redis.url(), &["list", "--dialect", "gorilla", "--json"]).json();
    assert_eq!(unreadable["items"][0]["state"], "unreadable", "{unreadable}");
}

#[test]
fn sessions_of_spring_are_listed_and_ended_so_that_spring_hears_of_it() {
    let bench = Bench::new();
    let Some(redis) = rig::redis(&["notify-keyspace-events Egx"]) else { return };
    let Some(frameworks) = rig::frameworks() else { return };
    let Some(mut command) = frameworks.spring_server(&script("Spring.java")) else { return };
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut spring = command.spawn().expect("it starts");
    let mut input = spring.stdin.take().expect("it was asked for");
    let mut lines = BufReader::new(spring.stdout.take().expect("it was asked for")).lines();
    let mut tell = |line: &str, word: &str| {
        writeln!(input, "{line}").expect("it reads");
        // Its libraries log where it answers.
        let answer = lines.find_map(|line| line.expect("text").strip_prefix(word).map(|rest| rest.trim().to_owned()));
        answer.expect("it answers")
    };
    tell(&format!("{} indexed jdk", redis.port()), "ready");
    let key = tell("create ann", "created");
    for dialect in ["auto", "spring"] {
        let listed = ask(&bench, &redis.url(), &["list", "--dialect", dialect, "--json"]);
        let item = &listed.json()["items"][0];
        assert_eq!(
            (&item["framework"], &item["subject"], &item["state"]),
            (&"spring".into(), &"ann".into(), &"active".into())
        );
        assert!(item["created_at"].is_string() && item["seen_at"].is_string() && !listed.all().contains(&key));
    }
    let revoked = ask(&bench, &redis.url(), &["revoke", "--dialect", "spring", "--subject", "ann"]);
    assert!(revoked.code == 0 && revoked.stdout.contains("1 session revoked"), "{}", revoked.all());
    assert_eq!(tell(&format!("show {key}"), "gone"), key);
    assert_eq!(tell("find ann", "found"), "[]");
    assert_eq!(tell("events 2", "events"), format!("[SessionCreatedEvent {key}, SessionDeletedEvent {key}]"));
    let counted = ask(&bench, &redis.url(), &["count", "--dialect", "spring", "--json"]).json();
    assert!(counted["counts"]["active"].is_null(), "what is kept for a while is over: {counted}");
    drop(input);
    assert!(spring.wait().expect("it ends").success());
}
