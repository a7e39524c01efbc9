//! Bad days: what is acknowledged stays, what is not is said, and nothing empty takes its place.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use hallpass::{EventKind, Expected, Outcome, Record, SessionId, Store, Version};
use rig::Proxy;

use super::support::{assert_unavailable, bytes, changed, create, ended, event_of, load, open, place, record};
use crate::server::{Client, FAST, Server, SqlStore, table};

/// What one client knows of its sessions: the last version that was acknowledged, and the one whose fate is not known.
#[derive(Default)]
struct Known {
    acked: HashMap<SessionId, Record>,
    unsure: HashMap<SessionId, Record>,
    failures: usize,
}

/// Makes, changes and ends sessions until it is told to stop, through outages.
async fn work(store: SqlStore, stop: Arc<AtomicBool>) -> Known {
    let mut known = Known::default();
    while !stop.load(Ordering::SeqCst) {
        let new = record();
        let steps = [(new.clone(), None), (changed(&new, "[1]"), Some(new.version))];
        let end = ended(&steps[1].0);
        let end = (end, Some(steps[1].0.version));
        for (next, before) in steps.into_iter().chain([end]) {
            let expected = before.map_or(Expected::Absent, Expected::Version);
            match store.save(&next, expected, &[]).await {
                Ok(outcome) => {
                    assert_eq!(outcome, Outcome::Applied, "nobody else writes this session");
                    known.acked.insert(next.id, next);
                }
                Err(error) => {
                    assert!(error.is_unavailable(), "{error}");
                    known.unsure.insert(next.id, next);
                    known.failures += 1;
                    tokio::time::sleep(Duration::from_millis(20)).await;
                    break;
                }
            }
        }
    }
    known
}

