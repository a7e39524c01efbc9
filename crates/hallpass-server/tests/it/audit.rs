//! The audit trail of a service on a store that keeps one, and on one that does not.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::{Duration, Instant};

use hallpass::audit::{BreakKind, Checkpoint, Entry, Report, Verifier};
use hallpass::testing::ManualClock;
use hallpass::{Clock as _, Event, EventKind, Store as _, SystemClock};
use hallpass_server::{AuditConfig, Config, Paths, Server};
use hallpass_sqlite::SqliteStore;
use reqwest::{Client, Response, StatusCode};
use serde_json::{Value, json};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::service::{ADMIN, Service, config};

struct Running {
    base: String,
    stop: oneshot::Sender<()>,
    task: JoinHandle<()>,
}

impl Running {
    async fn start(config: Config) -> Self {
        Self::at(config, Duration::ZERO).await
    }

    /// Starts a service whose clock is so far ahead.
    async fn at(config: Config, ahead: Duration) -> Self {
        let clock = ManualClock::new();
        clock.set(SystemClock::new().now().plus(ahead));
        let builder = Server::builder(config);
        let builder = if ahead.is_zero() { builder } else { builder.clock(clock) };
        let server = builder.start().await.expect("it starts");
        let base = format!("http://{}", server.address());
        let (stop, stopped) = oneshot::channel::<()>();
        let task = tokio::spawn(async move {
            let shutdown = async {
                let _ = stopped.await;
            };
            server.run(shutdown).await.expect("it serves");
        });
        Self { base, stop, task }
    }

    async fn end(self) {
        self.stop.send(()).expect("it runs");
        self.task.await.expect("it stops");
    }

    async fn get(&self, path: &str) -> Response {
        self.ask_by(path, ADMIN).await
    }

    async fn ask_by(&self, path: &str, key: &str) -> Response {
        Client::new().get(format!("{}{path}", self.base)).bearer_auth(key).send().await.expect("an answer")
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let request = Client::new().post(format!("{}{path}", self.base)).bearer_auth(ADMIN).json(&body);
        let response = request.send().await.expect("an answer");
        (response.status(), response.json().await.unwrap_or_default())
    }

    async fn state(&self) -> Value {
        self.get("/v1/audit/checkpoint").await.json().await.expect("JSON")
    }

