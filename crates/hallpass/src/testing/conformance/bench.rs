use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use tokio::sync::Barrier;

use super::handles::Handles;
use super::sample;
use crate::event::{Event, EventId, EventKind};
use crate::id::SessionId;
use crate::name::{Realm, Subject};
use crate::record::{Record, Version};
use crate::store::{Capabilities, Cursor, EventQuery, Expected, Outcome, Page, PageLimit, Query, Store, StoreError};
use crate::time::Timestamp;

/// How often a race is run: enough that one that can be lost is, and few enough for a server over a network.
pub(super) const ROUNDS: usize = 20;

/// What a case works with: the store, and a realm that no other case uses.
#[derive(Clone)]
pub(super) struct Bench {
    pub(super) handles: Handles,
    pub(super) realm: Realm,
    /// The present, which servers that expire records by themselves go by; in whole seconds, so that no rounding
    /// hides behind it.
    pub(super) now: Timestamp,
}

impl Bench {
    pub(super) fn new(handles: Handles) -> Self {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("the machine's clock is past 1970");
        let now = Timestamp::UNIX_EPOCH.plus(Duration::from_secs(since.as_secs()));
        Self { handles, realm: sample::realm(), now }
    }

    /// Returns the handle that cases use when they do not race.
    pub(super) fn store(&self) -> &Arc<dyn Store> {
        self.handles.store(0)
    }

    /// Returns the handle through which another process would look.
    pub(super) fn elsewhere(&self) -> &Arc<dyn Store> {
        self.handles.store(1)
    }

    pub(super) fn capabilities(&self) -> Capabilities {
        self.store().capabilities()
    }

    /// Returns a living record of nobody, with all that can be left out left out.
    pub(super) fn record(&self) -> Record {
        sample::least(self.realm.clone(), self.now)
    }

    /// Returns a living record of this subject.
    pub(super) fn record_of(&self, subject: &Subject) -> Record {
        Record { subject: Some(subject.clone()), ..self.record() }
    }

    /// Saves records that must not exist yet.
    pub(super) async fn create<'a>(&self, records: impl IntoIterator<Item = &'a Record>) {
        for record in records {
            let outcome = self.save(record, Expected::Absent).await;
            assert_eq!(outcome, Outcome::Applied, "a record that does not exist yet must be created");
        }
    }

    /// Saves the next version of a record that must be there as it is in `before`.
    pub(super) async fn update(&self, before: &Record, change: impl FnOnce(&mut Record)) -> Record {
        let after = sample::next(before, change);
        let outcome = self.save(&after, Expected::Version(before.version)).await;
        assert_eq!(outcome, Outcome::Applied, "a save that expects the stored version must be applied");
        after
    }

    pub(super) async fn end(&self, before: &Record) -> Record {
        self.update(before, |record| sample::end(record, self.now)).await
    }

    pub(super) async fn save(&self, record: &Record, expected: Expected) -> Outcome {
        self.save_with(record, expected, &[]).await
    }

    pub(super) async fn save_with(&self, record: &Record, expected: Expected, events: &[Event]) -> Outcome {
        answer("save", self.store().save(record, expected, events).await)
    }

    pub(super) async fn touch(&self, record: &Record, seen_at: Timestamp, expires_at: Timestamp) -> Outcome {
        answer("touch", self.store().touch(&record.realm, &record.id, record.version, seen_at, expires_at).await)
    }

    pub(super) async fn load(&self, id: &SessionId) -> Option<Record> {
        self.load_from(self.store(), id).await
    }

    pub(super) async fn load_from(&self, store: &Arc<dyn Store>, id: &SessionId) -> Option<Record> {
        answer("load", store.load(&self.realm, id).await)
    }

    /// Asserts that this record is stored, in every field, seen from both handles.
    pub(super) async fn assert_stored(&self, expected: &Record) {
        for store in [self.store(), self.elsewhere()] {
            let found = self.load_from(store, &expected.id).await;
            sample::assert_same(found.as_ref(), expected);
        }
    }

    pub(super) async fn assert_absent(&self, id: &SessionId) {
        for store in [self.store(), self.elsewhere()] {
            let found = self.load_from(store, id).await;
            assert_eq!(found.map(|record| record.version), None, "there must be no record under this id");
        }
    }

    /// Returns whether the store lists; if it says that it does not, asserts that it refuses.
    pub(super) async fn lists(&self) -> bool {
        if !self.capabilities().list {
            assert_unsupported("list", &self.store().list(&self.query()).await);
        }
        self.capabilities().list
    }

    /// Returns whether the store keeps events; if it says that it does not, asserts that it refuses.
    pub(super) async fn keeps_events(&self) -> bool {
        if !self.capabilities().events {
            assert_unsupported("events", &self.store().events(&self.event_query()).await);
        }
        self.capabilities().events
    }

    /// Returns the question for all records of this case.
    pub(super) fn query(&self) -> Query {
        Query { realm: Some(self.realm.clone()), ..Query::default() }
    }

    pub(super) fn query_of(&self, subject: &Subject) -> Query {
        Query::of_subject(self.realm.clone(), subject.clone())
    }

    pub(super) async fn page(&self, query: &Query) -> Page<Record> {
        let page = answer("list", self.store().list(query).await);
        let (most, found) = (query.limit.number(), page.items.len());
        assert!(found <= most, "a page of at most {most} records has {found}");
        page
    }

    /// Returns all records that match, page by page.
    pub(super) async fn list(&self, query: &Query) -> Vec<Record> {
        let (mut query, mut found) = (query.clone(), Vec::new());
        loop {
            let page = self.page(&query).await;
            let last = query.after.take();
            query.after = going_on(last.as_ref(), page.next, &page.items);
            found.extend(page.items);
            if query.after.is_none() {
                return found;
            }
        }
    }

    /// Asserts that the store lists these records, in this order, each as it was saved.
    pub(super) async fn assert_listed(&self, query: &Query, expected: &[Record], what: &str) {
        sample::assert_listed(&self.list(query).await, expected, what);
    }

    pub(super) async fn ids(&self, query: &Query) -> Vec<SessionId> {
        self.list(query).await.into_iter().map(|record| record.id).collect()
    }

    /// Returns the question for all events of this case.
    pub(super) fn event_query(&self) -> EventQuery {
        EventQuery { realm: Some(self.realm.clone()), ..EventQuery::default() }
    }

    pub(super) async fn event_page(&self, query: &EventQuery) -> Page<Event> {
        let page = answer("events", self.store().events(query).await);
        let (most, found) = (query.limit.number(), page.items.len());
        assert!(found <= most, "a page of at most {most} events has {found}");
        page
    }

    /// Returns all events that match, page by page.
    pub(super) async fn events(&self, query: &EventQuery) -> Vec<Event> {
        let (mut query, mut found) = (query.clone(), Vec::new());
        let mut last = None;
        loop {
            let page = self.event_page(&query).await;
            last = going_on(last.as_ref(), page.next, &page.items);
            found.extend(page.items);
            let Some(cursor) = &last else { return found };
            query.after = Some(cursor.event().expect("the cursor of a page of events names an event"));
        }
    }

    pub(super) async fn event_ids(&self, query: &EventQuery) -> Vec<EventId> {
        self.events(query).await.into_iter().map(|event| event.id).collect()
    }

    /// Returns an event that happened now to a session.
    pub(super) fn event(&self, kind: EventKind, record: &Record) -> Event {
        let mut event = Event::new(kind, record.realm.clone(), self.now);
        event.session = Some(record.id);
        event.subject.clone_from(&record.subject);
        event
    }

    /// Runs so many tasks that start at the same moment, through one handle and the other in turn.
    pub(super) async fn at_once<T, F>(&self, count: usize, task: impl Fn(Self, usize) -> F) -> Vec<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let start = Arc::new(Barrier::new(count));
        let tasks: Vec<_> = (0..count)
            .map(|index| {
                let start = Arc::clone(&start);
                let task = task(self.through(index), index);
                tokio::spawn(async move {
                    start.wait().await;
                    task.await
                })
            })
            .collect();
        let mut results = Vec::new();
        for task in tasks {
            results.push(joined(task.await));
        }
        results
    }

    /// Returns the same bench with the other handle first, for every second `index`.
    fn through(&self, index: usize) -> Self {
        let [one, other] = [0, 1].map(|handle| Arc::clone(self.handles.store(handle + index)));
        Self { handles: Handles::two(one, other), ..self.clone() }
    }
}

