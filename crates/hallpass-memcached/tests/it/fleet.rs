//! Several servers: a key has its server, and no other ever takes its place.

use std::time::{Duration, Instant};

use hallpass::{Expected, Record, Store};
use hallpass_memcached::{MemcachedOptions, MemcachedStore};
use rig::{Memcached, Proxy};

use crate::load::Load;
use crate::support::{assert_unavailable, back, changed, connect, create, ended, key, load, record, update};

fn url(servers: &[Memcached]) -> String {
    let names: Vec<_> = servers.iter().map(Memcached::address).collect();
    format!("memcached://{}?timeout_ms=500", names.join(","))
}

/// Returns new sessions, as many on each of the servers.
async fn sessions_on(store: &MemcachedStore, servers: &[Memcached], each: usize) -> Vec<Vec<Record>> {
    let mut found = vec![Vec::new(); servers.len()];
    while found.iter().any(|records| records.len() < each) {
        let record = record();
        create(store, &record).await;
        let key = format!("mg {}", key(&record));
        let places: Vec<_> = (0..servers.len()).filter(|place| servers[*place].ask(&key) == "HD").collect();
        assert_eq!(places.len(), 1, "each session is on one server");
        if found[places[0]].len() < each {
            found[places[0]].push(record);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_a_server_is_away_its_sessions_are_unavailable_and_the_others_are_not() {
    let (Some(one), Some(other)) = (rig::memcached(&[]), rig::memcached(&[])) else { return };
    let mut servers = vec![one, other];
    let store = connect(&url(&servers)).await;
    let sessions = sessions_on(&store, &servers, 10).await;
    servers[1].kill();
    let start = Instant::now();
    for _ in 0..20 {
        for record in &sessions[1] {
            assert_unavailable(store.load(&record.realm, &record.id).await, &servers[1].address());
            let next = changed(record, "{}");
            assert_unavailable(store.save(&next, Expected::Version(record.version), &[]).await, "Memcached at");
        }
    }
    assert!(start.elapsed() < Duration::from_secs(2), "being away costs {:?}", start.elapsed());
    for record in &sessions[0] {
        let next = changed(record, "{}");
        update(&store, record, &next).await;
        assert_eq!(load(&store, record).await, Some(next));
    }
    for record in &sessions[1] {
        assert_eq!(servers[0].ask(&format!("mg {}", key(record))), "EN", "nothing moved to the server that is there");
    }
    servers[1].start();
    back(&store, &sessions[1][0]).await;
    for record in &sessions[1] {
        assert_eq!(load(&store, record).await, None, "the server has come back empty");
    }
}

/// What failing over would do: another server takes the logout, and the first comes back with the session alive.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_logout_that_meets_an_outage_is_not_taken_by_another_server() {
    let (Some(one), Some(other)) = (rig::memcached(&[]), rig::memcached(&[])) else { return };
    let servers = [one, other];
    let store = connect(&url(&servers)).await;
    let sessions = sessions_on(&store, &servers, 3).await;
    servers[0].freeze();
    for record in &sessions[0] {
        let tombstone = ended(record);
        let ending = store.save(&tombstone, Expected::Version(record.version), &[]).await;
        assert!(ending.expect_err("its server is away").is_unavailable(), "so nobody believes that it has ended");
    }
    servers[0].thaw();
    back(&store, &sessions[0][0]).await;
    for record in &sessions[0] {
        loop {
            let Some(present) = load(&store, record).await else { panic!("an outage is no end") };
            if present.ended.is_some() {
                break;
            }
            update(&store, &present, &ended(&present)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_node_finds_every_session_whatever_the_order_of_its_list() {
    let (Some(a), Some(b), Some(c)) = (rig::memcached(&[]), rig::memcached(&[]), rig::memcached(&[])) else { return };
    let servers = [a, b, c];
    let store = connect(&url(&servers)).await;
    let sessions: Vec<_> = sessions_on(&store, &servers, 5).await.into_iter().flatten().collect();
    let names = servers.each_ref().map(Memcached::address);
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let names = order.map(|place: usize| names[place].to_uppercase());
        let options = MemcachedOptions::servers(names.iter().map(String::as_str)).expect("servers");
        let node = MemcachedStore::connect(options).await.expect("the servers are there");
        for record in &sessions {
            assert_eq!(load(&node, record).await.as_ref(), Some(record));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_node_starts_while_one_of_several_servers_is_away_and_finds_it_later() {
    let (Some(one), Some(other)) = (rig::memcached(&[]), rig::memcached(&[])) else { return };
    let mut servers = vec![one, other];
    let sessions = sessions_on(&connect(&url(&servers)).await, &servers, 2).await;
    servers[1].kill();
    let store = connect(&url(&servers)).await;
    assert_eq!(store.server_facts().len(), 1);
    assert_eq!(load(&store, &sessions[0][0]).await.as_ref(), Some(&sessions[0][0]));
    let away = &sessions[1][0];
    assert_unavailable(store.load(&away.realm, &away.id).await, &servers[1].address());
    servers[1].start();
    let late = back(&store, away).await;
    assert!(late < Duration::from_secs(2), "back only {late:?} after the server");
    create(&store, away).await;
    assert_eq!(store.server_facts().len(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn servers_that_hang_and_ways_that_are_cut_under_load_lose_nothing_acknowledged() {
    let (Some(one), Some(other)) = (rig::memcached(&["-m", "256"]), rig::memcached(&["-m", "256"])) else { return };
    let ways = [Proxy::to(one.port()), Proxy::to(other.port())];
    let url = format!("memcached://127.0.0.1:{},127.0.0.1:{}?timeout_ms=300", ways[0].port(), ways[1].port());
    let stores = [connect(&url).await, connect(&url).await];
    let load = Load::new();
    let running = load.start(&stores, 16);
    for round in 0..3 {
        tokio::time::sleep(Duration::from_millis(500)).await;
        // Both, or the load goes on with the other and has nothing to wait for.
        [&one, &other].into_iter().for_each(Memcached::freeze);
        tokio::time::sleep(Duration::from_millis(700)).await;
        [&one, &other].into_iter().for_each(Memcached::thaw);
        let late = load.answered().await;
        assert!(late < Duration::from_secs(2), "back only {late:?} after the servers");
        for way in &ways {
            way.cut_after(1000 + 777 * round);
            tokio::time::sleep(Duration::from_millis(100)).await;
            way.cut();
        }
    }
    load.stop(running, &stores[1]).await;
    assert!(load.count() > 100, "the load was none: {}", load.count());
}