    /// Waits until everything is sealed; answers how long that took.
    async fn sealed(&self) -> Duration {
        let begun = Instant::now();
        loop {
            let state = self.state().await;
            if state["unsealed"] == 0 && !state["checkpoint"].is_null() {
                return begun.elapsed();
            }
            assert!(begun.elapsed() < Duration::from_secs(20), "{state}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn export(&self, query: &str) -> String {
        let response = self.get(&format!("/v1/audit/export{query}")).await;
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "application/jsonl");
        response.text().await.expect("all of it")
    }
}

/// Returns a configuration whose trail is signed, in this folder.
fn signed(folder: &Path) -> Config {
    let key = folder.join("sealing-key");
    std::fs::write(&key, b"the newest key: 32 random bytes!").expect("a file");
    let store = format!("sqlite:{}", folder.join("hallpass.db").display());
    Config { store, sealing_key_files: Paths(vec![key]), ..config() }
}

pub(crate) fn checked(text: &str) -> Report {
    let mut verifier = Verifier::new(None);
    for (position, line) in (1..).zip(text.lines()) {
        match Entry::read(line) {
            Ok(entry) => verifier.take(&entry, Some(position)),
            Err(_) => verifier.unreadable(Some(position)),
        }
    }
    verifier.finish()
}

fn events(text: &str) -> Vec<Event> {
    let event = |line: &str| match Entry::read(line).expect("an entry") {
        Entry::Line(line) => Some(serde_json::from_str(&line.event).expect("an event")),
        _ => None,
    };
    text.lines().filter_map(event).collect()
}

fn sql(folder: &Path, statement: &str) {
    let connection = hallpass_sqlite::rusqlite::Connection::open(folder.join("hallpass.db")).expect("a file");
    connection.busy_timeout(Duration::from_secs(5)).expect("it waits");
    let changed = connection.execute(statement, []).expect("a statement");
    assert!(changed > 0, "{statement}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happens_is_sealed_within_a_second_and_signed() {
    let folder = rig::scratch();
    let running = Running::start(signed(folder.path())).await;
    running.sealed().await;
    for name in ["alice", "bob", "carol"] {
        assert_eq!(running.post("/v1/sessions", json!({ "subject": name })).await.0, 201);
    }
    let took = running.sealed().await;
    // A loaded machine is slow; what is promised is a second.
    assert!(took < Duration::from_secs(5), "{took:?}");
    let state = running.state().await;
    let export = running.export("").await;
    let report = checked(&export);
    assert!(report.is_whole(), "{report:?}");
    assert_eq!(report.checkpoint.map(|checkpoint| json!(checkpoint)), Some(state["checkpoint"].clone()));
    assert_eq!(report.signed_through, report.last);
    let kinds: Vec<_> = events(&export).into_iter().map(|event| event.kind).collect();
    assert_eq!(kinds.iter().filter(|kind| **kind == EventKind::Created).count(), 3);
    assert_eq!(kinds[0], EventKind::KeyCreated, "the first admin key too");
    running.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_still_done_is_sealed_at_the_stop() {
    let folder = rig::scratch();
    let running = Running::start(signed(folder.path())).await;
    running.sealed().await;
    assert_eq!(running.post("/v1/sessions", json!({ "subject": "late" })).await.0, 201);
    running.end().await;
    let store = SqliteStore::open(folder.path().join("hallpass.db")).expect("a store");
    let trail = store.trail().expect("a trail");
    let last = trail.last().await.expect("a store").expect("a line");
    let waiting = trail.unsealed(Some(last.event), hallpass::PageLimit::MOST).await.expect("a store");
    assert_eq!(waiting, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_second_node_takes_over_where_the_first_one_died_and_the_chain_goes_on() {
    let folder = rig::scratch();
    let first = Running::start(signed(folder.path())).await;
    let second = Running::start(signed(folder.path())).await;
    first.post("/v1/sessions", json!({ "subject": "alice" })).await;
    first.sealed().await;
    // Not stopped: gone.
    first.task.abort();
    for name in ["bob", "carol"] {
        second.post("/v1/sessions", json!({ "subject": name })).await;
    }
    second.sealed().await;
    let report = checked(&second.export("").await);
    assert!(report.is_whole(), "{report:?}");
    assert!(report.lines >= 4, "{report:?}");
    second.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_nodes_under_load_make_one_chain() {
    let folder = rig::scratch();
    let nodes = [Running::start(signed(folder.path())).await, Running::start(signed(folder.path())).await];
    for number in 0..40 {
        let node = &nodes[number % 2];
        assert_eq!(node.post("/v1/sessions", json!({ "subject": format!("user{number}") })).await.0, 201);
    }
    nodes[1].sealed().await;
    let export = nodes[1].export("").await;
    assert!(checked(&export).is_whole());
    let events = events(&export);
    let names: BTreeSet<_> = events.iter().map(|event| event.id).collect();
    assert_eq!(names.len(), events.len(), "each event once");
    assert_eq!(events.iter().filter(|event| event.kind == EventKind::Created).count(), 40);
    for node in nodes {
        node.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_changed_in_the_database_is_found() {
    for (what, expected) in [
        ("UPDATE events SET subject = 'mallory' WHERE subject = 'user2'", BreakKind::Changed),
        ("DELETE FROM events WHERE subject = 'user2'", BreakKind::Removed { through: 0 }),
        (
            "UPDATE seals SET hash = randomblob(32) WHERE event = (SELECT id FROM events WHERE subject = 'user2')",
            BreakKind::Changed,
        ),
        (
            "DELETE FROM seals WHERE event = (SELECT id FROM events WHERE subject = 'user2')",
            BreakKind::Removed { through: 0 },
        ),
        ("UPDATE events SET actor = '' WHERE subject = 'user2'", BreakKind::Removed { through: 0 }),
    ] {
        let folder = rig::scratch();
        let running = Running::start(signed(folder.path())).await;
        for number in 0..5 {
            running.post("/v1/sessions", json!({ "subject": format!("user{number}") })).await;
        }
        running.sealed().await;
        let before = running.export("").await;
        let number = before.lines().find_map(|line| match Entry::read(line).expect("an entry") {
            Entry::Line(line) if line.event.contains("user2") => Some(line.number),
            _ => None,
        });
        let number = number.expect("the event");
        running.end().await;
        sql(folder.path(), what);
        let running = Running::start(signed(folder.path())).await;
        let broken = checked(&running.export("").await).broken.unwrap_or_else(|| panic!("{what} is not found"));
        let expected = if matches!(expected, BreakKind::Removed { .. }) {
            BreakKind::Removed { through: number }
        } else {
            expected
        };
        assert_eq!((broken.number, broken.kind), (number, expected), "{what}");
        running.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_last_line_that_is_not_what_was_signed_is_not_signed_on() {
    for what in [
        "UPDATE seals SET hash = randomblob(32) WHERE number = (SELECT max(number) FROM seals)",
        "UPDATE seals SET checkpoint = NULL WHERE number = (SELECT max(number) FROM seals)",
        "DELETE FROM seals WHERE number = (SELECT max(number) FROM seals)",
    ] {
        let folder = rig::scratch();
        let running = Running::start(signed(folder.path())).await;
        running.sealed().await;
        for number in 0..3 {
            running.post("/v1/sessions", json!({ "subject": format!("user{number}") })).await;
        }
        running.sealed().await;
        running.end().await;
        // As if all had been one batch: only its end has a checkpoint.
        sql_batch(folder.path(), "UPDATE seals SET checkpoint = NULL WHERE number < (SELECT max(number) FROM seals)");
        sql(folder.path(), what);
        let running = Running::start(signed(folder.path())).await;
        running.post("/v1/sessions", json!({ "subject": "later" })).await;
        // The time in which a sealer that trusted the line would have sealed the event several times over.
        tokio::time::sleep(Duration::from_secs(3)).await;
        let state = running.state().await;
        assert_ne!(state["unsealed"], 0, "{what}: {state}");
        running.end().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_is_exported_from_a_line_on_and_goes_on_from_its_hash() {
    let folder = rig::scratch();
    let running = Running::start(signed(folder.path())).await;
    for number in 0..5 {
        running.post("/v1/sessions", json!({ "subject": format!("user{number}") })).await;
    }
    running.sealed().await;
    let report = checked(&running.export("?from=4").await);
    assert!(report.is_whole() && report.first == Some(4), "{report:?}");
    for query in ["?from=x", "?purpose=fun", "?until=3"] {
        assert_eq!(running.get(&format!("/v1/audit/export{query}")).await.status(), 422, "{query}");
    }
    running.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_older_than_the_policy_keeps_is_taken_out_by_a_signed_statement() {
    let folder = rig::scratch();
    let running = Running::start(signed(folder.path())).await;
    for number in 0..5 {
        running.post("/v1/sessions", json!({ "subject": format!("user{number}") })).await;
    }
    running.sealed().await;
    let kept: Checkpoint = serde_json::from_value(running.state().await["checkpoint"].clone()).expect("a checkpoint");
    running.end().await;

    // As if all of it were two days old: sealed anew with those times, since what was sealed cannot be moved in time.
    let two_days = 2 * 86_400 * 1000;
    sql(folder.path(), &format!("UPDATE events SET at = at - {two_days}"));
    sql(folder.path(), "DELETE FROM seals");
    let running = Running::start(signed(folder.path())).await;
    running.sealed().await;
    let old = running.state().await["checkpoint"]["number"].as_u64().expect("a number");
    running.post("/v1/sessions", json!({ "subject": "young" })).await;
    running.sealed().await;
    running.end().await;

    let audit = AuditConfig { retention: Some(86_400), ..AuditConfig::default() };
    let running = Running::start(Config { audit, ..signed(folder.path()) }).await;
    let begun = Instant::now();
    let state = loop {
        let state = running.state().await;
        if !state["purged"].is_null() && state["first"] != 1 {
            break state;
        }
        assert!(begun.elapsed() < Duration::from_secs(20), "{state}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    let through = state["purged"]["through"].as_u64().expect("a number");
    assert!(through <= old && through >= kept.number - 1, "{state}");
    running.sealed().await;
    let export = running.export("").await;
    let report = checked(&export);
    assert!(report.is_whole(), "{report:?}");
    assert_eq!(report.first, Some(through + 1));
    assert_eq!(report.purged.map(|purged| json!(purged)), Some(state["purged"].clone()));
    let kinds: Vec<_> = events(&export).into_iter().map(|event| event.kind).collect();
    assert!(kinds.contains(&EventKind::AuditPurged), "{kinds:?}");
    running.end().await;

    // A statement that nobody signed covers nothing up.
    sql(
        folder.path(),
        "UPDATE settings SET value = CAST(replace(CAST(value AS TEXT), '\"actor\":\"policy\"', '\"actor\":\"nobody\"') AS BLOB) WHERE name = 'audit/purged'",
    );
    let running = Running::start(signed(folder.path())).await;
    let broken = checked(&running.export("").await).broken.expect("it is found");
    assert_eq!(broken.kind, BreakKind::Purge);
    running.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_clock_that_runs_ahead_takes_nothing_out() {
    let Some(postgres) = rig::Postgres::shared() else { return };
    let folder = rig::scratch();
    let audit = AuditConfig { retention: Some(86_400), ..AuditConfig::default() };
    let store = postgres.url(&postgres.database());
    let config = Config { store, audit, ..signed(folder.path()) };
    let running = Running::start(config.clone()).await;
    for number in 0..3 {
        running.post("/v1/sessions", json!({ "subject": format!("user{number}") })).await;
    }
    running.sealed().await;
    running.end().await;
    let running = Running::at(config, Duration::from_hours(24 * 400)).await;
    // A sealer looks for what is old as soon as it is the one.
    tokio::time::sleep(Duration::from_secs(3)).await;
    let state = running.state().await;
    assert_eq!((&state["first"], &state["purged"]), (&json!(1), &Value::Null), "{state}");
    running.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_asks_for_a_change_who_exports_and_who_checks_is_written_down() {
    let folder = rig::scratch();
    let running = Running::start(signed(folder.path())).await;
    let (_, made) = running.post("/v1/keys", json!({ "name": "me", "role": "auditor" })).await;
    running.post("/v1/subjects/alice/revoke", json!({ "reason": "left" })).await;
    running.export("").await;
    running.export("?purpose=verify").await;
    running.sealed().await;
    let mut found: BTreeMap<String, Event> = BTreeMap::new();
    for event in events(&running.export("").await) {
        let route = event.origin.route.as_ref().map(ToString::to_string).unwrap_or_default();
        found.insert(format!("{} {route}", event.kind), event);
    }
    for name in [
        "admin_action POST /v1/keys",
        "key_created POST /v1/keys",
        "admin_action POST /v1/subjects/{subject}/revoke",
        "audit_exported GET /v1/audit/export",
        "audit_verified GET /v1/audit/export",
    ] {
        let event = found.get(name).unwrap_or_else(|| panic!("{name} is not among {:?}", found.keys()));
        assert_eq!(event.actor.as_str(), "operator:first admin#first");
        assert!(event.origin.request_id.is_some(), "{event:?}");
    }
    let key = made["key"].as_str().expect("a key");
    assert_eq!(running.ask_by("/v1/audit/checkpoint", key).await.status(), 200);
    assert_eq!(running.ask_by("/v1/audit/export", key).await.status(), 200);
    let (_, viewer) = running.post("/v1/keys", json!({ "name": "v", "role": "viewer" })).await;
    let (_, other) = running.post("/v1/keys", json!({ "name": "o", "role": "auditor", "realm": "other" })).await;
    assert_eq!(running.ask_by("/v1/audit/checkpoint", viewer["key"].as_str().expect("a key")).await.status(), 403);
    let other = other["key"].as_str().expect("a key");
    for path in ["/v1/audit/export", "/v1/audit/checkpoint"] {
        assert_eq!(running.ask_by(path, other).await.status(), 403, "{path} is of all realms");
    }
    running.end().await;
}

#[tokio::test]
async fn a_store_without_a_trail_says_so() {
    let service = Service::start().await;
    for path in ["/v1/audit/checkpoint", "/v1/audit/export"] {
        let problem = service.get(path).await.problem(501, "unsupported");
        assert!(problem["detail"].as_str().expect("text").contains("SQLite, PostgreSQL and MySQL do"), "{problem}");
    }
    let audit = AuditConfig { required: Some(true), ..AuditConfig::default() };
    let error = Server::start(Config { audit, ..config() }).await.expect_err("it cannot");
    assert!(error.to_string().contains("audit.required"), "{error}");
}

#[tokio::test]
async fn where_the_policy_says_so_nothing_is_done_whose_event_cannot_be_kept() {
    for (required, status) in [(Some(true), 503), (Some(false), 201)] {
        let folder = rig::scratch();
        let config = Config { audit: AuditConfig { required, ..AuditConfig::default() }, ..signed(folder.path()) };
        let running = Running::start(config).await;
        sql_batch(folder.path(), "CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(FAIL, 'full'); END");
        let (answered, _) = running.post("/v1/keys", json!({ "name": "me", "role": "viewer" })).await;
        assert_eq!(answered.as_u16(), status, "{required:?}");
        // A change of a session never goes without its event.
        let (answered, _) = running.post("/v1/sessions", json!({ "subject": "alice" })).await;
        assert!(answered.is_server_error(), "{answered}");
        running.task.abort();
    }
}

fn sql_batch(folder: &Path, statements: &str) {
    let connection = hallpass_sqlite::rusqlite::Connection::open(folder.join("hallpass.db")).expect("a file");
    connection.busy_timeout(Duration::from_secs(5)).expect("it waits");
    connection.execute_batch(statements).expect("statements");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_policy_at_the_start_is_told() {
    let folder = rig::scratch();
    Running::start(signed(folder.path())).await.end().await;
    Running::start(signed(folder.path())).await.end().await;
    let mut changed = signed(folder.path());
    changed.policy.idle = Some(600);
    let running = Running::start(changed).await;
    running.sealed().await;
    let told: Vec<_> =
        events(&running.export("").await).into_iter().filter(|event| event.kind == EventKind::PolicyChanged).collect();
    let [event] = &told[..] else { panic!("{told:?}") };
    let note = event.note.as_ref().expect("words").as_str();
    assert!(note.contains("default: idle 600 s, absolute 14400 s"), "{note}");
    running.end().await;
}
