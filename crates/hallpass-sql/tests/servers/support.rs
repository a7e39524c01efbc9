//! Stores to keep records in, and others who are at work in the same database.

use std::fmt::Write;

use hallpass::{EventId, EventKind, EventQuery, Expected, Store, StoreError};

use crate::server::{BYTES, Client, Server, SqlStore, table};

pub(crate) use hallpass_sql::testing::{START, changed, create, ended, event_of, load, record, subject};

/// A new store on the server that all tests share, and the name of its database.
pub(crate) async fn place() -> Option<(SqlStore, &'static Server, String)> {
    let server = Server::shared()?;
    let database = server.database();
    let store = open(&server.url(&database)).await;
    Some((store, server, database))
}

pub(crate) async fn open(url: &str) -> SqlStore {
    SqlStore::from_url(url).await.expect("a store")
}

/// Writes bytes into a statement.
pub(crate) fn bytes(bytes: &[u8]) -> String {
    let mut sql = BYTES.0.to_owned();
    for byte in bytes {
        write!(sql, "{byte:02x}").expect("a string takes all");
    }
    sql + BYTES.1
}

#[track_caller]
pub(crate) fn assert_unavailable<T: std::fmt::Debug>(result: Result<T, StoreError>) -> String {
    let error = result.expect_err("this cannot work");
    assert!(error.is_unavailable(), "{error}");
    error.to_string()
}

/// Saves a new record with an event, and returns the event's name.
pub(crate) async fn tell(store: &SqlStore) -> EventId {
    let record = record();
    let event = event_of(&record, EventKind::Created, "made");
    let _ = store.save(&record, Expected::Absent, std::slice::from_ref(&event)).await.expect("the store is there");
    event.id
}

/// Returns the names of the events after this one.
pub(crate) async fn after(store: &SqlStore, after: Option<EventId>) -> Vec<EventId> {
    let mut query = EventQuery::default();
    query.after = after;
    let page = store.events(&query).await.expect("the store is there");
    page.items.into_iter().map(|event| event.id).collect()
}

pub(crate) const LATE: EventId = EventId::from_number(u128::MAX / 3);

/// Takes in an event, in a transaction that is still open.
pub(crate) async fn tell_late(client: &mut Client) {
    client.run("BEGIN").await;
    let (events, id) = (table("events"), bytes(&LATE.number().to_be_bytes()));
    let values = format!("{id}, CURRENT_TIMESTAMP, 'created', 'default', 'policy'");
    client.run(&format!("INSERT INTO {events} (id, at, kind, realm, actor) VALUES ({values})")).await;
}
