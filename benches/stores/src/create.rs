//! Durable creates, beside one sync for each write on the same disk.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hallpass::{Caller, NewSession, Sessions, Subject};
use hallpass_sqlite::SqliteStore;

use crate::rounds::median;

const CLIENTS: usize = 64;
const ROUNDS: usize = 5;
const SYNCING: Duration = Duration::from_secs(2);
const CREATING: Duration = Duration::from_secs(4);

pub async fn report(disk: &Path) {
    let folder = tempfile::tempdir_in(disk).expect("a folder");
    let store = SqliteStore::open(folder.path().join("bench.db")).expect("a new file");
    let sessions = Sessions::builder().store(store.clone()).build().expect("a store was chosen");
    let (mut alone, mut together, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    let before = store.write_counts();
    for _ in 0..ROUNDS {
        let syncs = syncs_per_second(folder.path());
        let creates = creates_per_second(&sessions).await;
        alone.push(syncs);
        together.push(creates);
        ratios.push(creates / syncs);
    }
    let after = store.write_counts();
    let shared = (after.writes - before.writes) as f64 / (after.transactions - before.transactions) as f64;
    println!("| clients | one sync for each write, /s | durable creates, /s | ratio | creates to a transaction |");
    println!("| ---: | ---: | ---: | ---: | ---: |");
    println!("| {CLIENTS} | {:.0} | {:.0} | {:.1} | {shared:.1} |", median(alone), median(together), median(ratios));
}

/// Appends about as much as a session and its event take, and waits for the disk each time.
fn syncs_per_second(folder: &Path) -> f64 {
    let mut file = File::create(folder.join("alone")).expect("a new file");
    let started = Instant::now();
    let mut count = 0_u32;
    while started.elapsed() < SYNCING {
        file.write_all(&[0x5a; 512]).expect("room on the disk");
        file.sync_data().expect("a sync");
        count += 1;
    }
    f64::from(count) / started.elapsed().as_secs_f64()
}

async fn creates_per_second(sessions: &Sessions) -> f64 {
    let count = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let clients = (0..CLIENTS).map(|client| {
        let (sessions, count) = (sessions.clone(), Arc::clone(&count));
        tokio::spawn(async move {
            let subject = Subject::new(format!("u{client:07}")).expect("short");
            while started.elapsed() < CREATING {
                let new = NewSession::signed_in(subject.clone());
                sessions.create(new, &Caller::user()).await.expect("the store is there");
                count.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    for client in clients.collect::<Vec<_>>() {
        client.await.expect("the client ends by itself");
    }
    count.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64()
}
