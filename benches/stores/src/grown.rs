//! What verifying, listing and sweeping cost with few sessions and with many, in the stores on servers.

use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use futures_util::{StreamExt as _, stream};
use hallpass::{Expected, Outcome, SWEEP_MARGIN, Store, Token};
use hallpass_server::stores::{self, Opened};
use rand::seq::IndexedRandom as _;
use rig::{MariaDb, Postgres, Redis};

use crate::fill::{fill, now, session};
use crate::rounds::{median_ratio, nanos_each};
use crate::seed;
use crate::service::Service;

const FEWEST: usize = 10_000;
/// `BENCH_SESSIONS` says another number.
const MOST: usize = 3_000_000;
/// How many tokens are shown, spread over all sessions.
const TOKENS: usize = 10_000;
/// How many sessions a subject has whose sessions are listed; the default page has all of them.
const SUBJECTS: usize = 50;
const OF_EACH: usize = 20;
const ROUNDS: usize = 21;
const VERIFICATIONS: usize = 500;
const LISTINGS: usize = 50;
/// As many as one transaction of a sweep forgets.
const BATCH: usize = 500;
/// How many rows go in at once.
const ROWS: usize = 100_000;

enum Server {
    Postgres(Postgres, String),
    MariaDb(MariaDb, String),
    Redis(Redis),
}

struct Arm {
    server: Server,
    opened: Opened,
    service: Service,
    tokens: Vec<Token>,
    verified: Vec<Duration>,
    listed: Vec<Duration>,
    swept: Vec<Duration>,
}

/// Starts a server, if its programs are there.
type Start = fn() -> Option<Server>;

pub async fn report() {
    let most = std::env::var("BENCH_SESSIONS").map_or(MOST, |most| most.parse().expect("a number"));
    println!(
        "| store | sessions | `POST /v1/verify`, µs | ÷ fewest | list by subject, µs | ÷ fewest \
         | sweep of {BATCH}, ms | ÷ fewest |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |");
    let starts: [(&str, Start); 3] =
        [("PostgreSQL", Server::postgres), ("MariaDB", Server::mariadb), ("Redis", Server::redis)];
    let only = std::env::var("BENCH_STORES").ok();
    let is_meant = |name: &str| only.as_ref().is_none_or(|only| only.split(',').any(|meant| meant == name));
    for (name, start) in starts.into_iter().filter(|(name, _)| is_meant(name)) {
        let mut arms = Vec::new();
        for size in [FEWEST, most] {
            let Some(server) = start() else { break };
            arms.push(Arm::new(server, size).await);
        }
        if let [few, many] = arms.as_mut_slice() {
            measure(name, [few, many], [FEWEST, most]).await;
        } else {
            println!("| {name} | is not installed | | | | | | |");
        }
    }
}

impl Server {
    /// Nothing waits for the disk while it is filled; what is measured reads memory, but for the sweep.
    fn postgres() -> Option<Self> {
        let server = Postgres::own(&["-cfsync=off", "-cshared_buffers=2GB", "-cmax_wal_size=4GB"])?;
        let database = server.database();
        Some(Self::Postgres(server, database))
    }

    fn mariadb() -> Option<Self> {
        let pool = "--innodb-buffer-pool-size=4G";
        let server = MariaDb::own(&["--innodb-flush-log-at-trx-commit=0", "--innodb-log-file-size=1G", pool])?;
        let database = server.database();
        Some(Self::MariaDb(server, database))
    }

    fn redis() -> Option<Self> {
        rig::redis(&[]).map(Self::Redis)
    }

    fn url(&self) -> String {
        match self {
            Self::Postgres(server, database) => server.url(database),
            Self::MariaDb(server, database) => server.url(database),
            Self::Redis(server) => server.url(),
        }
    }

    /// Fills a store that is open already; answers tokens of some of the sessions.
    async fn fill(&self, store: &dyn Store, size: usize) -> Vec<Token> {
        let deadline = now().plus(Duration::from_hours(240));
        let every = size / TOKENS;
        if let Self::Redis(_) = self {
            return fill(store, size, every, deadline).await;
        }
        let folder = rig::scratch();
        let path = folder.path().join("rows");
        let mut tokens = Vec::new();
        for first in (0..size).step_by(ROWS) {
            let records = (first..size.min(first + ROWS)).map(|index| {
                let (record, token) = session(index, deadline);
                if index.is_multiple_of(every) {
                    tokens.push(token);
                }
                record
            });
            seed::write(&path, records);
            for shown in [folder.path(), &path] {
                open_to_all(shown);
            }
            match self {
                Self::Postgres(server, database) => drop(server.run(database, &seed::into_postgres(&path))),
                Self::MariaDb(server, database) => drop(server.run(database, &seed::into_mysql(&path))),
                Self::Redis(_) => {}
            }
        }
        tokens
    }

