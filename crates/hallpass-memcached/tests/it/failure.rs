//! Bad days of one server: an outage is an error in time, and the service comes back by itself.

use std::time::{Duration, Instant};

use hallpass::{Expected, Outcome, Realm, SessionId, Store};
use rig::Proxy;

use crate::support::{assert_unavailable, back, changed, connect, create, ended, key, load, now, record, update};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_write_without_an_answer_is_unavailable_and_happens_whole_or_not_at_all() {
    let Some(server) = rig::memcached(&[]) else { return };
    let store = connect(&format!("{}?timeout_ms=300", server.url())).await;
    let mut late = 0;
    for _ in 0..30 {
        let mut writers = tokio::task::JoinSet::new();
        for _ in 0..32 {
            let store = store.clone();
            writers.spawn(async move {
                loop {
                    let new = record();
                    match store.save(&new, Expected::Absent, &[]).await {
                        Ok(outcome) => assert_eq!(outcome, Outcome::Applied),
                        Err(error) => break (new, error),
                    }
                }
            });
        }
        tokio::time::sleep(Duration::from_millis(30)).await;
        server.freeze();
        // What was on its way may arrive, and nobody knows what becomes of it.
        let unknown = writers.join_all().await;
        server.thaw();
        back(&store, &unknown[0].0).await;
        tokio::time::sleep(Duration::from_millis(50)).await;
        for (new, error) in unknown {
            assert!(error.is_unavailable(), "{error}");
            let again = store.save(&new, Expected::Absent, &[]).await.expect("the store is there");
            late += usize::from(again == Outcome::Conflict);
            assert_eq!(load(&store, &new).await, Some(new), "asking again settles it");
        }
        if late > 0 {
            return;
        }
    }
    panic!("no write arrived after all: this test shows nothing");
}

#[tokio::test]
async fn a_connection_that_was_closed_meanwhile_costs_no_write() {
    let Some(server) = rig::memcached(&[]) else { return };
    let proxy = Proxy::to(server.port());
    let store = connect(&format!("memcached://127.0.0.1:{}", proxy.port())).await;
    let mut present = record();
    create(&store, &present).await;
    for _ in 0..5 {
        proxy.cut();
        tokio::time::sleep(Duration::from_millis(100)).await;
        let next = changed(&present, "{}");
        update(&store, &present, &next).await;
        present = next;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_restarts_is_found_again_and_its_sessions_are_unknown() {
    let Some(mut server) = rig::memcached(&[]) else { return };
    let store = connect(&server.url()).await;
    let (living, before) = (record(), record());
    create(&store, &living).await;
    create(&store, &before).await;
    let tombstone = ended(&before);
    update(&store, &before, &tombstone).await;
    server.kill();
    let start = Instant::now();
    assert_unavailable(store.load(&living.realm, &living.id).await, &server.port().to_string());
    let next = changed(&living, "{}");
    assert_unavailable(store.save(&next, Expected::Version(living.version), &[]).await, "Memcached at");
    assert_unavailable(store.touch(&living.realm, &living.id, living.version, now(), now()).await, "Memcached at");
    assert_unavailable(store.epoch(&Realm::default(), &crate::support::subject("a"), true).await, "Memcached at");
    assert!(start.elapsed() < Duration::from_secs(1), "a server that is away is told at once");
    server.start();
    let late = back(&store, &living).await;
    assert!(late < Duration::from_secs(2), "back only {late:?} after the server");
    for (record, late) in [(&living, next), (&before, changed(&before, "{}"))] {
        assert_eq!(load(&store, record).await, None);
        let outcome = store.save(&late, Expected::Version(record.version), &[]).await.expect("the store is there");
        assert_eq!(outcome, Outcome::Conflict, "what the server lost is not made again by a save in flight");
        assert_eq!(load(&store, record).await, None);
    }
    let new = record();
    create(&store, &new).await;
}

#[test]
fn a_store_whose_runtime_has_ended_is_unavailable_and_does_not_hang() {
    let Some(server) = rig::memcached(&[]) else { return };
    let runtime = || tokio::runtime::Runtime::new().expect("the system gives threads");
    let first = runtime();
    let store = first.block_on(connect(&server.url()));
    let record = record();
    first.block_on(create(&store, &record));
    drop(first);
    runtime().block_on(async {
        assert_unavailable(store.load(&record.realm, &record.id).await, "the connections are closed");
        let next = changed(&record, "{}");
        assert_unavailable(store.save(&next, Expected::Version(record.version), &[]).await, "closed");
    });
}

#[tokio::test]
async fn something_else_under_a_records_key_is_corrupt_and_stays() {
    let Some(server) = rig::memcached(&[]) else { return };
    let store = connect(&server.url()).await;
    let record = record();
    let key = key(&record);
    for value in ["nonsense", "\u{1}", "", "\u{1}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"] {
        assert_eq!(server.ask(&format!("ms {key} {}\r\n{value}", value.len())), "HD");
        let error = store.load(&record.realm, &record.id).await.expect_err("no record");
        assert!(error.is_corrupt(), "{error}");
        assert!(!error.to_string().contains("nonsense"), "what is stored is not shown: {error}");
        let _ = store.save(&record, Expected::Version(record.version), &[]).await;
        let _ = store.save(&record, Expected::Absent, &[]).await;
        let _ = store.touch(&record.realm, &record.id, record.version, now(), now()).await;
        let found = server.ask(&format!("mg {key} v"));
        assert_eq!(found.split_once("\r\n").map_or("", |(_, value)| value), value);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn callers_that_go_away_disturb_nobody_else() {
    let Some(server) = rig::memcached(&[]) else { return };
    let store = connect(&server.url()).await;
    let kept: Vec<_> = (0..20_u32).map(|number| changed(&record(), &number.to_string())).collect();
    for record in &kept {
        create(&store, record).await;
    }
    let mut asking = tokio::task::JoinSet::new();
    for round in 0..2000_usize {
        let (store, record) = (store.clone(), kept[round % kept.len()].clone());
        asking.spawn(async move {
            let load = store.load(&record.realm, &record.id);
            // Some give up before, some while, and some after they are answered.
            let patience = Duration::from_micros(u64::try_from(round % 40).expect("small") * 20);
            if let Ok(found) = tokio::time::timeout(patience, load).await {
                assert_eq!(found.expect("the store is there"), Some(record), "the answer to another question");
            }
        });
    }
    let (mut done, unknown) = (0, SessionId::random());
    while let Some(task) = asking.join_next().await {
        task.expect("nobody gets what is not theirs");
        done += 1;
    }
    assert_eq!(done, 2000);
    assert_eq!(store.load(&Realm::default(), &unknown).await.expect("the store is there"), None);
}
