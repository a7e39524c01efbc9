//! Sessions whose every output is known.

use std::time::Duration;

use hallpass::{
    Actor, Chain, Client, EndReason, Ended, Event, EventKind, EventQuery, Expected, Generation, Level, Method, Note,
    Outcome, Policy, Profile, Realm, Record, SessionId, Store as _, Subject, Timestamp,
};
use hallpass_sqlite::SqliteStore;

use crate::bench::Bench;

/// Alice's session on her laptop; used a few minutes ago.
pub(crate) const LAPTOP: SessionId = SessionId::from_bytes([0x11; 16]);
/// Alice's session on her phone.
pub(crate) const PHONE: SessionId = SessionId::from_bytes([0x22; 16]);
/// Bob's only session; its id begins with a dash.
pub(crate) const BOB: SessionId = SessionId::from_bytes([0xf9; 16]);
/// A visitor who has not signed in.
pub(crate) const VISITOR: SessionId = SessionId::from_bytes([0x44; 16]);
/// Alice's session of yesterday, revoked by an operator.
pub(crate) const STOLEN: SessionId = SessionId::from_bytes([0x55; 16]);

const MINUTE: u64 = 60;
const HOUR: u64 = 3600;

/// Makes a store with five sessions, at times that give the same words all day long.
pub(crate) fn seed(bench: &Bench) {
    let store = SqliteStore::open(bench.store()).expect("a new store");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        for (record, events) in records(now()) {
            let outcome = store.save(&record, Expected::Absent, &events).await.expect("the store is there");
            assert_eq!(outcome, Outcome::Applied);
        }
    });
}

/// Adds `number` sessions of one subject to a store.
pub(crate) fn crowd(bench: &Bench, subject: &str, number: usize) {
    let store = SqliteStore::open(bench.store()).expect("a store");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let now = now();
    runtime.block_on(async {
        let saves = (0..number).map(|_| {
            let record = living(SessionId::random(), subject, now, HOUR, MINUTE);
            let store = &store;
            async move { store.save(&record, Expected::Absent, &[]).await.expect("the store is there") }
        });
        let outcomes = futures_util::future::join_all(saves).await;
        assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Applied));
    });
}

/// Returns the events of a store that are about keys.
pub(crate) fn events_of_keys(bench: &Bench) -> Vec<Event> {
    let store = SqliteStore::open(bench.store()).expect("a store");
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let events = runtime.block_on(store.events(&EventQuery::default())).expect("the store is there").items;
    events.into_iter().filter(|event| event.session.is_none()).collect()
}

pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    Timestamp::from_millis(u64::try_from(since.as_millis()).expect("before 9999"))
}

fn ago(now: Timestamp, seconds: u64) -> Timestamp {
    // In the middle of a minute, so that the words are the same for the length of a test.
    now.minus(Duration::from_secs(seconds + 30))
}

fn living(id: SessionId, subject: &str, now: Timestamp, created: u64, seen: u64) -> Record {
    let policy = Policy::default();
    let at = ago(now, created);
    let chain = Chain::start(Generation::FIRST, at).chain;
    let mut record = Record::new(id, Realm::default(), Profile::default(), policy.terms(), chain, at);
    record.subject = Some(Subject::new(subject).expect("a subject"));
    record.authenticated_at = Some(at);
    record.level = Level::ONE_FACTOR;
    record.methods = vec![Method::new("pwd").expect("a method")];
    record.seen_at = ago(now, seen);
    record.expires_at = policy.expires_at(&record);
    record
}

fn client(ip: &str, agent: &str, label: Option<&str>) -> Client {
    let note = |text: &str| Note::new(text).expect("a note");
    Client { ip: Some(ip.parse().expect("an address")), user_agent: Some(note(agent)), label: label.map(note) }
}

fn records(now: Timestamp) -> Vec<(Record, Vec<Event>)> {
    let mut laptop = living(LAPTOP, "alice", now, 2 * HOUR, 3 * MINUTE);
    laptop.client = client("192.0.2.7", "Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", Some("Firefox on Linux"));
    laptop.level = Level::TWO_FACTORS;
    laptop.methods.push(Method::new("otp").expect("a method"));

    let mut phone = living(PHONE, "alice", now, 3 * HOUR, 10 * MINUTE);
    phone.client = client("2001:db8::7", "Safari on iPhone", None);
    phone.profile = Profile::remember();

    // What a hostile client may call itself: a terminal would turn the line around.
    let mut bob = living(BOB, "bob", now, HOUR, 20 * MINUTE);
    bob.client = client("198.51.100.1", "bot\u{202e}txt.exe", None);

    let mut visitor = living(VISITOR, "nobody", now, 5 * MINUTE, MINUTE);
    (visitor.subject, visitor.authenticated_at, visitor.level) = (None, None, Level::ANONYMOUS);
    visitor.methods.clear();
    visitor.expires_at = Policy::default().expires_at(&visitor);

    let mut stolen = living(STOLEN, "alice", now, 26 * HOUR, 25 * HOUR);
    let (at, actor) = (ago(now, 24 * HOUR), Actor::operator("dana"));
    let note = Note::new("stolen phone").expect("a note");
    stolen.end(
        Ended { at, reason: EndReason::Revoked, actor: actor.clone(), note: Some(note.clone()) },
        now.plus(Duration::from_secs(24 * HOUR)),
    );

    let mut all: Vec<_> = [laptop, phone, bob, visitor, stolen]
        .into_iter()
        .map(|record| {
            let created = event(EventKind::Created, &record, record.created_at);
            (record, vec![created])
        })
        .collect();
    let last = all.last_mut().expect("five");
    let mut revoked = event(EventKind::Revoked, &last.0, at);
    (revoked.actor, revoked.reason, revoked.note) = (actor, Some(EndReason::Revoked), Some(note));
    last.1.push(revoked);
    // Taken in as it happened.
    all.sort_by_key(|(record, _)| record.created_at);
    all
}

fn event(kind: EventKind, record: &Record, at: Timestamp) -> Event {
    let mut event = Event::new(kind, record.realm.clone(), at);
    event.session = Some(record.id);
    event.subject.clone_from(&record.subject);
    event.actor = Actor::user();
    event.origin.ip = record.client.ip;
    event
}

/// Adds sessions whose time is over, and tombstones that nobody needs any more.
pub(crate) fn stale(bench: &Bench, over: usize, forgettable: usize) {
    let store = SqliteStore::open(bench.store()).expect("a store");
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let now = now();
    runtime.block_on(async {
        let records = (0..over + forgettable).map(|number| {
            let mut record = living(SessionId::random(), "gone", now, 30 * HOUR, 29 * HOUR);
            if number >= over {
                let at = ago(now, 28 * HOUR);
                let ended = Ended { at, reason: EndReason::Logout, actor: Actor::user(), note: None };
                record.end(ended, ago(now, 2 * HOUR));
            }
            record
        });
        let saves = records.map(|record| {
            let store = &store;
            async move { store.save(&record, Expected::Absent, &[]).await.expect("the store is there") }
        });
        let outcomes = futures_util::future::join_all(saves).await;
        assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Applied));
    });
}
