//! Thousands of interleavings: nothing that ended comes back, and nothing that was acknowledged is lost.

use std::sync::Arc;
use std::time::Duration;

use hallpass::{Expected, Outcome, Query, Realm, Store};
use tokio::sync::Barrier;

use crate::records::{HOUR, changed, create, ended, load, now, record, record_by, subject};
use crate::support::{ROUNDS, connect, start};

/// In each round a save, a touch, a renewal, a creation and a fill of a cache race an end, through two services.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nothing_in_flight_brings_an_ended_session_back() {
    let Some(server) = start() else { return };
    let stores = [connect(&server.url()).await, connect(&server.url()).await];
    let alice = subject("alice");
    let mut ends_first = 0;
    for round in 0..ROUNDS {
        let before = record_by(&alice);
        create(&stores[0], &before).await;
        let together = Arc::new(Barrier::new(5));
        let racer = |index: usize| (stores[index % 2].clone(), Arc::clone(&together), before.clone());

        let (store, wait, record) = racer(round);
        let ending = tokio::spawn(async move {
            wait.wait().await;
            loop {
                let present = load(&store, &record).await.expect("it is there");
                let tombstone = ended(&present);
                let outcome = store.save(&tombstone, Expected::Version(present.version), &[]).await;
                if outcome.expect("the store is there") == Outcome::Applied {
                    return tombstone;
                }
            }
        });
        let (store, wait, record) = racer(round + 1);
        let saving = tokio::spawn(async move {
            wait.wait().await;
            let next = changed(&record, r#"{"late":true}"#);
            store.save(&next, Expected::Version(record.version), &[]).await.expect("the store is there")
        });
        let (store, wait, record) = racer(round);
        let touching = tokio::spawn(async move {
            wait.wait().await;
            let later = now().plus(2 * HOUR);
            store.touch(&record.realm, &record.id, record.version, later, later).await.expect("the store is there")
        });
        let (store, wait, record) = racer(round + 1);
        let creating = tokio::spawn(async move {
            wait.wait().await;
            store.save(&record, Expected::Absent, &[]).await.expect("the store is there")
        });
        together.wait().await;
        let tombstone = ending.await.expect("no panic");
        // From here on it has ended, whoever is still at it.
        let mut tombstone = tombstone;
        let found = load(&stores[1], &before).await.expect("a tombstone stays");
        // A touch that came before the end is kept, as the last use.
        tombstone.seen_at = tombstone.seen_at.max(found.seen_at);
        assert_eq!(found, tombstone);
        let (saved, _) = (saving.await.expect("no panic"), touching.await.expect("no panic"));
        assert_eq!(creating.await.expect("no panic"), Outcome::Conflict);
        assert_eq!(load(&stores[0], &before).await, Some(tombstone), "round {round}: it came back");
        ends_first += usize::from(saved == Outcome::Conflict);
    }
    assert!((1..ROUNDS).contains(&ends_first), "both orders are met: {ends_first}");
    let mut living = Query::of_subject(Realm::default(), alice);
    living.ended = Some(false);
    let listed = stores[0].list(&living).await;
    if stores[0].capabilities().list {
        assert_eq!(listed.expect("the store is there").items, []);
    } else {
        assert!(listed.expect_err("it cannot list").is_unsupported());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn fifty_writers_on_two_services_lose_nothing() {
    let Some(server) = start() else { return };
    let stores = [connect(&server.url()).await, connect(&server.url()).await];
    let record = changed(&record(), "0");
    create(&stores[0], &record).await;
    let writers = (0..50).map(|index: usize| {
        let (store, record) = (stores[index % 2].clone(), record.clone());
        tokio::spawn(async move {
            for _ in 0..ROUNDS / 300 {
                loop {
                    let present = load(&store, &record).await.expect("it is there");
                    let count: u64 = str::from_utf8(&present.data).expect("text").parse().expect("a number");
                    let next = changed(&present, &(count + 1).to_string());
                    let outcome = store.save(&next, Expected::Version(present.version), &[]).await;
                    if outcome.expect("the store is there") == Outcome::Applied {
                        break;
                    }
                }
            }
        })
    });
    for writer in writers.collect::<Vec<_>>() {
        writer.await.expect("no panic");
    }
    let last = load(&stores[1], &record).await.expect("it is there");
    let done = u64::try_from(50 * (ROUNDS / 300)).expect("small");
    assert_eq!(last.data, done.to_string().as_bytes());
    assert_eq!(last.version.number(), record.version.number() + done);
}

/// Half of the tasks touch, and a save must neither fail for that nor undo it.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn saves_and_touches_at_once_keep_the_latest_of_both() {
    let Some(server) = start() else { return };
    let stores = [connect(&server.url()).await, connect(&server.url()).await];
    for round in 0..ROUNDS / 10 {
        let before = record();
        create(&stores[0], &before).await;
        let touches = (1..=8_u64).map(|minutes| {
            let (store, before) = (stores[usize::from(minutes % 2 == 0)].clone(), before.clone());
            tokio::spawn(async move {
                let at = before.seen_at.plus(Duration::from_mins(minutes));
                store.touch(&before.realm, &before.id, before.version, at, at.plus(2 * HOUR)).await
            })
        });
        let touches: Vec<_> = touches.collect();
        let after = changed(&before, &round.to_string());
        let saved = stores[1].save(&after, Expected::Version(before.version), &[]).await;
        assert_eq!(saved.expect("the store is there"), Outcome::Applied, "a touch is no other version");
        let mut latest = before.seen_at;
        for (minutes, touch) in (1..).zip(touches) {
            if touch.await.expect("no panic").expect("the store is there") == Outcome::Applied {
                latest = before.seen_at.plus(Duration::from_mins(minutes));
            }
        }
        let found = load(&stores[0], &before).await.expect("it is there");
        assert_eq!((&found.data, found.seen_at), (&after.data, latest), "round {round}");
    }
}
