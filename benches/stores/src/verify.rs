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

const SIZES: [usize; 2] = [10_000, 3_000_000];
/// How many tokens are shown, spread over all sessions.
const TOKENS: usize = 10_000;
const ROUNDS: usize = 31;
const VERIFICATIONS: usize = 1000;

struct Arm {
    sessions: Sessions,
    tokens: Vec<Token>,
    rounds: Vec<Duration>,
}

pub async fn report(disk: &Path) {
    println!("| store | sessions | µs for each verification, median of {ROUNDS} | ÷ fewest sessions |");
    println!("| --- | ---: | ---: | ---: |");
    let folder = tempfile::tempdir_in(disk).expect("a folder");
    let mut arms = Vec::new();
    for size in SIZES {
        arms.push(arm(Arc::new(MemoryStore::with_capacity(size)), size).await);
    }
    measure("memory", arms).await;
    let mut arms = Vec::new();
    for size in SIZES {
        let path = folder.path().join(format!("{size}.db"));
        // Filled without waiting for the disk, and then opened as usual.
        let options = SqliteOptions::new(&path).danger_not_durable(Synchronous::Off);
        let options = options.largest_batch(NonZeroUsize::new(1024).expect("positive"));
        let tokens = fill_for(&SqliteStore::open(options).expect("a new file"), size).await;
        let store = SqliteStore::open(path).expect("the file that was filled");
        arms.push(Arm { sessions: sessions(Arc::new(store)), tokens, rounds: Vec::new() });
    }
    measure("SQLite", arms).await;
}

async fn arm(store: Arc<dyn Store>, size: usize) -> Arm {
    let tokens = fill_for(&store, size).await;
    Arm { sessions: sessions(store), tokens, rounds: Vec::new() }
}

async fn fill_for(store: &dyn Store, size: usize) -> Vec<Token> {
    fill(store, size, size / TOKENS, now().plus(Duration::from_hours(240))).await
}

fn sessions(store: Arc<dyn Store>) -> Sessions {
    let day = Duration::from_hours(24);
    let policy = Policy::builder().absolute(10 * day).idle(10 * day).renewal(10 * day).build().expect("in bounds");
    Sessions::builder().store(store).policy(policy).build().expect("a store was chosen")
}

async fn measure(name: &str, mut arms: Vec<Arm>) {
    for round in 0..=ROUNDS {
        for Arm { sessions, tokens, rounds } in &mut arms {
            let shown: Vec<&Token> =
                (0..VERIFICATIONS).map(|_| tokens.choose(&mut rand::rng()).expect("not empty")).collect();
            let started = Instant::now();
            for token in shown {
                sessions.verify(token.expose(), false, &Caller::user()).await.expect("the session lives");
            }
            // The first round only warms up.
            if round > 0 {
                rounds.push(started.elapsed());
            }
        }
    }
    for (arm, size) in arms.iter().zip(SIZES) {
        println!(
            "| {name} | {size} | {:.2} | {:.2} |",
            nanos_each(&arm.rounds, VERIFICATIONS) / 1000.0,
            median_ratio(&arm.rounds, &arms[0].rounds)
        );
    }
}
