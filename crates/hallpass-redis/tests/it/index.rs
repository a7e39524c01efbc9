//! The indices: complete after a crash, tidied by sweeps, bounded; and what the server is asked to keep.

use std::num::NonZeroUsize;
use std::time::Duration;

use hallpass::{EventKind, EventQuery, Expected, Outcome, PageLimit, Query, Realm, Store, Subject};
use hallpass_redis::RedisStore;
use rig::Redis;

use crate::support::{
    HOUR, changed, connect, create, ended, event_of, keys, load, now, record, record_by, subject, until, update,
};

fn all_of(subject: &Subject) -> Query {
    let mut query = Query::of_subject(Realm::default(), subject.clone());
    query.limit = PageLimit::MOST;
    query
}

async fn ids(store: &RedisStore, query: &Query) -> Vec<hallpass::SessionId> {
    let page = store.list(query).await.expect("the store is there");
    page.items.into_iter().map(|record| record.id).collect()
}

async fn sweep(store: &RedisStore, at: hallpass::Timestamp) {
    assert_eq!(store.sweep(at, NonZeroUsize::MIN).await.expect("the store is there"), 0);
}

fn sizes(server: &Redis, subject: &str) -> [String; 3] {
    let subject = format!("hallpass:subject:{{default/{subject}}}");
    ["hallpass:all:{default}", "hallpass:due:{default}", &subject].map(|key| server.ask(&["zcard", key]))
}

#[tokio::test]
async fn a_crash_between_index_and_record_leaves_nothing_that_hinders() {
    let Some(server) = rig::redis(&[]) else { return };
    let store = connect(&server.url()).await;
    let alice = subject("alice");
    let (kept, crashed) = (record_by(&alice), record_by(&alice));
    create(&store, &kept).await;
    create(&store, &crashed).await;
    // As a crash leaves it: filed, and without a record.
    server.ask(&["del", &keys(&crashed)[0]]);
    assert_eq!(ids(&store, &all_of(&alice)).await, [kept.id]);
    assert_eq!(ids(&store, &Query::default()).await, [kept.id]);
    // A sweep that comes at once leaves the entry: its record may be under way.
    sweep(&store, now()).await;
    assert_eq!(sizes(&server, "alice"), ["2", "2", "2"]);
    // And here it is.
    create(&store, &crashed).await;
    assert_eq!(ids(&store, &all_of(&alice)).await.len(), 2, "each is listed once");
    assert_eq!(sizes(&server, "alice"), ["2", "2", "2"]);
}

#[tokio::test]
async fn what_the_server_has_forgotten_is_swept_out_of_the_indices() {
    let Some(server) = rig::redis(&[]) else { return };
    let store = connect(&server.url()).await;
    let alice = subject("alice");
    let old = |record| until(now().minus(4 * HOUR), record);
    let (gone, used, moved, young) = (old(record_by(&alice)), old(record_by(&alice)), old(record()), record_by(&alice));
    for record in [&gone, &used, &moved, &young] {
        create(&store, record).await;
    }
    assert_eq!(server.ask(&["del", &keys(&gone)[0], &keys(&young)[0]]), "2");
    let outcome = store.touch(&used.realm, &used.id, used.version, now(), now().plus(HOUR)).await;
    assert_eq!(outcome.expect("the store is there"), Outcome::Applied);
    // It has another subject now, and is filed a second time.
    let mut moved_on = until(now().plus(HOUR), changed(&moved, "{}"));
    moved_on.subject = Some(alice.clone());
    update(&store, &moved, &moved_on).await;
    assert_eq!(sizes(&server, "alice"), ["4", "5", "4"]);

    sweep(&store, now()).await;
    // Gone are the forgotten one, everywhere, and the old entry of the one that has another subject now. The young one
    // stays, though it has no record: that may be under way.
    assert_eq!(sizes(&server, "alice"), ["3", "3", "3"]);
    let mut left = ids(&store, &all_of(&alice)).await;
    let mut expected = [used.id, moved.id];
    left.sort_unstable();
    expected.sort_unstable();
    assert_eq!(left, expected);
    sweep(&store, now()).await;
    assert_eq!(sizes(&server, "alice"), ["3", "3", "3"]);
}