async fn assert_kept(store: &SqlStore, known: &Known) {
    let versions = |record: &Record| record.version;
    for (id, acked) in &known.acked {
        let found = load(store, acked).await;
        let unsure = known.unsure.get(id);
        assert!(
            found.as_ref() == Some(acked) || found.as_ref() == unsure,
            "{:?} is not {:?} or {:?}",
            found.as_ref().map(versions),
            acked.version,
            unsure.map(versions)
        );
    }
    for (id, unsure) in known.unsure.iter().filter(|(id, _)| !known.acked.contains_key(id)) {
        let found = load(store, unsure).await;
        assert!(found.is_none() || found.as_ref() == Some(unsure), "{id} is half there");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_killed_in_mid_load_loses_nothing_acknowledged_and_is_back_in_two_seconds() {
    let Some(server) = Server::own(&[]) else { return };
    let store = open(&server.url(&server.database())).await;
    let stop = Arc::new(AtomicBool::new(false));
    let clients: Vec<_> = (0..8).map(|_| tokio::spawn(work(store.clone(), Arc::clone(&stop)))).collect();
    let server = Arc::new(server);
    for _ in 0..3 {
        tokio::time::sleep(Duration::from_millis(700)).await;
        let restarted = Arc::clone(&server);
        let restart = move || {
            restarted.stop();
            std::thread::sleep(Duration::from_millis(200));
            restarted.start();
        };
        tokio::task::spawn_blocking(restart).await.expect("the server starts again");
        let back = Instant::now();
        let probe = record();
        while store.load(&probe.realm, &probe.id).await.is_err() {
            assert!(back.elapsed() < Duration::from_secs(2), "the server is back, and the store is not");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
    tokio::time::sleep(Duration::from_millis(300)).await;
    stop.store(true, Ordering::SeqCst);
    let mut acked = 0;
    let mut failures = 0;
    for client in clients {
        let known = client.await.expect("no client panics");
        assert_kept(&store, &known).await;
        acked += known.acked.len();
        failures += known.failures;
    }
    assert!(acked > 20 && failures > 0, "{acked} were acknowledged, {failures} failed");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_server_is_an_outage_that_ends_in_time_and_no_logout() {
    let Some(server) = Server::own(FAST) else { return };
    let store = open(&format!("{}?timeout=1", server.url(&server.database()))).await;
    let known = record();
    create(&store, &known).await;
    server.freeze();
    let asked = Instant::now();
    let calls: Vec<_> = (0..40)
        .map(|number| {
            let (store, known) = (store.clone(), known.clone());
            tokio::spawn(async move {
                if number % 2 == 0 {
                    assert_unavailable(store.load(&known.realm, &known.id).await);
                } else {
                    assert_unavailable(store.save(&record(), Expected::Absent, &[]).await);
                }
            })
        })
        .collect();
    for call in calls {
        call.await.expect("it fails as unavailable");
    }
    assert!(asked.elapsed() < Duration::from_secs(4), "{:?}", asked.elapsed());
    server.thaw();
    let back = Instant::now();
    loop {
        match store.load(&known.realm, &known.id).await {
            Ok(found) => break assert_eq!(found, Some(known)),
            Err(_) => assert!(back.elapsed() < Duration::from_secs(2), "it is not back"),
        }
    }
}

#[tokio::test]
async fn a_wire_cut_in_the_middle_of_an_answer_leaves_each_write_whole_or_undone() {
    let Some((direct, server, database)) = place().await else { return };
    let wire = Proxy::to(server.port());
    let url = format!("{}?connections=1", wire.url(&server.url(&database)));
    let store = open(&url).await;
    let warm = record();
    create(&store, &warm).await;
    for bytes in 0..40 {
        let new = record();
        wire.cut_after(bytes);
        let outcome = store.save(&new, Expected::Absent, &[]).await;
        wire.mend();
        let found = load(&direct, &new).await;
        match outcome {
            Ok(outcome) => assert_eq!((outcome, found), (Outcome::Applied, Some(new))),
            Err(error) => {
                assert!(error.is_unavailable(), "{error}");
                assert!(found.is_none() || found == Some(new));
            }
        }
        while store.load(&warm.realm, &warm.id).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        // A question is asked again on another connection.
        wire.cut_after(bytes);
        assert_eq!(load(&store, &warm).await.as_ref(), Some(&warm), "cut after {bytes}");
        wire.mend();
    }
}

#[tokio::test]
async fn a_row_that_another_transaction_holds_is_an_outage_of_that_row_alone() {
    let Some((_, server, database)) = place().await else { return };
    let store = open(&format!("{}?timeout=1", server.url(&database))).await;
    let (held, free) = (record(), record());
    create(&store, &held).await;
    create(&store, &free).await;
    let mut client = Client::connect(&server.url(&database)).await;
    client.run("BEGIN").await;
    let (sessions, id) = (table("sessions"), bytes(held.id.as_bytes()));
    client.run(&format!("SELECT 1 FROM {sessions} WHERE realm = 'default' AND id = {id} FOR UPDATE")).await;
    let message = assert_unavailable(store.save(&changed(&held, "[]"), Expected::Version(held.version), &[]).await);
    assert!(message.contains("another transaction holds the row"), "{message}");
    let event = event_of(&held, EventKind::Renewed, "held up");
    let saved = store.save(&changed(&held, "[]"), Expected::Version(held.version), &[event]).await;
    let message = assert_unavailable(saved);
    assert!(message.contains("another transaction holds the row"), "{message}");
    let saved = store.save(&changed(&free, "[]"), Expected::Version(free.version), &[]).await;
    assert_eq!(saved.expect("nobody holds this one"), Outcome::Applied);
    // A sweep passes what is held.
    let later = held.expires_at.plus(Duration::from_hours(48));
    let swept = store.sweep(later, std::num::NonZeroUsize::new(10).expect("not zero")).await;
    assert_eq!(swept.expect("it waits for nobody"), 1);
    client.run("COMMIT").await;
    assert_eq!(load(&store, &held).await, Some(held));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_writers_on_two_nodes_lose_no_update() {
    let Some((store, server, database)) = place().await else { return };
    let other = open(&server.url(&database)).await;
    let counter = record();
    create(&store, &counter).await;
    let writers: Vec<_> = (0..50)
        .map(|number| {
            let (store, counter) = (if number % 2 == 0 { store.clone() } else { other.clone() }, counter.clone());
            tokio::spawn(async move {
                loop {
                    let present = load(&store, &counter).await.expect("the counter");
                    let number: u32 = str::from_utf8(&present.data).expect("text").parse().unwrap_or(0);
                    let next = changed(&present, &(number + 1).to_string());
                    let saved = store.save(&next, Expected::Version(present.version), &[]).await;
                    if saved.expect("the store is there") == Outcome::Applied {
                        return;
                    }
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("no writer panics");
    }
    for store in [store, other] {
        let record = load(&store, &counter).await.expect("the counter");
        assert_eq!((record.version, &*record.data), (Version::new(51), &b"50"[..]));
    }
}
