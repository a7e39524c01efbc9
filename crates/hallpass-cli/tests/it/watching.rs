//! Following what happens, as it happens.

use std::fs;
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use rig::Server;
use serde_json::Value;

use crate::bench::{Bench, KEY, ready};
use crate::seed::{BOB, LAPTOP, PHONE, VISITOR, seed};

/// A `sessions watch` under way.
struct Watch {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Watch {
    /// Starts to watch a service, or the store of this folder, and waits until it does.
    fn start(bench: &Bench, url: Option<&str>, words: &[&str]) -> Self {
        let [out, err] = ["watch.out", "watch.err"].map(|name| bench.path().join(name));
        let file = |path| fs::File::create(path).expect("a file");
        let mut command = bench.command(&[&["sessions", "watch", "--json"], words].concat());
        if let Some(url) = url {
            command.env("HALLPASS_URL", url).env("HALLPASS_KEY", KEY);
        }
        let child = command.stdout(file(&out)).stderr(file(&err)).stdin(Stdio::null()).spawn().expect("it starts");
        let watch = Self { child, out, err };
        watch.until("it watches", |watch| watch.said().contains("Watching"));
        watch
    }

    fn said(&self) -> String {
        fs::read_to_string(&self.err).unwrap_or_default()
    }

    fn events(&self) -> Vec<Value> {
        let text = fs::read_to_string(&self.out).unwrap_or_default();
        let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
        whole.lines().map(|line| serde_json::from_str(line).expect("a line is JSON")).collect()
    }

    fn kinds_and_sessions(&self) -> Vec<(String, String)> {
        let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        self.events().iter().map(|event| (word(&event["kind"]), word(&event["session"]))).collect()
    }

    fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        let start = Instant::now();
        while !holds(self) {
            assert!(start.elapsed() < Duration::from_secs(30), "not {what}: {:?}, {}", self.events(), self.said());
            thread::sleep(Duration::from_millis(20));
        }
    }

    fn interrupt(mut self) -> Option<i32> {
        let id = self.child.id().to_string();
        std::process::Command::new("kill").args(["-s", "INT", &id]).status().expect("kill runs");
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn revoked(ids: &[hallpass::SessionId]) -> Vec<(String, String)> {
    ids.iter().map(|id| ("revoked".to_owned(), id.to_string())).collect()
}

#[test]
fn events_of_another_process_are_seen_at_the_store_and_over_the_service() {
    let bench = Bench::new();
    seed(&bench);
    let (_server, url) = bench.serve(&[]);
    for (home, id) in [(None, BOB), (Some(&*url), LAPTOP)] {
        let watch = Watch::start(&bench, home, &[]);
        let begun = Instant::now();
        assert_eq!(bench.run(&["sessions", "revoke", &id.to_string()]).code, 0);
        watch.until("seen", |watch| !watch.events().is_empty());
        assert!(begun.elapsed() < Duration::from_secs(10));
        assert_eq!(watch.kinds_and_sessions(), revoked(&[id]), "only what happened since");
        assert_eq!(watch.interrupt(), Some(0), "Ctrl-C is how it is meant to end");
    }
}

#[test]
fn a_watch_keeps_to_what_was_asked_for() {
    let bench = Bench::new();
    seed(&bench);
    let (_server, url) = bench.serve(&[]);
    let [bob, laptop, phone] = [BOB, LAPTOP, PHONE].map(|id| id.to_string());
    for home in [None, Some(&*url)] {
        let ends = |words: &[&str], expected: &[(&str, &str)]| {
            let watch = Watch::start(&bench, home, &[words, &["--since", "2d"]].concat());
            watch.until("all seen", |watch| watch.events().len() >= expected.len());
            let expected: Vec<_> = expected.iter().map(|(kind, id)| ((*kind).to_owned(), (*id).to_owned())).collect();
            assert_eq!(watch.kinds_and_sessions(), expected, "{words:?}");
        };
        ends(&["--subject", "bob"], &[("created", &bob)]);
        ends(&["--session", &laptop], &[("created", &laptop)]);
        ends(&["--kind", "revoked,replayed"], &[("revoked", &crate::seed::STOLEN.to_string())]);
        ends(
            &["--kind", "created", "--subject", "alice", "--limit", "3"],
            &[("created", &crate::seed::STOLEN.to_string()), ("created", &phone), ("created", &laptop)],
        );
    }
}

#[test]
fn a_lost_connection_is_taken_up_where_it_was_lost() {
    let bench = Bench::new();
    seed(&bench);
    // A port of its own, so that the next service is found at the same address.
    let address =
        std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").to_string();
    let serve = || {
        let mut command = bench.command(&["serve", "--listen", &address]);
        command.env("HALLPASS_ADMIN_KEY", KEY);
        Server::start(command, Duration::from_secs(30), ready).unwrap_or_else(|error| panic!("{error}"))
    };
    let (mut server, url) = serve();
    let watch = Watch::start(&bench, Some(&url), &[]);
    assert_eq!(bench.run(&["sessions", "revoke", &BOB.to_string()]).code, 0);
    watch.until("the first is seen", |watch| watch.events().len() == 1);
    server.kill();
    watch.until("the loss is told", |watch| watch.said().contains("trying again"));
    // Nobody serves while these happen.
    assert_eq!(bench.run(&["sessions", "revoke", &LAPTOP.to_string()]).code, 0);
    assert_eq!(bench.run(&["sessions", "revoke", &PHONE.to_string()]).code, 0);
    let (_server, _) = serve();
    watch.until("it is connected again", |watch| watch.said().contains("Connected again"));
    assert_eq!(bench.run(&["sessions", "revoke", &VISITOR.to_string()]).code, 0);
    watch.until("the last is seen", |watch| watch.events().len() >= 4);
    assert_eq!(watch.kinds_and_sessions(), revoked(&[BOB, LAPTOP, PHONE, VISITOR]), "nothing lost, nothing twice");
}

#[test]
fn a_watch_that_cannot_begin_fails_at_once() {
    let bench = Bench::new();
    let run = bench.ask("http://127.0.0.1:1", &["sessions", "watch"]);
    assert!(run.code == 2 && run.stderr.contains("cannot be reached"), "{}", run.all());
}
