//! Very many sessions of one subject: they are listed page by page and revoked in batches, in memory that does not grow
//! with them.
//!
//! `HALLPASS_TEST_SESSIONS=1000000` says how many; by default there are few enough for every run. What it took is printed.

use std::io::Write as _;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hallpass::{
    Caller, Expected, NewSession, Outcome, PageLimit, Query, Realm, Revocation, SessionId, Sessions, Store, Subject,
};
use tokio::task::JoinSet;

const USUAL: usize = 30_000;
const SOME: usize = 2_500;
/// How many sessions of somebody else are ended first, so that caches of a size that is set are full.
const WARM: usize = 10_000;
/// How much more memory there may be than at the start, in KiB: some pages, and far less than all records.
const MOST: u64 = 12 * 1024;
const AT_ONCE: usize = 64;

/// What the process for itself is to do, and with which store.
const PART: &str = "HALLPASS_MASSES_PART";
const PLACE: &str = "HALLPASS_MASSES_PLACE";

/// Fills a store, and measures in processes for themselves: `name` is the test that calls [`play`], and `place` what opens
/// the store there.
pub(crate) async fn assert_memory_stays_flat(store: impl Store, place: &str, name: &str) {
    let store = Arc::new(store);
    fill(&store, ann(), number()).await;
    fill(&store, bob(), WARM).await;
    for part in ["hold all", "go by pages"] {
        let mut process = Command::new(std::env::current_exe().expect("this binary"));
        process.args(["--exact", name, "--nocapture"]).env(PART, part).env(PLACE, place);
        let ended = tokio::task::spawn_blocking(move || process.status()).await.expect("no panic");
        assert!(ended.expect("it runs").success(), "{part}: see above");
    }
}

/// Plays the part of this process, if it is one for itself, and tells whether it is.
pub(crate) async fn play<S: Store>(open: impl AsyncFnOnce(&str) -> S) -> bool {
    let (Ok(part), Ok(place)) = (std::env::var(PART), std::env::var(PLACE)) else { return false };
    let sessions = Sessions::builder().store(open(&place).await).build().expect("all parts");
    let memory = Memory::now();
    match part.as_str() {
        "hold all" => {
            let all = sessions.of_subject(&ann()).await.expect("the store is there");
            assert_eq!(all.len(), number());
            assert!(memory.growth() > MOST, "what holds all is noticed: {} KiB", memory.growth());
        }
        "go by pages" => {
            list(&sessions, ann(), number()).await;
            revoke(&sessions, bob(), WARM).await;
            let (memory, began) = (Memory::now(), Instant::now());
            let pages = list(&sessions, ann(), number()).await;
            let (listed, listed_in) = (began.elapsed().as_secs_f64(), memory.growth());
            let began = Instant::now();
            revoke(&sessions, ann(), number()).await;
            let (ended, ended_in) = (began.elapsed().as_secs_f64(), memory.growth());
            let told = writeln!(
                std::io::stdout(),
                "{} sessions of one subject: listed in {pages} pages in {listed:.1} s, {listed_in} KiB more memory; \
                 revoked in {ended:.1} s, {ended_in} KiB more",
                number(),
            );
            told.expect("the test's own output");
            assert!(ended_in <= MOST, "memory grows with the sessions: {ended_in} KiB");
        }
        other => panic!("no part is called {other}"),
    }
    true
}

/// Lists and ends some pages of sessions, in any process.
pub(crate) async fn assert_some_are_listed_and_revoked(store: impl Store) {
    let store = Arc::new(store);
    fill(&store, ann(), SOME).await;
    let sessions = Sessions::builder().store(store).build().expect("all parts");
    assert_eq!(list(&sessions, ann(), SOME).await, 3);
    revoke(&sessions, ann(), SOME).await;
}

/// Lists so many sessions page by page; answers in how many pages.
async fn list(sessions: &Sessions, subject: Subject, count: usize) -> usize {
    let mut query = Query::of_subject(Realm::default(), subject);
    query.limit = PageLimit::MOST;
    let (mut pages, mut found, mut last) = (0, 0, None);
    loop {
        let page = sessions.list(&query).await.expect("the store is there");
        for record in &page.items {
            let place = (record.created_at, record.id);
            assert!(last.is_none_or(|last| place < last), "newest first, and each once");
            last = Some(place);
        }
        (pages, found) = (pages + 1, found + page.items.len());
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    assert_eq!(found, count);
    pages
}

async fn revoke(sessions: &Sessions, subject: Subject, count: usize) {
    let revoked = sessions.revoke_subject(&subject, None, &Revocation::default()).await.expect("the store is there");
    assert_eq!(revoked, count as u64);
    assert!(sessions.of_subject(&subject).await.expect("the store is there").is_empty());
}

fn number() -> usize {
    std::env::var("HALLPASS_TEST_SESSIONS").map_or(USUAL, |number| number.parse().expect("a number"))
}

fn ann() -> Subject {
    Subject::new("ann").expect("a subject")
}

fn bob() -> Subject {
    Subject::new("bob").expect("a subject")
}

/// Saves so many sessions, several of which began at the same moment.
async fn fill<S: Store>(store: &Arc<S>, subject: Subject, count: usize) {
    let sessions = Sessions::builder().store(Arc::clone(store)).build().expect("all parts");
    let first =
        sessions.create(NewSession::signed_in(subject), &Caller::user()).await.expect("the store is there").record;
    let mut saving = JoinSet::new();
    for worker in 0..AT_ONCE {
        let (store, first) = (Arc::clone(store), first.clone());
        saving.spawn(async move {
            for index in (1 + worker..count).step_by(AT_ONCE) {
                let mut record = first.clone();
                record.id = SessionId::random();
                record.created_at = first.created_at.minus(Duration::from_millis(index as u64 / 100));
                let saved = store.save(&record, Expected::Absent, &[]).await.expect("the store is there");
                assert_eq!(saved, Outcome::Applied);
            }
        });
    }
    saving.join_all().await;
}

/// The memory of this process, since a moment.
struct Memory {
    before: u64,
}

impl Memory {
    fn now() -> Self {
        // The peak counts from now on (proc_pid_clear_refs(5)).
        std::fs::write("/proc/self/clear_refs", "5").expect("Linux");
        Self { before: status("VmRSS:") }
    }

    /// Returns how much more there was at most, in KiB.
    fn growth(&self) -> u64 {
        status("VmHWM:").saturating_sub(self.before)
    }
}

fn status(what: &str) -> u64 {
    let text = std::fs::read_to_string("/proc/self/status").expect("Linux");
    let line = text.lines().find_map(|line| line.strip_prefix(what)).expect("the kernel tells");
    line.trim().trim_end_matches(" kB").parse().expect("a number")
}