/// Returns what a store answered; an error fails the case.
#[track_caller]
pub(super) fn answer<T>(method: &str, result: Result<T, StoreError>) -> T {
    match result {
        Ok(answer) => answer,
        Err(error) => panic!("{method} must answer, and fails: {error}"),
    }
}

/// Returns what a task returned; if it panicked, its panic is this one's.
pub(super) fn joined<T>(result: Result<T, tokio::task::JoinError>) -> T {
    match result {
        Ok(value) => value,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(error) => panic!("a task of the case did not end: {error}"),
        },
    }
}

/// Returns the cursor to go on from; a listing that does not get on fails the case instead of running for ever.
fn going_on<T>(last: Option<&Cursor>, next: Option<Cursor>, items: &[T]) -> Option<Cursor> {
    if let (Some(last), Some(next)) = (last, &next) {
        assert!(last != next || !items.is_empty(), "a listing must get on, and stays at {next}");
        assert!(last != next, "a listing must get on, and gives the same items after {next} again");
    }
    next
}

#[track_caller]
fn assert_unsupported<T>(method: &str, result: &Result<T, StoreError>) {
    let refused = result.as_ref().is_err_and(StoreError::is_unsupported);
    assert!(refused, "without the capability, {method} must fail as unsupported");
}

pub(super) fn limit(number: u16) -> PageLimit {
    PageLimit::new(number).expect("1 to 1,000")
}

/// Returns the attributes of a record that counts something.
pub(super) fn counting(number: u64) -> Bytes {
    Bytes::from(format!("{{\"n\":{number}}}"))
}

pub(super) fn counted(record: &Record) -> u64 {
    let text = std::str::from_utf8(&record.data).ok();
    let number = text.and_then(|text| text.strip_prefix("{\"n\":")?.strip_suffix('}')?.parse().ok());
    number.unwrap_or_else(|| panic!("the attributes of version {} are not those saved", record.version.number()))
}

pub(super) fn version(number: u64) -> Version {
    Version::new(number)
}
