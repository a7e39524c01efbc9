use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use hallpass::{
    Capabilities, Change, ChangeStream, Epoch, Event, EventQuery, Expected, Outcome, Page, PageLimit, Query, Realm,
    Record, SWEEP_MARGIN, SessionId, Store, StoreError, Subject, Timestamp, Version,
};
use parking_lot::Mutex;
use tokio::sync::broadcast;

use super::flaw::Flaw;

pub(super) type Key = (Realm, SessionId);

/// A store that is right because it is plain, but for its flaw, if it has one.
#[derive(Debug)]
pub(crate) struct PlainStore {
    flaw: Option<Flaw>,
    capabilities: Capabilities,
    pub(super) away: AtomicBool,
    pub(super) locked: AtomicBool,
    pub(super) state: Mutex<State>,
    news: broadcast::Sender<Change>,
}

#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) records: HashMap<Key, Record>,
    /// What an index knows of each record; only flaws let it differ from the record.
    pub(super) index: HashMap<Key, Record>,
    /// What a replica that lags behind by one write has.
    pub(super) replica: HashMap<Key, Record>,
    /// What was read before, where a flaw has copies.
    pub(super) copies: HashMap<Key, Arc<Record>>,
    pub(super) events: Vec<Event>,
    epochs: HashMap<(Realm, Subject), Epoch>,
}

impl PlainStore {
    pub(crate) fn new(flaw: Option<Flaw>, capabilities: Capabilities) -> Self {
        Self {
            flaw,
            capabilities,
            away: AtomicBool::default(),
            locked: AtomicBool::default(),
            state: Mutex::default(),
            news: broadcast::Sender::new(1_000),
        }
    }

    /// Returns how many listen to its news.
    pub(crate) fn listeners(&self) -> usize {
        self.news.receiver_count()
    }

    /// Takes the store away, or gives it back.
    pub(crate) fn outage(&self, away: bool) {
        self.away.store(away, Ordering::SeqCst);
    }

    pub(super) fn is(&self, flaw: Flaw) -> bool {
        self.flaw == Some(flaw)
    }

    pub(super) fn key(&self, realm: &Realm, id: &SessionId) -> Key {
        (if self.is(Flaw::RealmIgnored) { Realm::default() } else { realm.clone() }, *id)
    }

    /// Returns the error of an outage while there is one, or what the flaw answers instead.
    pub(super) fn outage_or<T>(&self, answers: &[(Flaw, T)]) -> Option<Result<T, StoreError>>
    where
        T: Clone,
    {
        if !self.away.load(Ordering::SeqCst) {
            return None;
        }
        if self.is(Flaw::OutageIsUnsupported) {
            return Some(Err(StoreError::unsupported("no connection")));
        }
        let answer = answers.iter().find(|(flaw, _)| self.is(*flaw)).map(|(_, answer)| answer.clone());
        Some(answer.ok_or_else(|| StoreError::unavailable("away")))
    }

    pub(super) fn tell(&self, record: &Record) {
        let silent = self.is(Flaw::NewsIsNeverTold) || record.ended.is_some() && self.is(Flaw::NewsOfEndsIsNotTold);
        if !silent {
            // Nobody may be listening.
            let _ = self.news.send(Change::Session { realm: record.realm.clone(), id: record.id });
        }
    }
}

/// Lets others in between two steps that should be one.
pub(super) async fn pause() {
    tokio::time::sleep(Duration::from_millis(1)).await;
}

#[async_trait]
impl Store for PlainStore {
    fn capabilities(&self) -> Capabilities {
        self.capabilities
    }

    async fn load(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
        if let Some(answer) = self.outage_or(&[(Flaw::OutageLoadsNothing, None)]) {
            return answer;
        }
        if self.is(Flaw::LoadsAreCopies)
            && let Some(copy) = self.copy(realm, id)
        {
            return Ok(Some(Arc::unwrap_or_clone(copy)));
        }
        let found = self.read(realm, id)?;
        self.keep_copy(realm, id, found.as_ref()).await;
        Ok(found)
    }

    fn copy(&self, realm: &Realm, id: &SessionId) -> Option<Arc<Record>> {
        self.state.lock().copies.get(&self.key(realm, id)).cloned()
    }

    async fn save(&self, record: &Record, expected: Expected, events: &[Event]) -> Result<Outcome, StoreError> {
        let answers =
            [(Flaw::OutageAcknowledgesSaves, Outcome::Applied), (Flaw::OutageAnswersConflict, Outcome::Conflict)];
        if let Some(answer) = self.outage_or(&answers) {
            return answer;
        }
        let events = if self.capabilities.events { events } else { &[] };
        self.write(record, expected, events).await
    }

