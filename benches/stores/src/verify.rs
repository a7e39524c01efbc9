//! What a verification costs with few sessions and with many.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use hallpass::{Caller, MemoryStore, Policy, Sessions, Store, Token};
use hallpass_sqlite::{SqliteOptions, SqliteStore, Synchronous};
use rand::seq::IndexedRandom as _;

use crate::fill::{fill, now};
use crate::rounds::{median_ratio, nanos_each};
use crate::service::Service;

const SIZES: [usize; 2] = [10_000, 3_000_000];
/// How many tokens are shown, spread over all sessions.
const TOKENS: usize = 10_000;
const ROUNDS: usize = 31;
const VERIFICATIONS: usize = 1000;

struct Arm {
    sessions: Sessions,
    service: Service,
    tokens: Vec<Token>,
    direct: Vec<Duration>,
    over_http: Vec<Duration>,
}

pub async fn report(disk: &Path) {
    println!(
        "| store | sessions | `Sessions::verify`, µs | ÷ fewest sessions | `POST /v1/verify`, µs | ÷ fewest sessions |"
    );
    println!("| --- | ---: | ---: | ---: | ---: | ---: |");
    let mut arms = Vec::new();
    for size in SIZES {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::with_capacity(size));
        let tokens = fill_for(&store, size).await;
        let service = Service::on_memory(Arc::clone(&store)).await;
        arms.push(Arm::new(store, service, tokens));
    }
    measure("memory", arms).await;
    let folder = tempfile::tempdir_in(disk).expect("a folder");
    let mut arms = Vec::new();
    for size in SIZES {
        let path = folder.path().join(format!("{size}.db"));
        // Filled without waiting for the disk, and then opened as usual.
        let options = SqliteOptions::new(&path).danger_not_durable(Synchronous::Off);
        let options = options.largest_batch(NonZeroUsize::new(1024).expect("positive"));
        let tokens = fill_for(&SqliteStore::open(options).expect("a new file"), size).await;
        let store = SqliteStore::open(path).expect("the file that was filled");
        let service = Service::on_sqlite(&store).await;
        arms.push(Arm::new(Arc::new(store), service, tokens));
    }
    measure("SQLite", arms).await;
}

async fn fill_for(store: &dyn Store, size: usize) -> Vec<Token> {
    fill(store, size, size / TOKENS, now().plus(Duration::from_hours(240))).await
}

impl Arm {
    fn new(store: Arc<dyn Store>, service: Service, tokens: Vec<Token>) -> Self {
        let day = Duration::from_hours(24);
        let policy = Policy::builder().absolute(10 * day).idle(10 * day).renewal(10 * day).build().expect("in bounds");
        let sessions = Sessions::builder().shared_store(store).policy(policy).build().expect("a store was chosen");
        Self { sessions, service, tokens, direct: Vec::new(), over_http: Vec::new() }
    }

    fn choose(&self) -> Vec<String> {
        let token = || self.tokens.choose(&mut rand::rng()).expect("not empty").expose().to_owned();
        (0..VERIFICATIONS).map(|_| token()).collect()
    }

    async fn verify(&self) -> Duration {
        let shown = self.choose();
        let started = Instant::now();
        for token in &shown {
            self.sessions.verify(token, false, &Caller::user()).await.expect("the session lives");
        }
        started.elapsed()
    }

    async fn verify_over_http(&self) -> Duration {
        let bodies = self.choose().into_iter().map(|token| format!(r#"{{"token":"{token}","touch":false}}"#));
        let bodies: Vec<_> = bodies.collect();
        let mut connection = self.service.connect().await;
        let started = Instant::now();
        for body in &bodies {
            assert_eq!(connection.post("/v1/verify", body).await, 200);
        }
        started.elapsed()
    }
}

async fn measure(name: &str, mut arms: Vec<Arm>) {
    for round in 0..=ROUNDS {
        for arm in &mut arms {
            let (direct, over_http) = (arm.verify().await, arm.verify_over_http().await);
            // The first round only warms up.
            if round > 0 {
                arm.direct.push(direct);
                arm.over_http.push(over_http);
            }
        }
    }
    for (arm, size) in arms.iter().zip(SIZES) {
        println!(
            "| {name} | {size} | {:.2} | {:.2} | {:.1} | {:.2} |",
            nanos_each(&arm.direct, VERIFICATIONS) / 1000.0,
            median_ratio(&arm.direct, &arms[0].direct),
            nanos_each(&arm.over_http, VERIFICATIONS) / 1000.0,
            median_ratio(&arm.over_http, &arms[0].over_http),
        );
    }
}
