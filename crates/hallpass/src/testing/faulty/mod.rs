mod calls;
mod fault;
mod gate;
mod plan;
#[cfg(test)]
mod tests;

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;

use self::plan::Plan;
use crate::event::Event;
use crate::id::SessionId;
use crate::name::{Realm, Subject};
use crate::record::{Record, Version};
use crate::store::{
    Capabilities, ChangeStream, Checkup, Epoch, EventQuery, Expected, Outcome, Page, PageLimit, Query, Store,
    StoreError, Trail,
};
use crate::time::Timestamp;

pub use self::calls::{Calls, Method};
pub use self::fault::Fault;
pub use self::gate::Gate;

/// A store that fails when a test says so, and counts what it is asked; clones fail and count together.
///
/// A call meets the first of: the outage, the next fault of the script of its method, the standing fault of its
/// method, a fault at random, none.
///
/// ```
/// use hallpass::testing::{Fault, FaultyStore, Method};
/// use hallpass::{MemoryStore, Realm, SessionId, Store};
///
/// # tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(async {
/// let store = FaultyStore::new(MemoryStore::new());
/// store.script(Method::Load, [Fault::Unavailable, Fault::None]);
///
/// let (realm, id) = (Realm::default(), SessionId::random());
/// assert!(store.load(&realm, &id).await.is_err_and(|error| error.is_unavailable()));
/// assert!(store.load(&realm, &id).await.is_ok());
/// assert_eq!((store.calls().load, store.calls().save), (2, 0));
/// # });
/// ```
#[derive(Debug)]
pub struct FaultyStore<S> {
    inner: Arc<S>,
    capabilities: Option<Capabilities>,
    plan: Arc<Plan>,
}

impl<S: Store> FaultyStore<S> {
    /// Returns a store that does what `inner` does, until it is told to fail.
    pub fn new(inner: S) -> Self {
        Self { inner: Arc::new(inner), capabilities: None, plan: Arc::default() }
    }

    /// Takes from the store what is not in `capabilities`: listing, events and changes are refused as unsupported.
    #[must_use]
    pub fn limited_to(self, capabilities: Capabilities) -> Self {
        let all = self.inner.capabilities();
        let left = Capabilities {
            list: all.list && capabilities.list,
            events: all.events && capabilities.events,
            changes: all.changes && capabilities.changes,
            shared: all.shared && capabilities.shared,
            durable: all.durable && capabilities.durable,
        };
        Self { capabilities: Some(left), ..self }
    }

    /// Returns the store behind the faults.
    pub fn inner(&self) -> &S {
        &self.inner
    }

    /// Gives the next calls of a method these faults, one each, after those that it was given before.
    ///
    /// # Panics
    ///
    /// If one is [`Fault::Conflict`] and the method cannot answer that.
    pub fn script(&self, method: Method, faults: impl IntoIterator<Item = Fault>) {
        self.plan.script(method, faults);
    }

    /// Gives every call of a method this fault, from now on until [`FaultyStore::heal`].
    ///
    /// # Panics
    ///
    /// If it is [`Fault::Conflict`] and the method cannot answer that.
    pub fn always(&self, method: Method, fault: Fault) {
        self.plan.always(method, fault);
    }

    /// Gives a share of all calls, 0 to 1, one of these faults each, from now on until [`FaultyStore::heal`].
    ///
    /// The same seed gives the same faults to the same order of calls. A [`Fault::Conflict`] at a method that cannot
    /// answer that is none.
    ///
    /// # Panics
    ///
    /// If there are no faults to choose from.
    pub fn at_random(&self, seed: u64, share: f64, faults: impl IntoIterator<Item = Fault>) {
        self.plan.at_random(seed, share, faults.into_iter().collect());
    }

    /// Makes every call unavailable before it reaches the store, or ends that.
    pub fn outage(&self, away: bool) {
        self.plan.outage(away);
    }

    /// Loses every change that the store tells of without a word, as a dead connection does, or ends that.
    pub fn lose_changes(&self, lost: bool) {
        self.plan.lose_changes(lost);
    }

    /// Has the store's own clock say this from now on, or what it says by itself.
    pub fn say_time(&self, time: Option<Timestamp>) {
        self.plan.say_time(time);
    }

    /// Stops the next call of a method at a gate, before it reaches the store.
    pub fn hold_next(&self, method: Method) -> Gate {
        let gate = Gate::new();
        self.script(method, [Fault::Hold(gate.clone())]);
        gate
    }

    /// Stops the answer to the next call of a method at a gate, when the store has done what was asked.
    pub fn hold_next_answer(&self, method: Method) -> Gate {
        let gate = Gate::new();
        self.script(method, [Fault::HoldAnswer(gate.clone())]);
        gate
    }

    /// Forgets all faults; calls that stand at a gate stay there until it is opened.
    pub fn heal(&self) {
        self.plan.heal();
    }

