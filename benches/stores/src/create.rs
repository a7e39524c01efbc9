//! Durable creates, beside one sync for each write on the same disk.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use hallpass::{Caller, NewSession, Sessions, Subject};
use hallpass_sqlite::SqliteStore;
use tokio::task::JoinHandle;

use crate::rounds::median;
use crate::service::Service;

const CLIENTS: usize = 64;
const ROUNDS: usize = 5;
const SYNCING: Duration = Duration::from_secs(2);
const CREATING: Duration = Duration::from_secs(4);

pub async fn report(disk: &Path) {
    let folder = tempfile::tempdir_in(disk).expect("a folder");
    let store = SqliteStore::open(folder.path().join("bench.db")).expect("a new file");
    let sessions = Sessions::builder().store(store.clone()).build().expect("a store was chosen");
    let service = Service::on_sqlite(&store).await;
    let mut alone = Vec::new();
    let mut direct = Row::default();
    let mut over_http = Row::default();
    for _ in 0..ROUNDS {
        alone.push(syncs_per_second(folder.path()));
        let alone = alone[alone.len() - 1];
        direct.measure(alone, &store, creates(&sessions)).await;
        over_http.measure(alone, &store, creates_over_http(&service)).await;
    }
    println!(
        "| {CLIENTS} clients | durable creates, /s | ÷ one sync for each write | creates to a transaction \
         | processor µs a create |"
    );
    println!("| --- | ---: | ---: | ---: | ---: |");
    println!("| one sync for each write | {:.0} | 1.0 | 1.0 | |", median(alone));
    direct.print("`Sessions::create`");
    over_http.print("`POST /v1/sessions`");
}

#[derive(Default)]
struct Row {
    rates: Vec<f64>,
    ratios: Vec<f64>,
    shared: Vec<f64>,
    micros: Vec<f64>,
}

impl Row {
    async fn measure(&mut self, alone: f64, store: &SqliteStore, creates: impl Future<Output = f64>) {
        let (before, busy_before) = (store.write_counts(), busy());
        let rate = creates.await;
        let (after, busy_after) = (store.write_counts(), busy());
        self.micros.push((busy_after - busy_before).as_secs_f64() * 1e6 / (after.writes - before.writes) as f64);
        self.rates.push(rate);
        self.ratios.push(rate / alone);
        self.shared.push((after.writes - before.writes) as f64 / (after.transactions - before.transactions) as f64);
    }

    fn print(self, name: &str) {
        let Self { rates, ratios, shared, micros } = self;
        let [rate, ratio, shared, micros] = [rates, ratios, shared, micros].map(median);
        println!("| {name} | {rate:.0} | {ratio:.1} | {shared:.1} | {micros:.0} |");
    }
}

/// Returns for how long processors have worked for this program, all its threads together: what it takes however busy the
/// machine is.
fn busy() -> Duration {
    // In hundredths of a second, fields 14 and 15 (proc(5)); what comes before may have spaces, and ends with a bracket.
    let text = std::fs::read_to_string("/proc/self/stat").expect("Linux");
    let (_, fields) = text.rsplit_once(')').expect("a name in brackets");
    let fields: Vec<&str> = fields.split_whitespace().collect();
    let ticks = |field: usize| fields[field - 3].parse::<u64>().expect("a number");
    Duration::from_millis((ticks(14) + ticks(15)) * 10)
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

async fn creates(sessions: &Sessions) -> f64 {
    let count = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let clients = (0..CLIENTS).map(|client| {
        let (sessions, count) = (sessions.clone(), Arc::clone(&count));
        let subject = Subject::new(format!("u{client:07}")).expect("short");
        tokio::spawn(async move {
            while started.elapsed() < CREATING {
                let new = NewSession::signed_in(subject.clone());
                sessions.create(new, &Caller::user()).await.expect("the store is there");
                count.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    join(clients.collect()).await;
    count.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64()
}

/// The clients run in this process too, and take their part of the processors.
async fn creates_over_http(service: &Service) -> f64 {
    let count = Arc::new(AtomicU64::new(0));
    let started = Instant::now();
    let clients = (0..CLIENTS).map(|client| {
        let (service, count) = (service.clone(), Arc::clone(&count));
        tokio::spawn(async move {
            let mut connection = service.connect().await;
            let body = format!(r#"{{"subject":"u{client:07}"}}"#);
            while started.elapsed() < CREATING {
                assert_eq!(connection.post("/v1/sessions", &body).await, 201);
                count.fetch_add(1, Ordering::Relaxed);
            }
        })
    });
    join(clients.collect()).await;
    count.load(Ordering::Relaxed) as f64 / started.elapsed().as_secs_f64()
}

async fn join(clients: Vec<JoinHandle<()>>) {
    for client in clients {
        client.await.expect("the client ends by itself");
    }
}