    async fn touch(
        &self,
        realm: &Realm,
        id: &SessionId,
        version: Version,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Outcome, StoreError> {
        if let Some(answer) = self.outage_or(&[(Flaw::OutageAnswersConflict, Outcome::Conflict)]) {
            return answer;
        }
        Ok(self.move_times(&self.key(realm, id), version, seen_at, expires_at).await)
    }

    async fn list(&self, query: &Query) -> Result<Page<Record>, StoreError> {
        if !self.capabilities.list {
            let empty = self.is(Flaw::ListIsEmptyWithoutTheCapability).then(Page::empty);
            return empty.ok_or_else(|| StoreError::unsupported("no listing"));
        }
        if let Some(answer) = self.outage_or(&[(Flaw::OutageListsNothing, Page::empty())]) {
            return answer;
        }
        self.page(query)
    }

    async fn overdue(&self, by: Timestamp, limit: PageLimit) -> Result<Vec<Record>, StoreError> {
        let mut query = Query::default();
        query.limit = if self.is(Flaw::OverdueIgnoresItsLimit) { PageLimit::MOST } else { limit };
        query.expires_by = (!self.is(Flaw::OverdueTellsWhatLives)).then_some(by);
        query.ended = (!self.is(Flaw::OverdueTellsTheEnded)).then_some(false);
        let mut records = self.list(&query).await?.items;
        if self.is(Flaw::OverdueOfOneRealm) {
            let first = records.first().map(|record| record.realm.clone());
            records.retain(|record| Some(&record.realm) == first.as_ref());
        }
        Ok(records)
    }

    async fn events(&self, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        if !self.capabilities.events {
            return Err(StoreError::unsupported("no events"));
        }
        if let Some(answer) = self.outage_or(&[(Flaw::OutageListsNothing, Page::empty())]) {
            return answer;
        }
        Ok(self.event_page(query))
    }

    async fn append(&self, events: &[Event]) -> Result<(), StoreError> {
        if !self.capabilities.events {
            return Err(StoreError::unsupported("no events"));
        }
        if let Some(answer) = self.outage_or(&[(Flaw::OutageAcknowledgesSaves, ())]) {
            return answer;
        }
        if !self.is(Flaw::AppendedEventsAreLost) {
            self.state.lock().events.extend_from_slice(events);
        }
        Ok(())
    }

    async fn epoch(&self, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, StoreError> {
        if let Some(answer) = self.outage_or(&[(Flaw::OutageStartsEpochsOver, Epoch(0))]) {
            return answer;
        }
        let realm = if self.is(Flaw::EpochIgnoresTheRealm) { Realm::default() } else { realm.clone() };
        let one = || Subject::new("everybody").expect("short");
        let subject = if self.is(Flaw::EpochOfAllSubjects) { one() } else { subject.clone() };
        let key = (realm, subject);
        let raise = raise || self.is(Flaw::AskingRaises);
        let before = self.state.lock().epochs.get(&key).copied().unwrap_or_default();
        if self.is(Flaw::EpochIsTwoSteps) {
            pause().await;
            let after = Epoch(before.0 + u64::from(raise));
            self.state.lock().epochs.insert(key, after);
            return Ok(after);
        }
        let mut state = self.state.lock();
        let epoch = state.epochs.entry(key).or_default();
        epoch.0 += u64::from(raise);
        Ok(*epoch)
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<usize, StoreError> {
        if let Some(answer) = self.outage_or(&[]) {
            return answer;
        }
        if self.is(Flaw::SweepForgetsNothing) {
            return Ok(0);
        }
        let before = if self.is(Flaw::SweepWithoutMargin) { now } else { now.minus(SWEEP_MARGIN) };
        let limit = if self.is(Flaw::SweepIgnoresItsLimit) { usize::MAX } else { limit.get() };
        let by_first = self.is(Flaw::SweepByTheFirstDeadline);
        let spared = |record: &Record| self.is(Flaw::SweepSparesTombstones) && record.ended.is_some();
        let overdue = |state: &State| -> Vec<Key> {
            let source = if by_first { &state.index } else { &state.records };
            let due = source.iter().filter(|(_, record)| record.expires_at < before && !spared(record));
            due.map(|(key, _)| key.clone()).take(limit).collect()
        };
        let chosen = if self.is(Flaw::SweepIsTwoSteps) {
            let chosen = overdue(&self.state.lock());
            pause().await;
            Some(chosen)
        } else {
            None
        };
        let mut state = self.state.lock();
        let chosen = chosen.unwrap_or_else(|| overdue(&state));
        for key in &chosen {
            state.copies.remove(key);
            state.index.remove(key);
            let forgotten = state.records.remove(key);
            if let Some(subject) =
                forgotten.and_then(|record| record.subject).filter(|_| self.is(Flaw::SweepForgetsEpochs))
            {
                state.epochs.remove(&(key.0.clone(), subject));
            }
        }
        Ok(if self.is(Flaw::SweepMiscounts) { chosen.len().min(1) } else { chosen.len() })
    }

    fn changes(&self) -> Option<ChangeStream> {
        if !self.capabilities.changes && !self.is(Flaw::NewsWithoutTheCapability) {
            return None;
        }
        let news = self.news.subscribe();
        Some(Box::pin(futures_util::stream::unfold(news, async |mut news| match news.recv().await {
            Ok(change) => Some((change, news)),
            Err(broadcast::error::RecvError::Lagged(_)) => Some((Change::Hole, news)),
            Err(broadcast::error::RecvError::Closed) => None,
        })))
    }
}
