//! News of what changes elsewhere.

use std::pin::Pin;
use std::time::Duration;

use hallpass::{Change, ChangeStream, EventKind, Expected, Record, Store};
use rig::Proxy;

use super::support::{changed, create, ended, event_of, open, place, record};
use crate::server::{FAST, Server};

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

#[tokio::test]
async fn creations_changes_and_ends_are_told_and_touches_are_not() {
    let Some((store, server, database)) = place().await else { return };
    let elsewhere = open(&server.url(&database)).await;
    let mut news = elsewhere.changes().expect("it has news");
    assert_eq!(next(&mut news).await, Some(Change::Hole), "before it listened, anything may have happened");
    let living = record();
    create(&store, &living).await;
    assert!(!until(&mut news, &living).await);
    let _ = store.touch(&living.realm, &living.id, living.version, living.seen_at, living.expires_at).await;
    let mark = record();
    create(&store, &mark).await;
    assert_eq!(next(&mut news).await, Some(Change::Session { realm: mark.realm.clone(), id: mark.id }));
    let next_one = changed(&living, "[1]");
    let event = event_of(&living, EventKind::Rechained, "a new role");
    let _ = store.save(&next_one, Expected::Version(living.version), &[event]).await.expect("the store is there");
    assert!(!until(&mut news, &living).await);
    let _ = store.save(&ended(&next_one), Expected::Version(next_one.version), &[]).await.expect("the store is there");
    assert!(!until(&mut news, &living).await);
    drop(elsewhere);
    assert_eq!(next(&mut news).await, None, "the news end with their store");
}

#[tokio::test]
async fn many_changes_at_once_are_all_told() {
    let Some((store, server, database)) = place().await else { return };
    let elsewhere = open(&server.url(&database)).await;
    let mut news = elsewhere.changes().expect("it has news");
    assert_eq!(next(&mut news).await, Some(Change::Hole));
    let records: Vec<_> = (0..300).map(|_| record()).collect();
    let writes: Vec<_> = records
        .iter()
        .map(|record| {
            let (store, record) = (store.clone(), record.clone());
            tokio::spawn(async move { create(&store, &record).await })
        })
        .collect();
    for write in writes {
        write.await.expect("no panic");
    }
    let mut missing: std::collections::HashSet<_> = records.iter().map(|record| record.id).collect();
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
    let unheard = record();
    create(&store, &unheard).await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    wire.mend();
    assert_eq!(next(&mut news).await, Some(Change::Hole), "and again when the server is heard again");
    let heard = record();
    create(&store, &heard).await;
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