#[tokio::test]
async fn what_is_over_is_found_by_its_deadline_and_not_by_reading_all() {
    let Some(server) = rig::redis(&[]) else { return };
    let store = connect(&server.url()).await;
    for _ in 0..300 {
        create(&store, &record()).await;
    }
    let mut over = Vec::new();
    for minutes in 1..=5 {
        let record = until(now().minus(Duration::from_mins(minutes)), record());
        create(&store, &record).await;
        over.push(record);
    }
    let mut query = Query::default();
    (query.expires_by, query.ended) = (Some(now()), Some(false));
    over.reverse();
    over.sort_by_key(|record| std::cmp::Reverse((record.created_at, record.id)));
    server.ask(&["config", "resetstat"]);
    assert_eq!(ids(&store, &query).await, over.iter().map(|record| record.id).collect::<Vec<_>>());
    let used = &over[0];
    let touched = store.touch(&used.realm, &used.id, used.version, now(), now().plus(HOUR)).await;
    assert_eq!(touched.expect("the store is there"), Outcome::Applied);
    for record in &over[1..] {
        update(&store, record, &ended(record)).await;
    }
    assert_eq!(ids(&store, &query).await, []);
    let hits: usize = number(&server, "info", "keyspace_hits:");
    assert!(hits < 80, "five of 305 were looked for, and {hits} keys were read");
    let due = server.ask(&["zcount", "hallpass:due:{default}", "-inf", &now().as_millis().to_string()]);
    assert_eq!(due, "0", "what was used or has ended is filed under its present deadline");
}

#[tokio::test]
async fn what_is_overdue_is_told_at_the_cost_of_what_is_asked_for() {
    let Some(server) = rig::redis(&[]) else { return };
    let store = connect(&server.url()).await;
    for minutes in 1..=900 {
        create(&store, &until(now().minus(Duration::from_secs(minutes)), record())).await;
    }
    create(&store, &record()).await;
    let (mut left, limit) = (900, PageLimit::new(64).expect("small"));
    let before = number(&server, "info", "keyspace_hits:");
    let first = store.overdue(now(), limit).await.expect("the store is there");
    assert_eq!(first.len(), 64);
    let read = number(&server, "info", "keyspace_hits:") - before;
    assert!(read < 80, "64 of 900 were asked for, and {read} keys were read");
    // As a sweep does: end one, keep the next in use, and ask again.
    loop {
        let overdue = store.overdue(now(), limit).await.expect("the store is there");
        for (index, record) in overdue.iter().enumerate() {
            if index % 2 == 0 {
                update(&store, record, &ended(record)).await;
            } else {
                let later = now().plus(HOUR);
                let used = store.touch(&record.realm, &record.id, record.version, now(), later).await;
                assert_eq!(used.expect("the store is there"), Outcome::Applied);
            }
        }
        left -= overdue.len();
        if overdue.is_empty() {
            break;
        }
    }
    assert_eq!(left, 0, "each is told once");
}

fn number(server: &Redis, question: &str, name: &str) -> usize {
    let told = server.ask(&[question]);
    let line = told.lines().find_map(|line| line.strip_prefix(name)).expect("the server tells it");
    line.trim().parse().expect("a number")
}

