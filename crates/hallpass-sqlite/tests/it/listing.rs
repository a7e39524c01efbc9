//! Listings find what `Query::matches` says, in their order, each record once.

use std::collections::HashSet;
use std::net::IpAddr;
use std::time::Duration;

use hallpass::{
    Cursor, EventId, EventKind, EventQuery, Expected, Level, Note, Page, PageLimit, Profile, Query, Realm, Record,
    SessionId, Store, Timestamp,
};
use hallpass_sqlite::SqliteStore;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};

use crate::support::{START, create, ended, event_of, place, record, record_of, subject};

const ADDRESSES: [&str; 6] = ["10.0.0.1", "10.255.0.7", "11.0.0.1", "::ffff:10.0.0.1", "a00::1", "2001:db8::7"];
const RANGES: [&str; 7] = ["10.0.0.0/8", "10.1.2.3/8", "0.0.0.0/0", "::/0", "::ffff:0:0/96", "a00::/16", "10.0.0.1/32"];
const AGENTS: [&str; 4] = ["Firefox on Linux", "FIREFOX", "Straße/ÄÖÜ", "100%_sure"];
const PARTS: [&str; 6] = ["firefox", "on LINUX", "äöü", "%", "_", ""];

fn instant(random: &mut StdRng) -> Timestamp {
    START.plus(Duration::from_millis(random.random_range(0..20)))
}

fn realm(random: &mut StdRng) -> Realm {
    Realm::new(*["default", "shop", "shop2"].choose(random).expect("not empty")).expect("a realm")
}

fn any_record(random: &mut StdRng) -> Record {
    let mut record = record_of(SessionId::from_bytes(random.random()));
    record.realm = realm(random);
    record.subject = random.random_bool(0.7).then(|| subject(["ann", "bob"].choose(random).expect("not empty")));
    record.created_at = instant(random);
    record.seen_at = instant(random);
    record.expires_at = instant(random);
    record.level = Level::new(random.random_range(0..3)).expect("small");
    record.profile = if random.random() { Profile::default() } else { Profile::remember() };
    record.client.ip = random.random_bool(0.8).then(|| address(random));
    let agent = Note::new(*AGENTS.choose(random).expect("not empty")).expect("a note");
    record.client.user_agent = random.random_bool(0.8).then_some(agent);
    if random.random_bool(0.3) { ended(&record) } else { record }
}

fn address(random: &mut StdRng) -> IpAddr {
    ADDRESSES.choose(random).expect("not empty").parse().expect("an address")
}

fn any_query(random: &mut StdRng) -> Query {
    let mut query = Query::default();
    let asks = |random: &mut StdRng| random.random_bool(0.25);
    query.realm = random.random_bool(0.5).then(|| realm(random));
    query.subject = asks(random).then(|| subject(["ann", "bob", "eve"].choose(random).expect("not empty")));
    query.ip = asks(random).then(|| RANGES.choose(random).expect("not empty").parse().expect("a range"));
    query.user_agent = asks(random).then(|| (*PARTS.choose(random).expect("not empty")).to_owned());
    query.created_after = asks(random).then(|| instant(random));
    query.seen_before = asks(random).then(|| instant(random));
    query.expires_by = asks(random).then(|| instant(random));
    query.expires_after = asks(random).then(|| instant(random));
    query.level = asks(random).then(|| Level::new(random.random_range(0..3)).expect("small"));
    query.profile = asks(random).then(Profile::remember);
    query.ended = asks(random).then(|| random.random());
    query.limit = PageLimit::new(random.random_range(1..30)).expect("in range");
    query
}

