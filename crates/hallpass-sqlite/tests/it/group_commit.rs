//! Writes that wait at the same moment share one transaction and one sync.

use std::num::NonZeroUsize;

use hallpass::{EventKind, EventQuery, Expected, Outcome, Store};
use hallpass_sqlite::rusqlite::Connection;
use hallpass_sqlite::{SqliteOptions, SqliteStore};

use crate::support::{changed, create, event_of, load, place, record};

/// Saves this many new records, each with an event.
async fn create_together(store: &SqliteStore, clients: usize, each: usize) {
    let clients: Vec<_> = (0..clients)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..each {
                    let mut record = record();
                    record.subject = Some(crate::support::subject("user"));
                    let event = event_of(&record, EventKind::Created, "made");
                    let outcome = store.save(&record, Expected::Absent, &[event]).await.expect("the store is there");
                    assert_eq!(outcome, Outcome::Applied);
                }
            })
        })
        .collect();
    for client in clients {
        client.await.expect("no client panics");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn writes_that_wait_together_share_a_sync() {
    let (_folder, path) = place();
    let store = SqliteStore::open(path).expect("a new store");
    create_together(&store, 64, 20).await;
    let counts = store.write_counts();
    assert_eq!(counts.writes, 64 * 20);
    assert!(counts.transactions * 8 < counts.writes, "{counts:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_batch_of_one_makes_each_write_its_own_transaction() {
    let (_folder, path) = place();
    let options = SqliteOptions::new(path).largest_batch(NonZeroUsize::MIN);
    let store = SqliteStore::open(options).expect("a new store");
    create_together(&store, 8, 4).await;
    assert_eq!(store.write_counts().transactions, 32);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_conflict_in_a_batch_leaves_the_others_alone() {
    let (_folder, path) = place();
    let store = SqliteStore::open(path).expect("a new store");
    let taken = record();
    create(&store, &taken).await;
    let others: Vec<_> = (0..40).map(|_| record()).collect();
    let writes = others.iter().chain([&taken]).map(|record| {
        let event = event_of(record, EventKind::Created, "again");
        let (store, record) = (store.clone(), record.clone());
        tokio::spawn(async move { store.save(&record, Expected::Absent, &[event]).await.expect("the store is there") })
    });
    let mut outcomes = Vec::new();
    for write in writes.collect::<Vec<_>>() {
        outcomes.push(write.await.expect("no writer panics"));
    }
    assert_eq!(outcomes.pop(), Some(Outcome::Conflict));
    assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Applied));
    for record in &others {
        assert_eq!(load(&store, record).await.as_ref(), Some(record));
    }
    let told = store.events(&EventQuery::of_session(taken.realm.clone(), taken.id)).await.expect("events");
    assert!(told.items.is_empty(), "a conflict keeps no events");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_that_fails_leaves_nothing_behind_and_the_others_alone() {
    let (_folder, path) = place();
    let store = SqliteStore::open(path.as_path()).expect("a new store");
    let refuse = "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN NEW.note = 'refused'
        BEGIN SELECT RAISE(ABORT, 'no'); END";
    Connection::open(&path).and_then(|file| file.execute_batch(refuse)).expect("a trigger");
    let writes: Vec<_> = (0..64)
        .map(|number| {
            let (store, record) = (store.clone(), record());
            let event = event_of(&record, EventKind::Created, if number % 8 == 0 { "refused" } else { "made" });
            tokio::spawn(async move { (number, store.save(&record, Expected::Absent, &[event]).await, record) })
        })
        .collect();
    for write in writes {
        let (number, result, record) = write.await.expect("no writer panics");
        assert_eq!(result.is_ok(), number % 8 != 0, "{result:?}");
        assert_eq!(load(&store, &record).await.is_some(), result.is_ok());
    }
    assert!(store.write_counts().transactions < 32, "{:?}", store.write_counts());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_fifty_writers_to_one_version_one_wins() {
    let (_folder, path) = place();
    let store = SqliteStore::open(path).expect("a new store");
    let first = record();
    create(&store, &first).await;
    let writes: Vec<_> = (0..50)
        .map(|number| {
            let (store, record, before) = (store.clone(), changed(&first, &format!("[{number}]")), first.version);
            tokio::spawn(async move { store.save(&record, Expected::Version(before), &[]).await.expect("the store") })
        })
        .collect();
    let mut applied = 0;
    for write in writes {
        applied += usize::from(write.await.expect("no writer panics") == Outcome::Applied);
    }
    assert_eq!(applied, 1);
}
