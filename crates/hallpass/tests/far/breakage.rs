//! Stores on a server that are broken on purpose, since tests that cannot fail prove nothing.

use std::fmt;
use std::num::NonZeroUsize;
use std::sync::Arc;

use async_trait::async_trait;
use hallpass::testing::conformance::{CASES, Handles};
use hallpass::{
    Capabilities, ChangeStream, Epoch, Event, EventQuery, Expected, Outcome, Page, Query, Realm, Record, SessionId,
    Store, StoreError, Subject, Timestamp, Version,
};

/// What any store can get wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    /// A save that finds a conflict writes all the same.
    Upserts,
    /// Compares the version in one step, and writes in the next.
    ComparesFirst,
    /// A tombstone is removed at once, and its id is free.
    KeepsNoTombstone,
}

/// A store and what can be done to it behind its back; what only stores of its kind get wrong is done here.
#[async_trait]
pub(crate) trait Victim: fmt::Debug + Send + Sync + 'static {
    fn store(&self) -> &dyn Store;

    /// Removes a record as if it had never been.
    async fn remove(&self, record: &Record);

    /// Does something to a record that was just saved.
    async fn saved(&self, record: &Record, expected: Expected) {
        let _ = (record, expected);
    }

    async fn list(&self, query: &Query) -> Result<Page<Record>, StoreError> {
        self.store().list(query).await
    }

    async fn epoch(&self, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, StoreError> {
        self.store().epoch(realm, subject, raise).await
    }
}

/// A store that is broken as its victim says, or else with this flaw.
#[derive(Debug)]
pub(crate) struct Broken<V> {
    pub(crate) victim: V,
    pub(crate) flaw: Option<Flaw>,
}

impl<V: Victim> Broken<V> {
    async fn compare_first(
        &self,
        record: &Record,
        expected: Expected,
        events: &[Event],
    ) -> Result<Outcome, StoreError> {
        let stored = self.load(&record.realm, &record.id).await?;
        let is_as_expected = match (&stored, expected) {
            (None, Expected::Absent) => true,
            (Some(stored), Expected::Version(version)) => stored.version == version && stored.ended.is_none(),
            _ => false,
        };
        if !is_as_expected {
            return Ok(Outcome::Conflict);
        }
        tokio::task::yield_now().await;
        self.overwrite(record, events).await
    }

    async fn overwrite(&self, record: &Record, events: &[Event]) -> Result<Outcome, StoreError> {
        self.victim.remove(record).await;
        self.victim.store().save(record, Expected::Absent, events).await
    }
}

#[async_trait]
impl<V: Victim> Store for Broken<V> {
    fn capabilities(&self) -> Capabilities {
        self.victim.store().capabilities()
    }

    async fn load(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
        self.victim.store().load(realm, id).await
    }

    async fn save(&self, record: &Record, expected: Expected, events: &[Event]) -> Result<Outcome, StoreError> {
        if self.flaw == Some(Flaw::ComparesFirst) {
            return self.compare_first(record, expected, events).await;
        }
        let outcome = self.victim.store().save(record, expected, events).await?;
        match self.flaw {
            Some(Flaw::Upserts) if outcome == Outcome::Conflict => return self.overwrite(record, events).await,
            Some(Flaw::KeepsNoTombstone) if record.ended.is_some() => self.victim.remove(record).await,
            _ => self.victim.saved(record, expected).await,
        }
        Ok(outcome)
    }

    async fn touch(
        &self,
        realm: &Realm,
        id: &SessionId,
        version: Version,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Outcome, StoreError> {
        self.victim.store().touch(realm, id, version, seen_at, expires_at).await
    }

    async fn list(&self, query: &Query) -> Result<Page<Record>, StoreError> {
        self.victim.list(query).await
    }

    async fn events(&self, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        self.victim.store().events(query).await
    }

    async fn epoch(&self, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, StoreError> {
        self.victim.epoch(realm, subject, raise).await
    }

    async fn settle(&self, realm: &Realm, id: Option<&SessionId>) -> Result<bool, StoreError> {
        self.victim.store().settle(realm, id).await
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<usize, StoreError> {
        self.victim.store().sweep(now, limit).await
    }

    fn changes(&self) -> Option<ChangeStream> {
        self.victim.store().changes()
    }
}

/// Checks that a store which is broken so is caught by at least one of the cases of these names.
pub(crate) async fn assert_caught<V: Victim>(flaw: Option<Flaw>, names: &[&str], victim: impl AsyncFn() -> V) {
    let mut caught = 0;
    let mut shown = String::new();
    for name in names {
        let case = CASES.iter().find(|case| case.name() == *name).expect("a case of this name");
        let one = Broken { victim: victim().await, flaw };
        let other = Broken { victim: victim().await, flaw };
        shown = format!("{one:?}");
        let handles = Handles::two(Arc::new(one), Arc::new(other)).expiring_by_itself();
        caught += usize::from(case.check(handles).await.is_err());
    }
    assert!(caught > 0, "{shown} is not caught by {names:?}");
}
