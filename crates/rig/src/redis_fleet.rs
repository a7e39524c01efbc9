use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use crate::redis::{Redis, ask, free_port};
use crate::{Server, program, scratch};

const PATIENCE: Duration = Duration::from_secs(30);

/// Three primaries with replicas, which share 16,384 slots.
#[derive(Debug)]
pub struct RedisCluster {
    nodes: Vec<Redis>,
}

/// Starts a cluster in which a primary that is silent for a second is replaced by its one replica, or says that the test
/// is skipped. The settings are those of every node.
///
/// # Panics
///
/// If the cluster does not come up; or if a program is missing and `HALLPASS_TEST_REQUIRE_ALL=1`.
pub fn redis_cluster(settings: &[&str]) -> Option<RedisCluster> {
    redis_cluster_with(1, settings)
}

/// Starts one as [`redis_cluster`] does, with so many replicas of each primary.
///
/// # Panics
///
/// As [`redis_cluster`].
pub fn redis_cluster_with(replicas: usize, settings: &[&str]) -> Option<RedisCluster> {
    let (server, cli) = (program("redis-server")?, program("redis-cli")?);
    let mut nodes = Vec::new();
    let wanted = 3 * (1 + replicas);
    for _ in 0..wanted {
        let mut all: Vec<_> = settings.iter().map(|setting| (*setting).to_owned()).collect();
        all.extend(["cluster-enabled yes".to_owned(), "cluster-node-timeout 1000".to_owned()]);
        all.push(format!("cluster-port {}", free_port()));
        let mut node = Redis::new(&server, all);
        node.start();
        nodes.push(node);
    }
    let mut command = Command::new(cli);
    command.args(["--cluster", "create"]).args(nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())));
    let made = command
        .args(["--cluster-replicas", &replicas.to_string(), "--cluster-yes"])
        .output()
        .expect("redis-cli starts");
    assert!(made.status.success(), "no cluster: {}", String::from_utf8_lossy(&made.stdout));
    let cluster = RedisCluster { nodes };
    until("the cluster is whole", || {
        cluster.nodes.iter().all(|node| {
            node.ask(&["cluster", "info"]).contains("cluster_state:ok")
                && node.ask(&["cluster", "nodes"]).matches("connected").count() >= wanted
        }) && cluster.nodes.iter().all(|node| !is_loose_replica(node))
    });
    Some(cluster)
}

/// A replica that has not yet got a copy.
fn is_loose_replica(node: &Redis) -> bool {
    let info = node.ask(&["info", "replication"]);
    info.contains("role:slave") && !info.contains("master_link_status:up")
}

impl RedisCluster {
    /// Returns the URL that names all nodes.
    pub fn url(&self) -> String {
        let hosts: Vec<_> = self.nodes.iter().map(|node| format!("127.0.0.1:{}", node.port())).collect();
        format!("redis+cluster://{}", hosts.join(","))
    }

    /// Returns all nodes: three that were made primaries, and then their replicas.
    pub fn nodes(&mut self) -> &mut [Redis] {
        &mut self.nodes
    }
}

/// A primary with two replicas, and three sentinels that watch them under the name `main`.
#[derive(Debug)]
pub struct RedisSentinels {
    servers: Vec<Redis>,
    sentinels: Vec<(u16, Server)>,
}

/// Starts a primary that is replaced when it was silent for a second, or says that the test is skipped. The settings are
/// those of every server.
///
/// # Panics
///
/// If they do not come up; or if a program is missing and `HALLPASS_TEST_REQUIRE_ALL=1`.
pub fn redis_sentinels(settings: &[&str]) -> Option<RedisSentinels> {
    let (server, _cli) = (program("redis-server")?, program("redis-cli")?);
    let settings: Vec<_> = settings.iter().map(|setting| (*setting).to_owned()).collect();
    let mut servers: Vec<_> = (0..3).map(|_| Redis::new(&server, settings.clone())).collect();
    let port = servers[0].port();
    servers[0].start();
    for replica in &mut servers[1..] {
        replica.set(format!("replicaof 127.0.0.1 {port}"));
        replica.start();
    }
    until("the replicas have a copy", || servers.iter().all(|server| !is_loose_replica(server)));
    let sentinels = (0..3).map(|_| sentinel(&server, port)).collect();
    let fleet = RedisSentinels { servers, sentinels };
    until("the sentinels know each other and the replicas", || {
        fleet.sentinels.iter().all(|(port, _)| {
            let about = ask(*port, &["sentinel", "master", "main"]);
            about.contains("num-other-sentinels\n2") && about.contains("num-slaves\n2")
        })
    });
    Some(fleet)
}

fn sentinel(server: &PathBuf, primary: u16) -> (u16, Server) {
    let port = free_port();
    let folder = scratch();
    let file = folder.path().join("sentinel.conf");
    let config = format!(
        "port {port}\nbind 127.0.0.1\ndir {}\nsentinel monitor main 127.0.0.1 {primary} 2\n\
         sentinel down-after-milliseconds main 1000\nsentinel failover-timeout main 5000\n",
        folder.path().display()
    );
    std::fs::write(&file, config).expect("a scratch folder can be written");
    let mut command = Command::new(server);
    command.arg(&file).arg("--sentinel");
    let ready = |output: &str| output.contains("+monitor master main").then_some(());
    let started = Server::start(command, PATIENCE, ready);
    let (server, ()) = started.unwrap_or_else(|error| panic!("a sentinel does not start: {error}"));
    (port, server.keeping(folder))
}

impl RedisSentinels {
    /// Returns the URL that names the sentinels.
    pub fn url(&self) -> String {
        let hosts: Vec<_> = self.sentinels.iter().map(|(port, _)| format!("127.0.0.1:{port}")).collect();
        format!("redis+sentinel://{}/main", hosts.join(","))
    }

    /// Returns the servers: the one that was made primary, and then its replicas.
    pub fn servers(&mut self) -> &mut [Redis] {
        &mut self.servers
    }

    /// Returns which of the servers is the primary by the word of the sentinels.
    ///
    /// # Panics
    ///
    /// If it is none of them.
    pub fn primary(&self) -> usize {
        self.primaries()[0]
    }

    /// Returns which of the servers is the primary by the word of each sentinel: after a change they learn of it one by one.
    ///
    /// # Panics
    ///
    /// If it is none of them.
    pub fn primaries(&self) -> Vec<usize> {
        let of_sentinel = |(port, _): &(u16, Server)| {
            let address = ask(*port, &["sentinel", "get-master-addr-by-name", "main"]);
            let port: u16 = address.lines().nth(1).and_then(|port| port.parse().ok()).unwrap_or_default();
            self.servers.iter().position(|server| server.port() == port).expect("the primary is one of the servers")
        };
        self.sentinels.iter().map(of_sentinel).collect()
    }
}

fn until(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "still not so: {what}");
        thread::sleep(Duration::from_millis(50));
    }
}