    /// Leaves things as the server's own upkeep does in time.
    fn settle(&self) {
        match self {
            Self::Postgres(server, database) => drop(server.run(database, "VACUUM ANALYZE hallpass.sessions")),
            Self::MariaDb(server, database) => drop(server.run(database, "ANALYZE TABLE hallpass_sessions")),
            Self::Redis(_) => {}
        }
    }
}

/// The servers run as somebody else.
fn open_to_all(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
}

impl Arm {
    async fn new(server: Server, size: usize) -> Self {
        let opened = stores::open(&server.url()).await.expect("the server is there");
        let tokens = server.fill(&opened.store, size).await;
        for index in 0..SUBJECTS * OF_EACH {
            let (mut record, _) = session(index, now().plus(Duration::from_hours(240)));
            record.subject = Some(subject(index % SUBJECTS).parse().expect("short"));
            let saved = opened.store.save(&record, Expected::Absent, &[]).await.expect("the store is there");
            assert_eq!(saved, Outcome::Applied);
        }
        server.settle();
        let service = Service::on(opened.clone()).await;
        Self { server, opened, service, tokens, verified: Vec::new(), listed: Vec::new(), swept: Vec::new() }
    }

    async fn verify(&self) -> Duration {
        let token = || self.tokens.choose(&mut rand::rng()).expect("not empty").expose().to_owned();
        let bodies = (0..VERIFICATIONS).map(|_| format!(r#"{{"token":"{}","touch":false}}"#, token()));
        let bodies: Vec<_> = bodies.collect();
        let mut connection = self.service.connect().await;
        let started = Instant::now();
        for body in &bodies {
            assert_eq!(connection.post("/v1/verify", body).await, 200);
        }
        started.elapsed()
    }

    async fn list(&self) -> Duration {
        let mut connection = self.service.connect().await;
        let started = Instant::now();
        for index in 0..LISTINGS {
            let path = format!("/v1/subjects/{}/sessions", subject(index % SUBJECTS));
            assert_eq!(connection.get(&path).await, 200);
        }
        started.elapsed()
    }

    /// Has a batch expire, and forgets it. In Redis it is the server that forgets records, which is done for it here,
    /// and a sweep that tidies the indices.
    async fn sweep(&self) -> Duration {
        let expired = now().minus(SWEEP_MARGIN * 3);
        let store = &self.opened.store;
        let save = |index: usize| async move {
            let (record, _) = session(index, expired);
            let saved = store.save(&record, Expected::Absent, &[]).await.expect("the store is there");
            assert_eq!(saved, Outcome::Applied);
            format!("hallpass:{}", record.id)
        };
        let keys: Vec<_> = stream::iter(0..BATCH).map(save).buffer_unordered(64).collect().await;
        if let Server::Redis(server) = &self.server {
            let question: Vec<_> = std::iter::once("DEL").chain(keys.iter().map(String::as_str)).collect();
            assert_eq!(server.ask(&question), BATCH.to_string());
        }
        let started = Instant::now();
        let forgotten = store.sweep(now(), NonZeroUsize::new(BATCH).expect("positive")).await;
        let taken = started.elapsed();
        let expected = if matches!(self.server, Server::Redis(_)) { 0 } else { BATCH };
        assert_eq!(forgotten.expect("the store is there"), expected);
        taken
    }
}

fn subject(index: usize) -> String {
    format!("several-{index}")
}

async fn measure(name: &str, mut arms: [&mut Arm; 2], sizes: [usize; 2]) {
    for round in 0..=ROUNDS {
        for arm in &mut arms {
            let (verified, listed, swept) = (arm.verify().await, arm.list().await, arm.sweep().await);
            // The first round only warms up.
            if round > 0 {
                arm.verified.push(verified);
                arm.listed.push(listed);
                arm.swept.push(swept);
            }
        }
    }
    let few = &arms[0];
    for (arm, size) in arms.iter().zip(sizes) {
        println!(
            "| {name} | {size} | {:.1} | {:.2} | {:.1} | {:.2} | {:.2} | {:.2} |",
            nanos_each(&arm.verified, VERIFICATIONS) / 1e3,
            median_ratio(&arm.verified, &few.verified),
            nanos_each(&arm.listed, LISTINGS) / 1e3,
            median_ratio(&arm.listed, &few.listed),
            nanos_each(&arm.swept, 1) / 1e6,
            median_ratio(&arm.swept, &few.swept),
        );
    }
}
