//! One damaged row: what is asked for by name says so, and everything else goes on.

use std::collections::HashSet;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use hallpass::testing::ManualClock;
use hallpass::{
    EventKind, EventQuery, Expected, Page, PageLimit, Query, Realm, Record, Revocation, Sessions, Store, Timestamp,
};
use hallpass_sqlite::SqliteStore;
use hallpass_sqlite::rusqlite::{Connection, params};

use crate::support::{START, create, event_of, place, record, subject};

const SESSIONS: u64 = 20;

/// A store of twenty sessions of one subject, each with an event, and their records in the order of creation.
async fn store(path: &std::path::Path) -> (SqliteStore, Vec<Record>) {
    let store = SqliteStore::open(path).expect("a new store");
    let mut records = Vec::new();
    for number in 0..SESSIONS {
        let mut record = record();
        record.subject = Some(subject("ann"));
        record.created_at = START.plus(Duration::from_secs(number));
        let event = event_of(&record, EventKind::Created, "made");
        let _ = store.save(&record, Expected::Absent, &[event]).await.expect("the store is there");
        records.push(record);
    }
    (store, records)
}

fn damage(path: &std::path::Path, records: &[&Record]) {
    let file = Connection::open(path).expect("a database");
    for record in records {
        let sessions =
            file.execute("UPDATE sessions SET head = x'c0ffee' WHERE id = ?1", params![record.id.as_bytes()]);
        let events = file.execute("UPDATE events SET ip = 'nowhere' WHERE session = ?1", params![record.id.as_bytes()]);
        assert_eq!((sessions.expect("an update"), events.expect("an update")), (1, 1));
    }
}

async fn listed(store: &SqliteStore, limit: u16) -> Vec<Record> {
    let mut query = Query::of_subject(Realm::default(), subject("ann"));
    query.limit = PageLimit::new(limit).expect("in range");
    let mut found = Vec::new();
    loop {
        let Page { items, next } = store.list(&query).await.expect("damage elsewhere is no failure");
        found.extend(items);
        query.after = next;
        if query.after.is_none() {
            return found;
        }
    }
}

#[tokio::test]
async fn a_damaged_record_is_left_out_of_every_page_and_is_corrupt_by_name() {
    let (_folder, path) = place();
    let (store, records) = store(&path).await;
    // At both ends, beside each other, and more of them than a page of two has.
    let broken: Vec<_> = [0, 3, 4, 5, 6, 7, 12, 19].map(|index: usize| &records[index]).into();
    damage(&path, &broken);
    let names: HashSet<_> = broken.iter().map(|record| record.id).collect();
    let whole: Vec<_> = records.iter().rev().filter(|record| !names.contains(&record.id)).cloned().collect();
    for limit in [1, 2, 3, 11, 12, 13, 100] {
        assert_eq!(listed(&store, limit).await, whole, "pages of {limit}");
    }
    for record in broken {
        let error = store.load(&record.realm, &record.id).await.expect_err("it cannot be read");
        assert!(error.is_corrupt(), "{error}");
    }
}

#[tokio::test]
async fn a_damaged_event_is_left_out_and_the_others_are_told() {
    let (_folder, path) = place();
    let (store, records) = store(&path).await;
    damage(&path, &[&records[0], &records[10], &records[19]]);
    let mut query = EventQuery::default();
    query.limit = PageLimit::new(4).expect("in range");
    let mut told = Vec::new();
    loop {
        let page = store.events(&query).await.expect("damage elsewhere is no failure");
        told.extend(page.items.into_iter().filter_map(|event| event.session));
        let Some(next) = page.next else { break };
        query.after = Some(next.event().expect("its own cursor"));
    }
    let whole: Vec<_> = (1..19).filter(|index| *index != 10).map(|index| records[index].id).collect();
    assert_eq!(told, whole);
}

#[tokio::test]
async fn a_damaged_record_stops_no_revocation_and_no_sweep() {
    let (_folder, path) = place();
    let (store, records) = store(&path).await;
    damage(&path, &[&records[7]]);
    let clock = Arc::new(ManualClock::starting_at(START.plus(Duration::from_mins(1))));
    let sessions = Sessions::builder().store(store.clone()).shared_clock(clock.clone()).build().expect("sessions");
    let revoked = sessions.revoke_subject(&subject("ann"), None, &Revocation::default()).await.expect("a revocation");
    assert_eq!(revoked, SESSIONS - 1);

    create(&store, &record()).await;
    clock.set(Timestamp::MAX);
    let swept = sessions.sweep(NonZeroUsize::new(1000).expect("not zero")).await.expect("a sweep");
    assert_eq!((swept.expired, swept.forgotten), (1, 20), "the one that is whole is ended, the others are forgotten");
    let left: i64 = Connection::open(&path)
        .and_then(|file| file.query_row("SELECT count(*) FROM sessions WHERE head = x'c0ffee'", [], |row| row.get(0)))
        .expect("a number");
    assert_eq!(left, 0, "the damaged row is forgotten by its own column");
}
