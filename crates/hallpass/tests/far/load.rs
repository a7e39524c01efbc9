//! A load whose every acknowledgement is noted, and what must hold after it, whatever happened to the servers.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use hallpass::{Expected, Outcome, Record, SessionId, Store};
use parking_lot::Mutex;
use tokio::task::JoinSet;

use crate::records::{changed, ended, record_by, subject};
use crate::support::WRITES_COME_LATE;

/// How long a service may take to return; a replica that is put in place takes a few seconds.
const PATIENCE: Duration = Duration::from_secs(30);

/// A load of sessions, of one subject in each task, and what of them was acknowledged.
pub(crate) struct Load {
    acked: Mutex<HashMap<SessionId, Record>>,
    stops: AtomicBool,
    errors: AtomicUsize,
    latest: Mutex<Instant>,
}

impl Load {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            acked: Mutex::default(),
            stops: AtomicBool::new(false),
            errors: AtomicUsize::new(0),
            latest: Mutex::new(Instant::now()),
        })
    }

    /// Lives sessions in so many tasks, through the stores in turn, until told to stop.
    pub(crate) fn start<S: Store + Clone>(self: &Arc<Self>, stores: &[S], tasks: usize) -> JoinSet<()> {
        let mut running = JoinSet::new();
        for task in 0..tasks {
            let (load, store) = (Arc::clone(self), stores[task % stores.len()].clone());
            running.spawn(async move {
                while !load.stops.load(Ordering::Relaxed) {
                    load.live(&store, task).await;
                }
            });
        }
        running
    }

    /// Stops the load, which must have met an outage, and looks at every session that was acknowledged.
    pub(crate) async fn stop(&self, mut running: JoinSet<()>, store: &impl Store) {
        self.stops.store(true, Ordering::Relaxed);
        while let Some(task) = running.join_next().await {
            task.expect("no task of the load panics");
        }
        assert!(self.errors.load(Ordering::Relaxed) > 0, "the load met no outage");
        let all: Vec<_> = self.acked.lock().values().cloned().collect();
        for acked in all {
            let stored = store.load(&acked.realm, &acked.id).await.expect("the store is back");
            Self::judge(Some(&acked), stored.as_ref());
        }
    }

    /// Waits until a write is acknowledged, and returns how long that took.
    pub(crate) async fn answered(&self) -> Duration {
        let start = Instant::now();
        while *self.latest.lock() < start {
            assert!(start.elapsed() < PATIENCE, "the service does not return within {PATIENCE:?}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        start.elapsed()
    }

    pub(crate) fn count(&self) -> usize {
        self.acked.lock().len()
    }

    async fn live(&self, store: &impl Store, task: usize) {
        let created = record_by(&subject(&format!("user-{task}")));
        let mut present = created.clone();
        let mut expected = Expected::Absent;
        for step in 0..6 {
            if self.stops.load(Ordering::Relaxed) && step < 5 {
                return;
            }
            match store.save(&present, expected, &[]).await {
                Ok(Outcome::Applied) => self.ack(&present),
                // A write that got no answer has arrived after all.
                Ok(Outcome::Conflict) if WRITES_COME_LATE => match self.recover(store, &present).await {
                    Some(stored) => present = stored,
                    None => panic!("{} is there, and is not", present.id),
                },
                Ok(Outcome::Conflict) => panic!("nobody else writes to {}", present.id),
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
    async fn recover(&self, store: &impl Store, tried: &Record) -> Option<Record> {
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
}