async fn follow(store: &SqliteStore, mut query: Query) -> Vec<Record> {
    let mut found = Vec::new();
    loop {
        let Page { items, next } = store.list(&query).await.expect("the store is there");
        assert!(items.len() <= query.limit.number());
        assert!(next.is_none() || !items.is_empty(), "a page that leads on has something");
        found.extend(items);
        query.after = next;
        if query.after.is_none() {
            return found;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_listing_finds_what_matches_newest_first_and_each_once() {
    let (_folder, path) = place();
    let store = SqliteStore::open(path).expect("a new store");
    let mut random = StdRng::seed_from_u64(4);
    let mut records: Vec<_> = (0..120).map(|_| any_record(&mut random)).collect();
    for record in &records {
        create(&store, record).await;
    }
    records.sort_by_key(|record| std::cmp::Reverse((record.created_at, record.id)));
    let mut hits = 0;
    for _ in 0..600 {
        let query = any_query(&mut random);
        let wanted: Vec<_> = records.iter().filter(|record| query.matches(record)).map(|record| record.id).collect();
        hits += wanted.len();
        let found = follow(&store, query.clone()).await;
        assert_eq!(found.iter().map(|record| record.id).collect::<Vec<_>>(), wanted, "{query:?}");
        for record in found {
            assert!(records.contains(&record), "{record:?} was never saved");
        }
    }
    assert!(hits > 3000, "the questions were too narrow: {hits}");
}

#[tokio::test]
async fn one_id_in_two_realms_is_two_sessions_also_at_the_end_of_a_page() {
    let (_folder, path) = place();
    let store = SqliteStore::open(path).expect("a new store");
    let ids: Vec<_> = (0..3).map(|_| SessionId::random()).collect();
    for name in ["one", "two"] {
        for id in &ids {
            let mut record = record_of(*id);
            record.realm = Realm::new(name).expect("a realm");
            create(&store, &record).await;
        }
    }
    for limit in [2, 3, 4, 5, 6, 7] {
        let mut query = Query::default();
        query.limit = PageLimit::new(limit).expect("in range");
        let found = follow(&store, query).await;
        let names: HashSet<_> = found.iter().map(|record| (record.realm.clone(), record.id)).collect();
        assert_eq!((found.len(), names.len()), (6, 6), "pages of {limit}");
    }
}

#[tokio::test]
async fn a_cursor_that_no_listing_gave_is_refused() {
    let (_folder, path) = place();
    let store = SqliteStore::open(path).expect("a new store");
    let mut query = Query::default();
    query.after = Some(Cursor::new("nonsense").expect("short text"));
    assert!(store.list(&query).await.expect_err("no such place").is_unsupported());
}

#[tokio::test]
async fn events_are_told_oldest_first_and_taken_up_where_they_ended() {
    let (_folder, path) = place();
    let store = SqliteStore::open(path).expect("a new store");
    let mut written = Vec::new();
    for number in 0..12 {
        let mut record = record();
        record.subject = Some(subject(if number % 2 == 0 { "ann" } else { "bob" }));
        let mut event = event_of(&record, EventKind::Created, &number.to_string());
        event.origin.ip = Some(address(&mut StdRng::seed_from_u64(number)));
        event.origin.request_id = Some(Note::new("request").expect("a note"));
        event.origin.user_agent = Some(Note::new("Firefox").expect("a note"));
        event.reason = Some(hallpass::EndReason::Idle);
        let _ = store.save(&record, Expected::Absent, std::slice::from_ref(&event)).await.expect("the store");
        written.push(event);
    }
    let mut query = EventQuery::default();
    query.limit = PageLimit::new(5).expect("in range");
    let mut told = Vec::new();
    loop {
        let page = store.events(&query).await.expect("the store is there");
        told.extend(page.items);
        let Some(next) = page.next else { break };
        query.after = Some(next.event().expect("its own cursor"));
    }
    assert_eq!(told, written);

    query = EventQuery::default();
    query.subject = Some(subject("bob"));
    query.kind = Some(EventKind::Created);
    let of_bob = store.events(&query).await.expect("the store is there").items;
    assert_eq!(of_bob.len(), 6);
    assert!(of_bob.iter().all(|event| query.matches(event)));
    query.kind = Some(EventKind::Revoked);
    assert!(store.events(&query).await.expect("the store is there").items.is_empty());
}

#[tokio::test]
async fn events_go_on_after_one_that_is_gone() {
    let (_folder, path) = place();
    let store = SqliteStore::open(path).expect("a new store");
    let mut event = event_of(&record(), EventKind::Created, "kept");
    event.id = EventId::from_number(7);
    let _ = store.save(&record(), Expected::Absent, &[event.clone()]).await.expect("the store");
    let mut query = EventQuery::default();
    query.after = Some(EventId::from_number(6));
    assert_eq!(store.events(&query).await.expect("the store").items, [event]);
    query.after = Some(EventId::from_number(8));
    assert!(store.events(&query).await.expect("the store").items.is_empty());
}
