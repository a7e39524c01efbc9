//! Events come in the order in which they became visible, and plans take the index that they should.

use std::time::{Duration, Instant};

use hallpass::EventId;
use hallpass_mysql::MysqlStore;

use crate::server::Client;
use crate::servers::support::{LATE, after, place, tell, tell_late};

#[tokio::test]
async fn an_event_whose_transaction_commits_late_is_not_missed() {
    let Some((store, server, database)) = place().await else { return };
    let mut client = Client::connect(&server.url(&database)).await;
    let first = tell(&store).await;
    assert_eq!(after(&store, None).await, [first]);
    tell_late(&mut client).await;
    let early = tell(&store).await;
    // It was taken in later and committed earlier, and is told at once: the other becomes visible after it.
    let started = Instant::now();
    assert_eq!(after(&store, Some(first)).await, [early]);
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    client.run("COMMIT").await;
    assert_eq!(after(&store, Some(early)).await, [LATE]);
    assert_eq!(after(&store, None).await, [first, early, LATE]);
    // By the number of intake the reader would have been past it.
    let intake = server.run(&database, "SELECT GROUP_CONCAT(intake ORDER BY seq SEPARATOR ' ') FROM hallpass_events");
    assert_eq!(intake, "1 3 2");
}

#[tokio::test]
async fn an_event_that_was_undone_leaves_no_hole_that_anybody_waits_for() {
    let Some((store, server, database)) = place().await else { return };
    let mut client = Client::connect(&server.url(&database)).await;
    tell_late(&mut client).await;
    let early = tell(&store).await;
    client.run("ROLLBACK").await;
    let next = tell(&store).await;
    assert_eq!(after(&store, None).await, [early, next]);
    assert_eq!(after(&store, Some(early)).await, [next]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn readers_at_once_agree_on_one_order_and_miss_nothing() {
    let Some((store, server, database)) = place().await else { return };
    let other = MysqlStore::from_url(&server.url(&database)).await.expect("the same store");
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let store = store.clone();
            tokio::spawn(async move {
                for _ in 0..25 {
                    tell(&store).await;
                }
            })
        })
        .collect();
    let readers: Vec<_> = [store.clone(), other.clone(), store.clone()]
        .into_iter()
        .map(|store| {
            tokio::spawn(async move {
                let mut found: Vec<EventId> = Vec::new();
                while found.len() < 100 {
                    let next = after(&store, found.last().copied()).await;
                    found.extend(next);
                }
                found
            })
        })
        .collect();
    for writer in writers {
        writer.await.expect("no panic");
    }
    let mut orders = Vec::new();
    for reader in readers {
        let read = tokio::time::timeout(Duration::from_mins(1), reader).await;
        orders.push(read.expect("every event is found").expect("no panic"));
    }
    assert_eq!(orders[0], orders[1]);
    assert_eq!(orders[0], orders[2]);
}
