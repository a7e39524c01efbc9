//! A load whose every acknowledgement is noted, and what must hold after it, whatever happened on the way to the servers.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hallpass::{Expected, Outcome, Record, SessionId, Store};
use hallpass_memcached::MemcachedStore;
use parking_lot::Mutex;
use tokio::task::JoinSet;

use rig::Proxy;

use crate::support::{changed, connect, ended, record};

/// Sessions in a load, and what of them was acknowledged.
struct Load {
    acked: Mutex<HashMap<SessionId, Record>>,
    stops: AtomicBool,
    errors: AtomicUsize,
    latest: Mutex<Instant>,
}

impl Load {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            acked: Mutex::default(),
            stops: AtomicBool::new(false),
            errors: AtomicUsize::new(0),
            latest: Mutex::new(Instant::now()),
        })
    }

    /// Lives sessions in so many tasks, through the stores in turn, until told to stop.
    fn start(self: &Arc<Self>, stores: &[MemcachedStore], tasks: usize) -> JoinSet<()> {
        let mut running = JoinSet::new();
        for task in 0..tasks {
            let (load, store) = (Arc::clone(self), stores[task % stores.len()].clone());
            running.spawn(async move {
                while !load.stops.load(Ordering::Relaxed) {
                    load.live(&store).await;
                }
            });
        }
        running
    }

    async fn stop(&self, mut running: JoinSet<()>) {
        self.stops.store(true, Ordering::Relaxed);
        while let Some(task) = running.join_next().await {
            task.expect("no task of the load panics");
        }
    }

    /// Waits until a write is acknowledged, and returns how long that took.
    async fn answered(&self) -> Duration {
        let start = Instant::now();
        while *self.latest.lock() < start {
            assert!(start.elapsed() < Duration::from_secs(30), "the service does not return");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        start.elapsed()
    }

    fn count(&self) -> usize {
        self.acked.lock().len()
    }

    async fn live(&self, store: &MemcachedStore) {
        let created = record();
        let mut present = created.clone();
        let mut expected = Expected::Absent;
        for step in 0..6 {
            if self.stops.load(Ordering::Relaxed) && step < 5 {
                return;
            }
            match store.save(&present, expected, &[]).await {
                Ok(Outcome::Applied) => self.ack(&present),
                // A write that got no answer has arrived after all.
                Ok(Outcome::Conflict) => match self.recover(store, &present).await {
                    Some(stored) => present = stored,
                    None => panic!("{} is there, and is not", present.id),
                },
                Err(error) => {
                    assert!(error.is_unavailable(), "an outage is unavailable, not {error}");
                    self.errors.fetch_add(1, Ordering::Relaxed);
                    match self.recover(store, &present).await {
                        Some(stored) => present = stored,
                        // It was not written yet, and nobody has its token.
                        None => return,
                    }
                }
            }
            if present.ended.is_some() {
                return;
            }
            expected = Expected::Version(present.version);
            present = if step == 4 { ended(&present) } else { changed(&present, &format!("{{\"step\":{step}}}")) };
        }
    }

    fn ack(&self, record: &Record) {
        self.acked.lock().insert(record.id, record.clone());
        *self.latest.lock() = Instant::now();
    }

    /// Finds out what became of a write whose outcome is not known; an outage is no absence.
    async fn recover(&self, store: &MemcachedStore, tried: &Record) -> Option<Record> {
        let stored = loop {
            match store.load(&tried.realm, &tried.id).await {
                Ok(stored) => break stored,
                Err(error) => assert!(error.is_unavailable(), "an outage is unavailable, not {error}"),
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        };
        let acked = self.acked.lock().get(&tried.id).cloned();
        Self::judge(acked.as_ref(), stored.as_ref());
        stored
    }

    /// Nothing that was acknowledged may be undone.
    fn judge(acked: Option<&Record>, stored: Option<&Record>) {
        let Some(acked) = acked else { return };
        let Some(stored) = stored else { panic!("{} is lost at version {}", acked.id, acked.version.number()) };
        assert!(
            stored.version >= acked.version,
            "{} fell back from {:?} to {:?}",
            acked.id,
            acked.version,
            stored.version
        );
        assert!(acked.ended.is_none() || stored.ended.is_some(), "{} came back", acked.id);
        if stored.version == acked.version {
            assert_eq!(stored, acked, "what was acknowledged is what is stored");
        }
    }

    /// Looks at every session that was acknowledged.
    async fn judge_all(&self, store: &MemcachedStore) {
        let all: Vec<_> = self.acked.lock().values().cloned().collect();
        for acked in all {
            let stored = store.load(&acked.realm, &acked.id).await.expect("the store is back");
            Self::judge(Some(&acked), stored.as_ref());
        }
    }
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
        [&one, &other].into_iter().for_each(rig::Memcached::freeze);
        tokio::time::sleep(Duration::from_millis(700)).await;
        [&one, &other].into_iter().for_each(rig::Memcached::thaw);
        let late = load.answered().await;
        assert!(late < Duration::from_secs(2), "back only {late:?} after the servers");
        for way in &ways {
            way.cut_after(1000 + 777 * round);
            tokio::time::sleep(Duration::from_millis(100)).await;
            way.cut();
        }
    }
    load.stop(running).await;
    assert!(load.errors.load(Ordering::Relaxed) > 0, "the load met the outages");
    assert!(load.count() > 100, "the load was none: {}", load.count());
    load.judge_all(&stores[1]).await;
}