    /// Returns how often each method was called so far, failed calls included.
    pub fn calls(&self) -> Calls {
        self.plan.calls()
    }

    async fn meet<T>(
        &self,
        method: Method,
        conflict: Option<T>,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        match self.plan.next(method) {
            Fault::None => call.await,
            Fault::Unavailable => Err(StoreError::unavailable("the store is made to be away")),
            Fault::LostAnswer => {
                let _ = call.await;
                Err(StoreError::unavailable("the store is made to lose its answer"))
            }
            Fault::Corrupt => Err(StoreError::corrupt("the store is made to find damage")),
            Fault::Conflict => match conflict {
                Some(conflict) => Ok(conflict),
                None => call.await,
            },
            Fault::Delay(duration) => {
                tokio::time::sleep(duration).await;
                call.await
            }
            Fault::Hold(gate) => {
                gate.pass().await;
                call.await
            }
            Fault::HoldAnswer(gate) => {
                let answer = call.await;
                gate.pass().await;
                answer
            }
        }
    }

    fn present(&self) -> Result<(), StoreError> {
        if self.plan.is_away() { Err(StoreError::unavailable("the store is made to be away")) } else { Ok(()) }
    }

    fn can(&self, what: impl Fn(Capabilities) -> bool) -> bool {
        self.capabilities.is_none_or(what)
    }
}

impl<S> Clone for FaultyStore<S> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner), capabilities: self.capabilities, plan: Arc::clone(&self.plan) }
    }
}

fn unsupported<T>() -> Result<T, StoreError> {
    Err(StoreError::unsupported("the store is made to lack this"))
}

#[async_trait]
impl<S: Store> Store for FaultyStore<S> {
    fn capabilities(&self) -> Capabilities {
        self.capabilities.unwrap_or_else(|| self.inner.capabilities())
    }

    async fn load(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
        self.meet(Method::Load, None, self.inner.load(realm, id)).await
    }

    fn copy(&self, realm: &Realm, id: &SessionId) -> Option<Arc<Record>> {
        self.inner.copy(realm, id)
    }

    fn staleness(&self) -> Duration {
        self.inner.staleness()
    }

    async fn save(&self, record: &Record, expected: Expected, events: &[Event]) -> Result<Outcome, StoreError> {
        let events = if self.can(|can| can.events) { events } else { &[] };
        self.meet(Method::Save, Some(Outcome::Conflict), self.inner.save(record, expected, events)).await
    }

    async fn touch(
        &self,
        realm: &Realm,
        id: &SessionId,
        version: Version,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Outcome, StoreError> {
        let touch = self.inner.touch(realm, id, version, seen_at, expires_at);
        self.meet(Method::Touch, Some(Outcome::Conflict), touch).await
    }

    async fn list(&self, query: &Query) -> Result<Page<Record>, StoreError> {
        let able = self.can(|can| can.list);
        let list = async { if able { self.inner.list(query).await } else { unsupported() } };
        self.meet(Method::List, None, list).await
    }

    async fn overdue(&self, by: Timestamp, limit: PageLimit) -> Result<Vec<Record>, StoreError> {
        let able = self.can(|can| can.list);
        let overdue = async { if able { self.inner.overdue(by, limit).await } else { unsupported() } };
        self.meet(Method::List, None, overdue).await
    }

    async fn events(&self, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        let able = self.can(|can| can.events);
        let events = async { if able { self.inner.events(query).await } else { unsupported() } };
        self.meet(Method::Events, None, events).await
    }

    async fn append(&self, events: &[Event]) -> Result<(), StoreError> {
        let able = self.can(|can| can.events);
        let append = async { if able { self.inner.append(events).await } else { unsupported() } };
        self.meet(Method::Append, None, append).await
    }

    async fn epoch(&self, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, StoreError> {
        self.meet(Method::Epoch, None, self.inner.epoch(realm, subject, raise)).await
    }

    async fn settle(&self, realm: &Realm, id: Option<&SessionId>) -> Result<bool, StoreError> {
        self.present()?;
        self.inner.settle(realm, id).await
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<usize, StoreError> {
        self.meet(Method::Sweep, None, self.inner.sweep(now, limit)).await
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        self.present()?;
        match self.plan.time() {
            Some(time) => Ok(Some(time)),
            None => self.inner.time().await,
        }
    }

    async fn checkup(&self) -> Result<Checkup, StoreError> {
        self.present()?;
        self.inner.checkup().await
    }

    fn changes(&self) -> Option<ChangeStream> {
        if !self.can(|can| can.changes) {
            return None;
        }
        let plan = Arc::clone(&self.plan);
        let changes = self.inner.changes()?;
        Some(Box::pin(changes.filter(move |_| std::future::ready(!plan.loses_changes()))))
    }

    fn trail(&self) -> Option<Arc<dyn Trail>> {
        self.inner.trail()
    }
}
