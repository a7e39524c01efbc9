//! Bad days: what is acknowledged stays, what is not is said, and nothing empty takes its place.

use std::time::{Duration, Instant};

use hallpass::{EventKind, Expected, Outcome, Record, Store, Version};
use rig::Proxy;

use super::skew::assert_a_wrong_clock_ends_nobody;
use super::support::{assert_unavailable, bytes, changed, create, ended, event_of, load, open, place, record};
use crate::server::{BALLAST, Client, FAST, SMALL, SMALL_DISK, Server, table};

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

#[tokio::test]
async fn a_node_whose_clock_is_90_seconds_wrong_ends_nobodys_session() {
    let Some((store, server, database)) = place().await else { return };
    assert_a_wrong_clock_ends_nobody(store, open(&server.url(&database)).await).await;
}

/// Until its operator makes room, a server whose disk is full keeps what it has.
#[tokio::test]
async fn a_full_disk_refuses_new_sessions_and_keeps_the_old() {
    let Some(server) = Server::own_on_a_small_disk(SMALL_DISK, SMALL) else { return };
    let database = server.database();
    let store = open(&server.url(&database)).await;
    server.run(&database, BALLAST);
    let noise: Vec<String> = (0..10_000).map(|_| format!("{:016x}", rand::random::<u64>())).collect();
    let noise = format!("\"{}\"", noise.concat());
    let mut kept = Vec::new();
    let (refused, error) = loop {
        let mut new = record();
        new.data = noise.clone().into();
        match store.save(&new, Expected::Absent, &[]).await {
            Ok(outcome) => {
                assert_eq!(outcome, Outcome::Applied);
                kept.push(new);
            }
            Err(error) => break (new, error),
        }
        assert!(kept.len() < 2000, "the disk never got full");
    };
    assert!(error.is_unavailable() && error.to_string().contains("free space"), "{error}");
    assert!(!kept.is_empty());
    assert_eq!(load_patiently(&store, &refused).await, None);
    for known in &kept {
        assert_eq!(load_patiently(&store, known).await.as_ref(), Some(known));
    }
    // A logout needs little room; where there is none, it says so and has not happened.
    let over = ended(&kept[0]);
    let outcome = store.save(&over, Expected::Version(kept[0].version), &[]).await;
    let found = load_patiently(&store, &kept[0]).await;
    match &outcome {
        Ok(_) => assert_eq!(found, Some(over)),
        Err(error) if error.to_string().contains("may still happen") => {}
        Err(_) => assert_eq!(found.as_ref(), Some(&kept[0]), "{outcome:?}"),
    }

    server.run(&database, "DROP TABLE ballast");
    let back = Instant::now();
    while let Err(error) = store.save(&refused, Expected::Absent, &[]).await {
        assert!(error.is_unavailable() && back.elapsed() < Duration::from_secs(10), "{error}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(load(&store, &refused).await, Some(refused));
}

/// A server whose disk is full may be slow: it is unavailable then, and answers nothing wrong.
async fn load_patiently(store: &impl Store, record: &Record) -> Option<Record> {
    let began = Instant::now();
    loop {
        match store.load(&record.realm, &record.id).await {
            Ok(found) => return found,
            Err(error) => assert!(error.is_unavailable() && began.elapsed() < Duration::from_mins(1), "{error}"),
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
