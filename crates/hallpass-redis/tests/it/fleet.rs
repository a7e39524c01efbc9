//! Several servers: sentinels that put another in the place of one that fails, and a cluster.

use std::sync::Arc;
use std::time::{Duration, Instant};

use hallpass::testing::conformance::{self, Handles};
use hallpass::{Change, Expected, Outcome, Store};
use hallpass_redis::RedisStore;

use crate::load::Load;
use crate::support::{connect, create, load, record, record_by, subject};

const DURABLE: [&str; 2] = ["appendonly yes", "appendfsync always"];

/// A replica that is put in place takes a few seconds; a store is back soon after.
const FAILOVER: Duration = Duration::from_secs(30);

async fn handles(url: &str) -> Handles {
    Handles::two(Arc::new(connect(url).await), Arc::new(connect(url).await)).expiring_by_itself()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cluster_keeps_the_contract() {
    let Some(cluster) = rig::redis_cluster(&[]) else { return };
    let url = cluster.url();
    conformance::run(async || handles(&url).await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_cluster_whose_primary_fails_under_load_loses_nothing_that_a_replica_has() {
    let Some(mut cluster) = rig::redis_cluster(&DURABLE) else { return };
    let url = format!("{}?replicas=1", cluster.url());
    let stores = [connect(&url).await, connect(&url).await];
    assert!(stores[0].capabilities().durable);
    let load = Load::new();
    let running = load.start(&stores, 12);
    tokio::time::sleep(Duration::from_secs(1)).await;
    cluster.nodes()[0].kill();
    tokio::time::sleep(Duration::from_secs(4)).await;
    // Its replica is a primary now, and has no replica of its own until the old one is back.
    cluster.nodes()[0].start();
    assert!(cluster.nodes()[0].ask(&["info", "replication"]).contains("role:slave"), "another is the primary");
    back_in_every_slot(&stores[0]).await;
    load.answered().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    load.stop(running, &stores[1]).await;
    assert!(load.count() > 100, "the load was none: {}", load.count());
}

/// Writes until a hundred writes in a row, and so into every part of the cluster, are answered.
async fn back_in_every_slot(store: &RedisStore) {
    let start = Instant::now();
    let (mut in_a_row, mut errors) = (0, Vec::new());
    while in_a_row < 100 {
        assert!(start.elapsed() < FAILOVER, "not back after {:?}, {errors:?}", start.elapsed());
        let saved = store.save(&record(), hallpass::Expected::Absent, &[]).await;
        in_a_row = if saved.is_ok() { in_a_row + 1 } else { 0 };
        errors.extend(saved.err().map(|error| format!("{:?} {error}", start.elapsed())));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_feed_hears_every_part_of_a_cluster_and_says_when_one_is_away() {
    let Some(mut cluster) = rig::redis_cluster(&[]) else { return };
    let (here, there) = (connect(&cluster.url()).await, connect(&cluster.url()).await);
    let mut news = there.changes().expect("a feed");
    let mut next = async || {
        let told = tokio::time::timeout(Duration::from_secs(10), futures_util::StreamExt::next(&mut news)).await;
        told.expect("there is news in time").expect("the feed does not end")
    };
    assert_eq!(next().await, Change::Hole);
    let mut holes = 0;
    for _ in 0..60 {
        let record = record();
        create(&here, &record).await;
        // A machine that is too busy for its proof in time makes a hole, which is news of this record, too.
        match next().await {
            Change::Hole => holes += 1,
            told @ Change::Session { .. } => {
                assert_eq!(told, Change::Session { realm: record.realm.clone(), id: record.id });
            }
        }
        if holes > 10 {
            break;
        }
    }
    assert!(holes <= 10, "the feed is mostly holes");
    cluster.nodes()[1].freeze();
    let silent = Instant::now();
    assert_eq!(next().await, Change::Hole);
    assert!(silent.elapsed() < Duration::from_secs(5), "told only after {:?}", silent.elapsed());
    cluster.nodes()[1].thaw();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_write_that_no_replica_took_is_not_acknowledged() {
    let Some(server) = rig::redis(&[]) else { return };
    let store = connect(&format!("{}?replicas=1&timeout_ms=3000", server.url())).await;
    let error = store.save(&record(), hallpass::Expected::Absent, &[]).await.expect_err("there is no replica");
    assert!(error.is_unavailable() && error.to_string().contains("0 of 1 replicas"), "{error}");
    // Reads do not wait for anybody.
    let start = Instant::now();
    assert_eq!(load(&store, &record()).await, None);
    assert!(start.elapsed() < Duration::from_secs(2));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_primary_that_fails_under_load_is_replaced_and_nothing_that_a_replica_has_is_lost() {
    let Some(mut fleet) = rig::redis_sentinels(&DURABLE) else { return };
    let url = format!("{}?replicas=1", fleet.url());
    let stores = [connect(&url).await, connect(&url).await];
    assert!(stores[0].capabilities().durable);
    let mut news = stores[1].changes().expect("a feed");
    let load = Load::new();
    let running = load.start(&stores, 12);
    tokio::time::sleep(Duration::from_secs(1)).await;
    let first = fleet.primary();
    fleet.servers()[first].kill();
    let late = load.answered().await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    load.stop(running, &stores[1]).await;
    assert!(load.count() > 100, "the load was none: {}", load.count());
    assert_ne!(fleet.primary(), first, "another is primary after {late:?}");
    // The feed has moved on to the new primary, too; the replica that is left may still be copying from it.
    let start = Instant::now();
    let record = loop {
        let record = record();
        match stores[0].save(&record, Expected::Absent, &[]).await {
            Ok(outcome) => {
                assert_eq!(outcome, Outcome::Applied);
                break record;
            }
            Err(error) => assert!(error.is_unavailable() && start.elapsed() < FAILOVER, "{error}"),
        }
    };
    let wanted = Change::Session { realm: record.realm.clone(), id: record.id };
    let hearing = async { while futures_util::StreamExt::next(&mut news).await != Some(wanted.clone()) {} };
    tokio::time::timeout(Duration::from_secs(10), hearing).await.expect("the news comes from the new primary");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_primary_that_hangs_is_left_for_its_successor() {
    let Some(mut fleet) = rig::redis_sentinels(&[]) else { return };
    let store = connect(&format!("{}?timeout_ms=300", fleet.url())).await;
    let record = record_by(&subject("alice"));
    create(&store, &record).await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    let first = fleet.primary();
    fleet.servers()[first].freeze();
    let start = Instant::now();
    while let Err(error) = store.load(&record.realm, &record.id).await {
        assert!(error.is_unavailable(), "{error}");
        assert!(start.elapsed() < FAILOVER, "not back after {:?}", start.elapsed());
    }
    assert_ne!(fleet.primary(), first);
    assert_eq!(load(&store, &record).await.as_ref(), Some(&record));
    // The old one wakes up and thinks that it is still the primary; nobody asks it any more.
    fleet.servers()[first].thaw();
    let next = crate::support::ended(&record);
    crate::support::update(&store, &record, &next).await;
    assert_eq!(load(&store, &record).await, Some(next));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_session_filed_in_a_cluster_and_not_written_is_found_when_it_is() {
    let Some(mut cluster) = rig::redis_cluster(&[]) else { return };
    let store = connect(&cluster.url()).await;
    let alice = subject("alice");
    let record = record_by(&alice);
    // The server of the record is away when the indices are written: the crash between the two.
    let mut left = Vec::new();
    for _ in 0..200 {
        let other = record_by(&alice);
        left.push(other);
    }
    cluster.nodes()[0].freeze();
    let mut refused = Vec::new();
    for record in &left {
        if store.save(record, hallpass::Expected::Absent, &[]).await.is_err() {
            refused.push(record.clone());
        }
        if refused.len() > 3 {
            break;
        }
    }
    cluster.nodes()[0].thaw();
    tokio::time::sleep(Duration::from_secs(3)).await;
    create(&store, &record).await;
    let mut query = hallpass::Query::of_subject(hallpass::Realm::default(), alice);
    query.limit = hallpass::PageLimit::MOST;
    let listed = store.list(&query).await.expect("the cluster is whole again").items;
    for record in left.iter().chain([&record]) {
        let stored = store.load(&record.realm, &record.id).await.expect("the cluster is whole again");
        let is_listed = listed.iter().any(|found| found.id == record.id);
        assert_eq!(is_listed, stored.is_some(), "what is stored is listed, and nothing else");
    }
    assert!(!refused.is_empty(), "a frozen server refuses some");
}
