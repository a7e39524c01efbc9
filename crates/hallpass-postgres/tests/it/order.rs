//! Events come in the order in which they became visible, and plans take the index that they should.

use std::time::{Duration, Instant};

use hallpass::{EventId, EventKind, EventQuery, Expected, Store};
use hallpass_postgres::PostgresStore;
use hallpass_postgres::tokio_postgres::{Client, NoTls, connect};

use crate::support::{event_of, place, record};

async fn client(url: &str) -> Client {
    let (client, connection) = connect(url, NoTls).await.expect("a connection");
    tokio::spawn(connection);
    client
}

async fn tell(store: &PostgresStore) -> EventId {
    let record = record();
    let event = event_of(&record, EventKind::Created, "made");
    let _ = store.save(&record, Expected::Absent, std::slice::from_ref(&event)).await.expect("the store is there");
    event.id
}

async fn after(store: &PostgresStore, after: Option<EventId>) -> Vec<EventId> {
    let mut query = EventQuery::default();
    query.after = after;
    let page = store.events(&query).await.expect("the store is there");
    page.items.into_iter().map(|event| event.id).collect()
}

const LATE: EventId = EventId::from_number(u128::MAX / 3);

/// Takes in an event, in a transaction that is still open.
async fn tell_late(client: &Client) {
    let id = LATE.number().to_be_bytes();
    client.batch_execute("BEGIN").await.expect("a transaction");
    let insert = "INSERT INTO hallpass.events (id, at, kind, realm, actor)
        VALUES ($1, now(), 'created', 'default', 'policy')";
    client.execute(insert, &[&&id[..]]).await.expect("an event");
}

#[tokio::test]
async fn an_event_whose_transaction_commits_late_is_not_missed() {
    let Some((store, server, database)) = place().await else { return };
    let client = client(&server.url(&database)).await;
    let first = tell(&store).await;
    assert_eq!(after(&store, None).await, [first]);
    tell_late(&client).await;
    let early = tell(&store).await;
    // It was taken in later and committed earlier: who reads on now must not pass the one that is to come.
    let started = Instant::now();
    assert_eq!(after(&store, Some(first)).await, []);
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    client.batch_execute("COMMIT").await.expect("a commit");
    assert_eq!(after(&store, Some(first)).await, [LATE, early]);
    // By the number alone the reader would have been past it.
    let numbers = server.run(&database, "SELECT string_agg(seq::text, ' ' ORDER BY xid, seq) FROM hallpass.events");
    assert_eq!(numbers, "1 2 3");
    assert_eq!(after(&store, Some(LATE)).await, [early]);
}

#[tokio::test]
async fn an_event_that_was_acknowledged_is_waited_for() {
    let Some((store, server, database)) = place().await else { return };
    let client = client(&server.url(&database)).await;
    tell_late(&client).await;
    let early = tell(&store).await;
    let reading = tokio::spawn({
        let store = store.clone();
        async move { after(&store, None).await }
    });
    tokio::time::sleep(Duration::from_millis(100)).await;
    client.batch_execute("ROLLBACK").await.expect("an end");
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
