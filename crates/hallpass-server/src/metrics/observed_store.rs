use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use hallpass::{
    Capabilities, ChangeStream, Checkup, Epoch, Event, EventQuery, Expected, Outcome, Page, PageLimit, Query, Realm,
    Record, SessionId, Store, StoreError, Subject, Timestamp, Trail, Version,
};
use tracing::Instrument as _;

use super::{Metrics, Operation, OperationResult};
use crate::traces::span;

/// A store whose every answer is timed.
#[derive(Debug)]
pub(crate) struct ObservedStore {
    inner: Arc<dyn Store>,
    metrics: Arc<Metrics>,
}

impl ObservedStore {
    pub(crate) fn new(inner: Arc<dyn Store>, metrics: Arc<Metrics>) -> Self {
        Self { inner, metrics }
    }

    async fn timed<T: Answer>(
        &self,
        operation: Operation,
        answer: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let started = Instant::now();
        let span = span!("store", otel.kind = "client", db.operation.name = operation.as_str());
        let answer = answer.instrument(span).await;
        let result = match &answer {
            Ok(answer) => answer.result(),
            Err(error) if error.is_unsupported() => OperationResult::Unsupported,
            Err(error) if error.is_corrupt() => OperationResult::Corrupt,
            Err(_) => OperationResult::Unavailable,
        };
        self.metrics.operated(operation, result, started.elapsed());
        answer
    }
}

trait Answer {
    fn result(&self) -> OperationResult {
        OperationResult::Ok
    }
}

impl Answer for Outcome {
    fn result(&self) -> OperationResult {
        match self {
            Self::Applied => OperationResult::Ok,
            Self::Conflict => OperationResult::Conflict,
        }
    }
}

impl<T> Answer for Option<T> {}
impl<T> Answer for Page<T> {}
impl<T> Answer for Vec<T> {}
impl Answer for () {}
impl Answer for Epoch {}
impl Answer for usize {}

#[async_trait]
impl Store for ObservedStore {
    fn capabilities(&self) -> Capabilities {
        self.inner.capabilities()
    }

    async fn load(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
        self.timed(Operation::Load, self.inner.load(realm, id)).await
    }

    fn copy(&self, realm: &Realm, id: &SessionId) -> Option<Arc<Record>> {
        self.inner.copy(realm, id)
    }

    fn staleness(&self) -> Duration {
        self.inner.staleness()
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        self.inner.time().await
    }

    async fn checkup(&self) -> Result<Checkup, StoreError> {
        self.inner.checkup().await
    }

    async fn save(&self, record: &Record, expected: Expected, events: &[Event]) -> Result<Outcome, StoreError> {
        self.timed(Operation::Save, self.inner.save(record, expected, events)).await
    }

    async fn touch(
        &self,
        realm: &Realm,
        id: &SessionId,
        version: Version,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Outcome, StoreError> {
        self.timed(Operation::Touch, self.inner.touch(realm, id, version, seen_at, expires_at)).await
    }

    async fn list(&self, query: &Query) -> Result<Page<Record>, StoreError> {
        self.timed(Operation::List, self.inner.list(query)).await
    }

    async fn overdue(&self, by: Timestamp, limit: PageLimit) -> Result<Vec<Record>, StoreError> {
        self.timed(Operation::List, self.inner.overdue(by, limit)).await
    }

    async fn events(&self, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        self.timed(Operation::Events, self.inner.events(query)).await
    }

    async fn append(&self, events: &[Event]) -> Result<(), StoreError> {
        self.timed(Operation::Append, self.inner.append(events)).await
    }

    async fn epoch(&self, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, StoreError> {
        self.timed(Operation::Epoch, self.inner.epoch(realm, subject, raise)).await
    }

    async fn settle(&self, realm: &Realm, id: Option<&SessionId>) -> Result<bool, StoreError> {
        self.inner.settle(realm, id).await
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<usize, StoreError> {
        self.timed(Operation::Sweep, self.inner.sweep(now, limit)).await
    }

    fn changes(&self) -> Option<ChangeStream> {
        self.inner.changes()
    }

    fn trail(&self) -> Option<Arc<dyn Trail>> {
        self.inner.trail()
    }
}
