//! Servers that are killed again and again under load, on the settings that are durable.

use std::time::{Duration, Instant};

use rig::{Redis, RedisCluster, RedisSentinels};

use crate::storm::{Servers, founder, length, ride_out};
use crate::support::connect;

const DURABLE: [&str; 2] = ["appendonly yes", "appendfsync always"];

/// With replicas, too, which are sent a copy at once when they come back, instead of after five seconds.
const REPLICATED: [&str; 3] = [DURABLE[0], DURABLE[1], "repl-diskless-sync-delay 0"];
/// A storm of which the sentinels have no time for all that they do.
const SHORT: Duration = Duration::from_secs(30);
const PATIENCE: Duration = Duration::from_secs(90);

struct One(Redis);

impl Servers for One {
    fn strike(&mut self, _number: u32) {
        self.0.kill();
        std::thread::sleep(Duration::from_millis(300));
        self.0.start();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_over_one_server_undoes_nothing_acknowledged() {
    let Some(server) = rig::redis(&DURABLE) else { return };
    let url = server.url();
    println!("Redis: {}", ride_out([connect(&url).await, connect(&url).await], One(server)).await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_over_a_server_that_keeps_nothing_is_noticed() {
    let Some(server) = rig::redis(&[]) else { return };
    let url = server.url();
    founder([connect(&url).await, connect(&url).await], One(server)).await;
}

/// Every replica of a primary is waited for: the one that is chosen need not be the one that has got furthest.
const REPLICAS: u32 = 2;

struct Watched(RedisSentinels);

impl Servers for Watched {
    /// Service is back when the old primary is: until then, a replica is missing.
    fn strike(&mut self, _number: u32) {
        let Self(fleet) = self;
        let killed = fleet.primary();
        fleet.servers()[killed].kill();
        until("another takes its place", || fleet.servers().iter().any(|server| server.takes_replicated_writes(1)));
        // The servers know before all of the sentinels do.
        until("every sentinel says so", || fleet.primaries().iter().all(|primary| *primary != killed));
        let primary = fleet.primary();
        let port = fleet.servers()[primary].port();
        // The sentinels take ten seconds to tell an old primary what it is now; where there is no time for that, its
        // settings do.
        if length() < SHORT {
            fleet.servers()[killed].start_as_replica(port);
        } else {
            fleet.servers()[killed].start();
        }
        until("both are its replicas", || fleet.servers()[primary].takes_replicated_writes(REPLICAS));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_over_primaries_that_sentinels_replace_undoes_nothing_acknowledged() {
    let Some(fleet) = rig::redis_sentinels(&REPLICATED) else { return };
    let url = format!("{}?replicas={REPLICAS}", fleet.url());
    println!("Redis Sentinel: {}", ride_out([connect(&url).await, connect(&url).await], Watched(fleet)).await);
}

struct Parts(RedisCluster);

impl Servers for Parts {
    /// Service is back when the old primary is: until then, its part misses a replica.
    fn strike(&mut self, number: u32) {
        let part = number as usize % 3;
        let whole = |nodes: &mut [Redis], replicas| {
            nodes.iter().filter(|node| node.takes_replicated_writes(replicas)).count() == 3
        };
        self.0.nodes()[part].kill();
        until("every part takes writes", || whole(self.0.nodes(), 1));
        self.0.nodes().iter_mut().filter(|node| node.is_killed()).for_each(Redis::start);
        until("every part has its replicas", || whole(self.0.nodes(), REPLICAS));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_storm_over_every_part_of_a_cluster_undoes_nothing_acknowledged() {
    let Some(cluster) = rig::redis_cluster_with(2, &REPLICATED) else { return };
    let url = format!("{}?replicas={REPLICAS}", cluster.url());
    println!("Redis Cluster: {}", ride_out([connect(&url).await, connect(&url).await], Parts(cluster)).await);
}

fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "still not so: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}
