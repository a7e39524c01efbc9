//! How late a revocation at one node is heeded at another, with a cache each before one server.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use hallpass::testing::FaultyStore;
use hallpass::{Caller, Issued, NewSession, Revocation, Sessions, Store, Subject, Tiered};
use hallpass_server::stores;
use rand::Rng as _;
use rig::{MariaDb, Postgres, Redis};
use tokio::time::{sleep, timeout};

type Far = Arc<dyn Store>;

/// One by one, while the feed tells of changes.
const HEALTHY: usize = 300;
/// How often the feed falls silent, and how many sessions are revoked then, at any moment of the second after.
const CUTS: usize = 12;
const OF_EACH: usize = 25;
const PATIENCE: Duration = Duration::from_secs(30);

enum Server {
    Postgres(Postgres, String),
    MariaDb(MariaDb, String),
    Redis(Redis),
}

/// The node that revokes, and the one that is to heed it.
struct Nodes {
    revoking: Sessions,
    heeding: Sessions,
    near: Arc<Tiered<FaultyStore<Far>>>,
    _server: Server,
}

pub async fn report() {
    println!("| store | feed of changes | revocations | p50, ms | p99, ms | most, ms | documented bound, ms |");
    println!("| --- | --- | ---: | ---: | ---: | ---: | ---: |");
    let starts: [(&str, fn() -> Option<Server>); 3] =
        [("Redis", Server::redis), ("PostgreSQL", Server::postgres), ("MariaDB", Server::mariadb)];
    for (name, start) in starts {
        let Some(server) = start() else {
            println!("| {name} | is not installed | | | | | |");
            continue;
        };
        let nodes = Nodes::on(server).await;
        let (healthy, cut) = (nodes.healthy().await, nodes.cut().await);
        line(name, "healthy", healthy);
        line(name, "silent", cut);
    }
}

fn line(name: &str, feed: &str, mut late: Vec<Duration>) {
    late.sort();
    let millis = |at: usize| late[at].as_secs_f64() * 1e3;
    let last = late.len() - 1;
    println!(
        "| {name} | {feed} | {} | {:.1} | {:.1} | {:.1} | {} |",
        late.len(),
        millis(last / 2),
        millis(last * 99 / 100),
        millis(last),
        Tiered::<Far>::BOUND.as_millis(),
    );
}

impl Server {
    fn redis() -> Option<Self> {
        rig::redis(&["appendonly yes", "appendfsync always"]).map(Self::Redis)
    }

    fn postgres() -> Option<Self> {
        let server = Postgres::own(&[])?;
        let database = server.database();
        Some(Self::Postgres(server, database))
    }

    fn mariadb() -> Option<Self> {
        let server = MariaDb::own(&[])?;
        let database = server.database();
        Some(Self::MariaDb(server, database))
    }

    async fn open(&self) -> Far {
        let url = match self {
            Self::Postgres(server, database) => server.url(database),
            Self::MariaDb(server, database) => server.url(database),
            Self::Redis(server) => server.url(),
        };
        stores::open(&url).await.expect("the server is there").store
    }
}

impl Nodes {
    async fn on(server: Server) -> Self {
        let far = Arc::new(Tiered::new(server.open().await));
        let near = Arc::new(Tiered::new(FaultyStore::new(server.open().await)));
        let node = |builder: hallpass::SessionsBuilder| builder.build().expect("all parts");
        let revoking = node(Sessions::builder().store(far));
        let heeding = node(Sessions::builder().store(Arc::clone(&near)));
        Self { revoking, heeding, near, _server: server }
    }

    async fn healthy(&self) -> Vec<Duration> {
        let mut late = Vec::new();
        for session in self.at_hand(HEALTHY).await {
            late.push(self.lateness(&session, Duration::ZERO).await);
        }
        late
    }

    async fn cut(&self) -> Vec<Duration> {
        let mut late = Vec::new();
        for _ in 0..CUTS {
            // At any moment between two heartbeats.
            sleep(Duration::from_millis(rand::rng().random_range(0..500))).await;
            let sessions = self.at_hand(OF_EACH).await;
            self.near.far().lose_changes(true);
            let revoked = sessions.iter().map(|session| async move {
                sleep(Duration::from_millis(rand::rng().random_range(0..1000))).await;
                self.lateness(session, Duration::from_millis(1)).await
            });
            late.extend(join_all(revoked).await);
            self.near.far().lose_changes(false);
        }
        late
    }

    /// Begins sessions at one node, and uses them at the other until each has its copy there.
    async fn at_hand(&self, count: usize) -> Vec<Issued> {
        let mut sessions = HashMap::new();
        let whole = async {
            for index in 0..count {
                let subject = Subject::new(format!("u{index:07}")).expect("short");
                let begun = self.revoking.create(NewSession::signed_in(subject), &Caller::user()).await;
                let session = begun.expect("the store is there");
                sessions.insert(session.record.id, session);
            }
            for session in sessions.values() {
                while self.near.copy(&session.record.realm, &session.record.id).is_none() {
                    assert!(self.lets_in(session).await, "it lives");
                    sleep(Duration::from_millis(1)).await;
                }
            }
        };
        timeout(PATIENCE, whole).await.expect("a heartbeat comes back");
        sessions.into_values().collect()
    }

    /// Revokes a session, which is used at the other node all the time; answers for how long it was let in there after
    /// the revocation was acknowledged.
    async fn lateness(&self, session: &Issued, pause: Duration) -> Duration {
        let (heeding, token) = (self.heeding.clone(), session.token.expose().to_owned());
        let refused = tokio::spawn(async move {
            while lets_in(&heeding, &token).await {
                if pause.is_zero() {
                    tokio::task::yield_now().await;
                } else {
                    sleep(pause).await;
                }
            }
            Instant::now()
        });
        let revoked = self.revoking.revoke(&session.record.id, &Revocation::default()).await;
        let acknowledged = Instant::now();
        assert!(revoked.expect("the store is there"));
        let refused = timeout(PATIENCE, refused).await.expect("it is refused").expect("no panic");
        refused.saturating_duration_since(acknowledged)
    }

    async fn lets_in(&self, session: &Issued) -> bool {
        lets_in(&self.heeding, session.token.expose()).await
    }
}

async fn lets_in(node: &Sessions, token: &str) -> bool {
    match node.verify(token, false, &Caller::user()).await {
        Ok(_) => true,
        Err(error) if error.is_inactive() => false,
        Err(error) => panic!("the store is there: {error}"),
    }
}
