use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use super::{
    Capabilities, ChangeStream, Checkup, Epoch, EventQuery, Expected, Outcome, Page, PageLimit, Query, Store,
    StoreError, Trail,
};
use crate::event::Event;
use crate::id::SessionId;
use crate::name::{Realm, Subject};
use crate::record::{Record, Version};
use crate::time::Timestamp;

/// A store that several hold is a store, so that stores which wrap another can wrap it.
#[async_trait]
impl<S: Store + ?Sized> Store for Arc<S> {
    fn capabilities(&self) -> Capabilities {
        (**self).capabilities()
    }

    async fn load(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
        (**self).load(realm, id).await
    }

    fn copy(&self, realm: &Realm, id: &SessionId) -> Option<Arc<Record>> {
        (**self).copy(realm, id)
    }

    fn staleness(&self) -> Duration {
        (**self).staleness()
    }

    async fn save(&self, record: &Record, expected: Expected, events: &[Event]) -> Result<Outcome, StoreError> {
        (**self).save(record, expected, events).await
    }

    async fn touch(
        &self,
        realm: &Realm,
        id: &SessionId,
        version: Version,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Outcome, StoreError> {
        (**self).touch(realm, id, version, seen_at, expires_at).await
    }

    async fn list(&self, query: &Query) -> Result<Page<Record>, StoreError> {
        (**self).list(query).await
    }

    async fn overdue(&self, by: Timestamp, limit: PageLimit) -> Result<Vec<Record>, StoreError> {
        (**self).overdue(by, limit).await
    }

    async fn events(&self, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        (**self).events(query).await
    }

    async fn append(&self, events: &[Event]) -> Result<(), StoreError> {
        (**self).append(events).await
    }

    async fn epoch(&self, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, StoreError> {
        (**self).epoch(realm, subject, raise).await
    }

    async fn settle(&self, realm: &Realm, id: Option<&SessionId>) -> Result<bool, StoreError> {
        (**self).settle(realm, id).await
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<usize, StoreError> {
        (**self).sweep(now, limit).await
    }

    async fn time(&self) -> Result<Option<Timestamp>, StoreError> {
        (**self).time().await
    }

    async fn checkup(&self) -> Result<Checkup, StoreError> {
        (**self).checkup().await
    }

    fn changes(&self) -> Option<ChangeStream> {
        (**self).changes()
    }

    fn trail(&self) -> Option<Arc<dyn Trail>> {
        (**self).trail()
    }
}
