//! News of what changes elsewhere.

use std::pin::Pin;
use std::time::Duration;

use hallpass::{Change, ChangeStream, EventKind, Expected, Outcome, Record, Store, StoreError};
use rig::Proxy;

use super::support::{changed, create, ended, event_of, load, open, place, record};
use crate::server::{FAST, Server, SqlStore};

async fn next(stream: &mut ChangeStream) -> Option<Change> {
    let next = std::future::poll_fn(|context| futures_core::Stream::poll_next(Pin::as_mut(stream), context));
    tokio::time::timeout(Duration::from_secs(10), next).await.expect("news within ten seconds")
}

/// Takes in news until it is of this record; answers whether there was a hole before.
async fn until(stream: &mut ChangeStream, record: &Record) -> bool {
    let mut hole = false;
    loop {
        match next(stream).await.expect("the news do not end") {
            Change::Hole => hole = true,
            Change::Session { id, .. } if id == record.id => return hole,
            Change::Session { .. } => {}
        }
    }
}

/// Saves a record of its own, and then a change of it, which is told.
async fn change(store: &SqlStore) -> Record {
    let record = record();
    create(store, &record).await;
    update(store, &record, "[1]").await
}

async fn update(store: &SqlStore, before: &Record, data: &str) -> Record {
    let next = changed(before, data);
    let saved = store.save(&next, Expected::Version(before.version), &[]).await.expect("the store is there");
    assert_eq!(saved, Outcome::Applied);
    next
}

#[tokio::test]
async fn changes_and_ends_are_told_and_creations_touches_and_conflicts_are_not() {
    let Some((store, server, database)) = place().await else { return };
    let elsewhere = open(&server.url(&database)).await;
    let mut news = elsewhere.changes().expect("it has news");
    assert_eq!(next(&mut news).await, Some(Change::Hole), "before it listened, anything may have happened");
    let living = record();
    create(&store, &living).await;
    let _ = store.touch(&living.realm, &living.id, living.version, living.seen_at, living.expires_at).await;
    let stale = changed(&changed(&living, "[1]"), "[2]");
    let saved = store.save(&stale, Expected::Version(changed(&living, "[1]").version), &[]).await;
    assert_eq!(saved.expect("the store is there"), Outcome::Conflict);
    let mark = change(&store).await;
    assert_eq!(next(&mut news).await, Some(Change::Session { realm: mark.realm.clone(), id: mark.id }));
    let quiet = update(&store, &living, "[1]").await;
    assert!(!until(&mut news, &living).await);
    let next_one = changed(&quiet, "[2]");
    let event = event_of(&living, EventKind::Authenticated, "a step up");
    let _ = store.save(&next_one, Expected::Version(quiet.version), &[event]).await.expect("the store is there");
    assert!(!until(&mut news, &living).await);
    let _ = store.save(&ended(&next_one), Expected::Version(next_one.version), &[]).await.expect("the store is there");
    assert!(!until(&mut news, &living).await);
    let never = ended(&record());
    create(&store, &never).await;
    assert!(!until(&mut news, &never).await, "the end of what was never stored is an end");
    drop(elsewhere);
    assert_eq!(next(&mut news).await, None, "the news end with their store");
}

#[tokio::test]
async fn a_save_whose_answer_is_lost_is_told_if_it_happened() {
    let Some((direct, server, database)) = place().await else { return };
    let mut news = direct.changes().expect("it has news");
    assert_eq!(next(&mut news).await, Some(Change::Hole));
    let wire = Proxy::to(server.port());
    let store = open(&format!("{}?connections=1", wire.url(&server.url(&database)))).await;
    let mut happened = 0;
    for bytes in (0..480).step_by(12) {
        let before = record();
        create(&direct, &before).await;
        // So that there is a connection, which knows the statement.
        while store.load(&before.realm, &before.id).await.is_err() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        change(&store).await;
        let after = changed(&before, "[1]");
        wire.cut_after(bytes);
        let saved = store.save(&after, Expected::Version(before.version), &[]).await;
        wire.mend();
        assert!(saved.is_ok() || saved.as_ref().is_err_and(StoreError::is_unavailable));
        if load(&direct, &before).await == Some(after) {
            happened += 1;
            assert!(!until(&mut news, &before).await);
        }
    }
    assert!(happened > 0, "a wire that is cut in the answer leaves what was asked for");
}

#[tokio::test]
async fn many_changes_at_once_are_all_told() {
    let Some((store, server, database)) = place().await else { return };
    let elsewhere = open(&server.url(&database)).await;
    let mut news = elsewhere.changes().expect("it has news");
    assert_eq!(next(&mut news).await, Some(Change::Hole));
    let writes: Vec<_> = (0..300)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move { change(&store).await })
        })
        .collect();
    let mut missing = std::collections::HashSet::new();
    for write in writes {
        missing.insert(write.await.expect("no panic").id);
    }
    while !missing.is_empty() {
        match next(&mut news).await {
            Some(Change::Session { id, .. }) => assert!(missing.remove(&id), "each is told once"),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_feed_that_was_cut_says_so_and_goes_on() {
    let Some((store, server, database)) = place().await else { return };
    let wire = Proxy::to(server.port());
    let elsewhere = open(&wire.url(&server.url(&database))).await;
    let mut news = elsewhere.changes().expect("it has news");
    assert_eq!(next(&mut news).await, Some(Change::Hole));
    wire.refuse();
    assert_eq!(next(&mut news).await, Some(Change::Hole), "it is told at once");
    change(&store).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    wire.mend();
    assert_eq!(next(&mut news).await, Some(Change::Hole), "and again when the server is heard again");
    let heard = change(&store).await;
    assert!(!until(&mut news, &heard).await);
}

/// A frozen server closes nothing: only asking shows that it is away.
#[tokio::test]
async fn a_feed_of_a_frozen_server_says_so() {
    let Some(server) = Server::own(FAST) else { return };
    let store = open(&format!("{}?timeout=1", server.url(&server.database()))).await;
    let mut news = store.changes().expect("it has news");
    assert_eq!(next(&mut news).await, Some(Change::Hole));
    server.freeze();
    assert_eq!(next(&mut news).await, Some(Change::Hole));
    server.thaw();
    assert_eq!(next(&mut news).await, Some(Change::Hole));
}
