use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_postgres::Row;
use tokio_postgres::types::{ToSql, Type};

use crate::connection::{Live, Purpose, Recipe};
use crate::error::Fault;
use crate::statement::Named;

/// How long after a connection failed nobody tries again: who comes meanwhile is told what happened.
const PAUSE: Duration = Duration::from_millis(100);

/// A few connections, over which all questions are spread; one that is lost is made anew by who needs it next.
pub(crate) struct Connections {
    recipe: Arc<Recipe>,
    slots: Box<[Slot]>,
    next: AtomicUsize,
    is_durable: AtomicBool,
    hears: AtomicBool,
}

#[derive(Default)]
struct Slot {
    live: Mutex<Option<Arc<Live>>>,
    /// Held by who connects; tells how and when that failed last.
    gate: tokio::sync::Mutex<Option<(Instant, Arc<Fault>)>>,
}

impl Slot {
    fn live(&self) -> Option<Arc<Live>> {
        self.live.lock().as_ref().filter(|live| !live.is_closed()).map(Arc::clone)
    }

    fn forget(&self, which: &Arc<Live>) {
        let mut live = self.live.lock();
        if live.as_ref().is_some_and(|present| Arc::ptr_eq(present, which)) {
            *live = None;
        }
    }
}

impl Connections {
    pub(crate) fn new(recipe: Arc<Recipe>, count: NonZeroUsize) -> Self {
        let slots = (0..count.get()).map(|_| Slot::default()).collect();
        Self {
            recipe,
            slots,
            next: AtomicUsize::new(0),
            is_durable: AtomicBool::new(false),
            hears: AtomicBool::new(false),
        }
    }

    pub(crate) fn server(&self) -> &Arc<str> {
        &self.recipe.server
    }

    pub(crate) fn recipe(&self) -> &Arc<Recipe> {
        &self.recipe
    }

    pub(crate) fn is_durable(&self) -> bool {
        self.is_durable.load(Ordering::Relaxed)
    }

    /// Tells whether there is a way to hear news.
    pub(crate) fn hears(&self) -> bool {
        self.hears.load(Ordering::Relaxed)
    }

    /// Asks what changes nothing; asks once more if the connection is lost meanwhile.
    pub(crate) async fn read(&self, named: Named, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Fault> {
        let deadline = self.deadline();
        match self.on_one(deadline, |live| async move { live.ask(named, params).await }).await {
            Err(fault) if fault.is_lost() => {
                self.on_one(deadline, |live| async move { live.ask(named, params).await }).await
            }
            result => result,
        }
    }

    /// As [`read`](Self::read), by a statement that is planned for these values.
    pub(crate) async fn read_once(&self, sql: &str, params: &[(&(dyn ToSql + Sync), Type)]) -> Result<Vec<Row>, Fault> {
        match self.write_once(sql, params).await {
            Err(fault) if fault.is_lost() => self.write_once(sql, params).await,
            result => result,
        }
    }

    /// Has something changed; never twice, since a connection that is lost leaves it open whether that happened.
    pub(crate) async fn write(&self, named: Named, params: &[&(dyn ToSql + Sync)]) -> Result<Vec<Row>, Fault> {
        self.on_one(self.deadline(), |live| async move { live.ask(named, params).await }).await
    }

    /// As [`write`](Self::write), by a statement that is planned for these values.
    pub(crate) async fn write_once(
        &self,
        sql: &str,
        params: &[(&(dyn ToSql + Sync), Type)],
    ) -> Result<Vec<Row>, Fault> {
        self.on_one(self.deadline(), |live| async move { live.ask_once(sql, params).await }).await
    }

    fn deadline(&self) -> Instant {
        Instant::now() + self.recipe.timeout
    }

    async fn on_one<T, F>(&self, deadline: Instant, work: impl FnOnce(Arc<Live>) -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, Fault>>,
    {
        let late = |_| Fault::Slow(self.recipe.timeout);
        let (slot, live) = timeout_at(deadline, self.one()).await.map_err(late)??;
        let result = timeout_at(deadline, work(Arc::clone(&live))).await.unwrap_or_else(|elapsed| Err(late(elapsed)));
        if result.as_ref().err().is_some_and(Fault::is_distrusted) {
            slot.forget(&live);
        }
        result
    }

    fn any(&self) -> Option<(&Slot, Arc<Live>)> {
        self.slots.iter().find_map(|slot| Some((slot, slot.live()?)))
    }

    /// Returns a connection; another one than the next in turn if that would have to be waited for.
    async fn one(&self) -> Result<(&Slot, Arc<Live>), Fault> {
        let turn = self.next.fetch_add(1, Ordering::Relaxed);
        let slot = &self.slots[turn % self.slots.len()];
        if let Some(live) = slot.live() {
            return Ok((slot, live));
        }
        let mut gate = match slot.gate.try_lock() {
            Ok(gate) => gate,
            Err(_) => match self.any() {
                Some(other) => return Ok(other),
                None => slot.gate.lock().await,
            },
        };
        if let Some(live) = slot.live() {
            return Ok((slot, live)); // made while this waited
        }
        if let Some((at, fault)) = &*gate
            && at.elapsed() < PAUSE
        {
            let fault = Fault::Recent(Arc::clone(fault));
            return self.any().ok_or(fault);
        }
        // A pool may have none to give; where others are at hand, they are not kept waiting for it.
        let other = self.any();
        let patience = if other.is_some() { self.recipe.timeout / 3 } else { self.recipe.timeout };
        let made = timeout(patience, self.recipe.connect(Purpose::Calls)).await;
        match made.unwrap_or(Err(Fault::Slow(patience))) {
            Ok(live) => {
                *gate = None;
                self.is_durable.store(live.answers.is_durable, Ordering::Relaxed);
                self.hears.store(self.recipe.hears(live.hears), Ordering::Relaxed);
                let live = Arc::new(live);
                *slot.live.lock() = Some(Arc::clone(&live));
                Ok((slot, live))
            }
            Err(fault) => {
                let fault = Arc::new(fault);
                tracing::warn!(target: "hallpass::postgres", server = %self.recipe.server, error = %fault, "no connection");
                *gate = Some((Instant::now(), Arc::clone(&fault)));
                other.ok_or(Fault::Recent(fault))
            }
        }
    }
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections")
            .field("server", self.server())
            .field("count", &self.slots.len())
            .finish_non_exhaustive()
    }
}