#[tokio::test]
async fn the_server_keeps_a_session_longer_when_its_deadline_moves() {
    let Some(server) = rig::redis(&[]) else { return };
    let store = connect(&server.url()).await;
    let used = record_by(&subject("alice"));
    create(&store, &used).await;
    let left = || -> Duration {
        let left = server.ask(&["pttl", &keys(&used)[0]]);
        Duration::from_millis(left.parse().expect("a time to live"))
    };
    let mut saved = until(now().plus(5 * HOUR), changed(&used, "{}"));
    update(&store, &used, &saved).await;
    assert!((7 * HOUR..=8 * HOUR).contains(&left()), "{:?}", left());
    let later = now().plus(9 * HOUR);
    let touched = store.touch(&used.realm, &used.id, saved.version, now(), later).await;
    assert_eq!(touched.expect("the store is there"), Outcome::Applied);
    assert!((11 * HOUR..=12 * HOUR).contains(&left()), "{:?}", left());
    // Within its hour it stays, and so does the deadline of the record.
    saved.expires_at = later;
    let again = changed(&saved, r#"{"theme":"dark"}"#);
    update(&store, &saved, &again).await;
    assert!((11 * HOUR..=12 * HOUR).contains(&left()), "{:?}", left());
    assert_eq!(load(&store, &used).await.expect("it is there").expires_at, later);
}

#[tokio::test]
async fn everything_of_a_session_has_an_end_at_the_server() {
    let Some(server) = rig::redis(&[]) else { return };
    let store = connect(&server.url()).await;
    let lasting = record_by(&subject("alice"));
    let event = event_of(&lasting, EventKind::Created, "made");
    assert_eq!(store.save(&lasting, Expected::Absent, &[event]).await.expect("the store"), Outcome::Applied);
    let next = ended(&lasting);
    let over = until(now().minus(1000 * HOUR), record());
    create(&store, &over).await;
    for key in keys(&lasting) {
        let left = server.ask(&["pttl", &key]);
        let left = Duration::from_millis(left.parse().expect("a time to live"));
        assert!((3 * HOUR..=4 * HOUR).contains(&left), "{key} has {left:?}");
    }
    // What the server's clock thinks long over is kept all the same: clocks differ, and a store never judges time.
    assert_eq!(load(&store, &over).await, Some(over.clone()));
    let left: u64 = server.ask(&["pttl", &keys(&over)[0]]).parse().expect("time");
    assert!(left > 60 * 60 * 1000, "only {left} ms");
    // A tombstone is kept for its own time.
    update(&store, &lasting, &next).await;
    for key in keys(&lasting) {
        let left = server.ask(&["pttl", &key]);
        assert!(Duration::from_millis(left.parse().expect("time")) > 24 * HOUR, "{key} has {left}");
    }
}

#[tokio::test]
async fn events_of_a_session_and_of_a_realm_are_bounded() {
    let Some(server) = rig::redis(&[]) else { return };
    let options = hallpass_redis::RedisOptions::from_url(&server.url()).expect("a URL");
    let store = RedisStore::connect(options.events_per_session(5).events_per_realm(100)).await.expect("the server");
    let mut present = record();
    create(&store, &present).await;
    for number in 0..20 {
        let next = changed(&present, "{}");
        let event = event_of(&next, EventKind::Renewed, &number.to_string());
        let outcome = store.save(&next, Expected::Version(present.version), &[event]).await;
        assert_eq!(outcome.expect("the store is there"), Outcome::Applied);
        present = next;
    }
    let of_session = store.events(&EventQuery::of_session(Realm::default(), present.id)).await.expect("the store");
    let of_realm = store.events(&EventQuery::default()).await.expect("the store is there");
    let notes: Vec<_> = of_session.items.iter().map(|event| event.note.clone().expect("a note").to_string()).collect();
    assert_eq!(notes, ["15", "16", "17", "18", "19"]);
    assert_eq!(of_realm.items, of_session.items, "a pointer to what is not kept leads nowhere");
    for _ in 0..600 {
        let record = record();
        let event = event_of(&record, EventKind::Created, "made");
        assert_eq!(store.save(&record, Expected::Absent, &[event]).await.expect("the store"), Outcome::Applied);
    }
    // The server trims in whole blocks of its own.
    let length: usize = server.ask(&["xlen", "hallpass:stream:{default}"]).parse().expect("a number");
    assert!(length < 300, "the stream grows: {length}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_sessions_of_one_subject_are_listed_in_pages_and_ended() {
    let Some(server) = rig::redis(&[]) else { return };
    let store = connect(&server.url()).await;
    let alice = subject("alice");
    let makers = (0..16).map(|_| {
        let (store, alice) = (store.clone(), alice.clone());
        tokio::spawn(async move {
            for _ in 0..625 {
                create(&store, &record_by(&alice)).await;
            }
        })
    });
    for maker in makers.collect::<Vec<_>>() {
        maker.await.expect("no panic");
    }
    let mut query = all_of(&alice);
    query.ended = Some(false);
    let mut count = 0;
    loop {
        let page = store.list(&query).await.expect("the store is there");
        for record in &page.items {
            update(&store, record, &ended(record)).await;
        }
        count += page.items.len();
        query.after = page.next;
        if query.after.is_none() {
            break;
        }
    }
    assert_eq!(count, 10_000);
    query.after = None;
    assert_eq!(ids(&store, &query).await, []);
}

#[tokio::test]
async fn a_load_is_one_question_and_so_is_a_save() {
    let Some(server) = rig::redis(&[]) else { return };
    let store = connect(&server.url()).await;
    let record = record_by(&subject("alice"));
    create(&store, &record).await;
    // The server meets the script for changes.
    let mut present = changed(&record, "{}");
    update(&store, &record, &present).await;
    let asked = |name: &str| {
        let told = server.ask(&["info", "commandstats"]);
        let line =
            told.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{name}:calls="))).map(str::to_owned);
        line.and_then(|line| line.split(',').next()?.parse::<u64>().ok()).unwrap_or_default()
    };
    let (gets, scripts) = (asked("get"), asked("evalsha") + asked("eval"));
    let before = number(&server, "info", "total_commands_processed:");
    for _ in 0..10 {
        load(&store, &record).await.expect("it is there");
    }
    assert_eq!(asked("get") - gets, 10);
    for _ in 0..10 {
        let next = changed(&present, "{}");
        update(&store, &present, &next).await;
        present = next;
    }
    assert_eq!(asked("evalsha") + asked("eval") - scripts, 10);
    let processed = number(&server, "info", "total_commands_processed:") - before;
    // Each script runs a handful of commands within the server; questions on the wire are twenty, and those of this test.
    assert!(processed < 120, "{processed} commands for ten loads and ten saves");
    assert_eq!(asked("keys"), 0, "nothing asks for all keys at once");
}

#[tokio::test]
async fn a_change_that_has_to_be_filed_anew_is_found_there_at_once() {
    let Some(server) = rig::redis(&[]) else { return };
    let store = connect(&server.url()).await;
    let nobodys = until(now().plus(10 * HOUR), record());
    create(&store, &nobodys).await;
    // Without events, as a change that stays where it is would be: another subject, and then an earlier deadline.
    let mut hers = changed(&nobodys, "{}");
    hers.subject = Some(subject("alice"));
    update(&store, &nobodys, &hers).await;
    assert_eq!(ids(&store, &all_of(&subject("alice"))).await, [hers.id]);
    let sooner = until(now().plus(HOUR), changed(&hers, "{}"));
    update(&store, &hers, &sooner).await;
    let limit = hallpass::PageLimit::default();
    let over = store.overdue(now().plus(2 * HOUR), limit).await.expect("the store is there");
    assert_eq!(over.iter().map(|record| record.id).collect::<Vec<_>>(), [sooner.id]);
    // Whoever comes with the version before finds a conflict.
    let late = store.save(&changed(&nobodys, "{}"), Expected::Version(nobodys.version), &[]).await;
    assert_eq!(late.expect("the store is there"), Outcome::Conflict);
}
