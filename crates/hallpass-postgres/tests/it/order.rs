//! Events come in the order in which they became visible, and plans take the index that they should.

use std::time::{Duration, Instant};

use hallpass_postgres::PostgresStore;

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
    // It was taken in later and committed earlier: who reads on now must not pass the one that is to come.
    let started = Instant::now();
    assert_eq!(after(&store, Some(first)).await, []);
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    client.run("COMMIT").await;
    assert_eq!(after(&store, Some(first)).await, [LATE, early]);
    // By the number alone the reader would have been past it.
    let numbers = server.run(&database, "SELECT string_agg(seq::text, ' ' ORDER BY xid, seq) FROM hallpass.events");
    assert_eq!(numbers, "1 2 3");
    assert_eq!(after(&store, Some(LATE)).await, [early]);
}

#[tokio::test]
async fn an_event_that_was_acknowledged_is_waited_for() {
    let Some((store, server, database)) = place().await else { return };
    let mut client = Client::connect(&server.url(&database)).await;
    tell_late(&mut client).await;
    let early = tell(&store).await;
    let reading = tokio::spawn({
        let store = store.clone();
        async move { after(&store, None).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    client.run("ROLLBACK").await;
    assert_eq!(reading.await.expect("no panic"), [early]);
}

#[tokio::test]
async fn events_that_were_restored_from_another_server_keep_their_order() {
    let Some((store, server, database)) = place().await else { return };
    let mut wanted = Vec::new();
    for _ in 0..5 {
        wanted.push(tell(&store).await);
    }
    drop(store);
    server.run(&database, "UPDATE hallpass.events SET xid = (1000000000 + seq)::text::xid8");
    let store = PostgresStore::from_url(&server.url(&database)).await.expect("the same store");
    wanted.push(tell(&store).await);
    assert_eq!(after(&store, None).await, wanted);
    assert_eq!(after(&store, Some(wanted[2])).await, wanted[3..]);
}
