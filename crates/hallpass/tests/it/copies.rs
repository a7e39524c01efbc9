//! A store that answers from copies: a copy may let in, and whatever else it says is asked again.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use hallpass::testing::{ManualClock, RecordingObserver};
use hallpass::{
    Caller, Capabilities, ChangeStream, EndReason, Epoch, Event, EventKind, EventQuery, Expected, Issued, MemoryStore,
    NewSession, Outcome, Page, Policy, Query, Realm, Record, ReferenceToken, SessionId, Sessions, SessionsBuilder,
    Store, StoreError, Subject, Timestamp, Version,
};

use crate::app::subject;

/// Has copies of things as they were when a test took them.
#[derive(Debug, Clone, Default)]
struct Lagging(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    store: MemoryStore,
    copies: Mutex<HashMap<SessionId, Arc<Record>>>,
}

impl Lagging {
    /// Has a copy of this session as it is now.
    async fn freeze(&self, id: &SessionId) {
        let copy = self.0.store.load(&Realm::default(), id).await.expect("memory").expect("it is there");
        self.0.copies.lock().expect("no panic").insert(*id, Arc::new(copy));
    }
}

#[async_trait]
impl Store for Lagging {
    fn capabilities(&self) -> Capabilities {
        self.0.store.capabilities()
    }

    async fn load(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
        self.0.store.load(realm, id).await
    }

    fn copy(&self, _: &Realm, id: &SessionId) -> Option<Arc<Record>> {
        self.0.copies.lock().expect("no panic").get(id).cloned()
    }

    fn staleness(&self) -> Duration {
        Duration::from_hours(1)
    }

    async fn save(&self, record: &Record, expected: Expected, events: &[Event]) -> Result<Outcome, StoreError> {
        self.0.store.save(record, expected, events).await
    }

    async fn touch(
        &self,
        realm: &Realm,
        id: &SessionId,
        version: Version,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Outcome, StoreError> {
        self.0.store.touch(realm, id, version, seen_at, expires_at).await
    }

    async fn list(&self, query: &Query) -> Result<Page<Record>, StoreError> {
        self.0.store.list(query).await
    }

    async fn events(&self, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        self.0.store.events(query).await
    }

    async fn epoch(&self, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, StoreError> {
        self.0.store.epoch(realm, subject, raise).await
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<usize, StoreError> {
        self.0.store.sweep(now, limit).await
    }

    fn changes(&self) -> Option<ChangeStream> {
        self.0.store.changes()
    }
}

/// A service on such a store.
struct Place {
    store: Lagging,
    sessions: Sessions,
    clock: ManualClock,
    observer: RecordingObserver,
}

impl Place {
    fn new() -> Self {
        Self::with(|builder| builder)
    }

    fn with(configure: impl FnOnce(SessionsBuilder) -> SessionsBuilder) -> Self {
        let (store, clock, observer) = (Lagging::default(), ManualClock::new(), RecordingObserver::new());
        let builder = Sessions::builder().store(store.clone()).clock(clock.clone()).observer(observer.clone());
        Self { store, sessions: configure(builder).build().expect("all parts"), clock, observer }
    }

    /// Signs Alice in, and uses the token once, if asked.
    async fn signed_in(&self, is_used: bool) -> Issued {
        let new = NewSession::signed_in(subject("alice"));
        let issued = self.sessions.create(new, &Caller::user()).await.expect("created");
        if is_used {
            self.verify(&issued).await.expect("it is good");
        }
        issued
    }

    async fn verify(&self, issued: &Issued) -> Result<Record, hallpass::Error> {
        let verified = self.sessions.verify(issued.token.expose(), true, &Caller::user()).await?;
        Ok(verified.record)
    }

    /// Notes a use as another node does, of which nothing is told.
    async fn use_elsewhere(&self, issued: &Issued) {
        let Record { realm, id, .. } = &issued.record;
        let record = self.store.load(realm, id).await.expect("memory").expect("it lives");
        let now = self.sessions.now();
        let expires_at = now.plus(Duration::from_mins(30));
        let touched = self.store.touch(realm, id, record.version, now, expires_at).await.expect("memory");
        assert_eq!(touched, Outcome::Applied);
    }

    async fn renew(&self, issued: &Issued) -> Issued {
        self.sessions.renew(issued.token.expose(), &Caller::user()).await.expect("renewed")
    }

    fn refusals(&self) -> usize {
        [EventKind::UnknownToken, EventKind::WrongSecret, EventKind::SpentToken, EventKind::UsedAfterEnd]
            .iter()
            .map(|kind| self.observer.count(kind))
            .sum()
    }
}

#[tokio::test]
async fn a_copy_lets_in() {
    let place = Place::new();
    let issued = place.signed_in(true).await;
    place.store.freeze(&issued.record.id).await;
    place.sessions.log_out(issued.token.expose(), &Caller::user()).await.expect("ended");
    place.verify(&issued).await.expect("as late as the copy is");
    assert_eq!(place.refusals(), 0);
}

#[tokio::test]
async fn who_asks_afresh_is_not_let_in_by_a_copy() {
    let place = Place::new();
    let issued = place.signed_in(true).await;
    place.store.freeze(&issued.record.id).await;
    let caller = Caller::user();
    place.sessions.verify_fresh(issued.token.expose(), true, &caller).await.expect("it lives");
    place.sessions.log_out(issued.token.expose(), &caller).await.expect("ended");
    let refused = place.sessions.verify_fresh(issued.token.expose(), true, &caller).await;
    assert!(refused.is_err_and(|error| error.is_inactive()));
}

#[tokio::test]
async fn a_copy_that_has_locked_does_not_lock_what_is_used_elsewhere() {
    let place = Place::with(|builder| builder.policy(Policy::builder().lock_when_idle().build().expect("a policy")));
    let issued = place.signed_in(true).await;
    place.store.freeze(&issued.record.id).await;
    place.clock.advance(Duration::from_mins(20));
    place.use_elsewhere(&issued).await;
    place.clock.advance(Duration::from_mins(20));
    assert!(!place.sessions.verify(issued.token.expose(), true, &Caller::user()).await.expect("it lives").is_locked);
}

#[tokio::test]
async fn a_copy_from_before_a_renewal_does_not_refuse_the_new_token() {
    let place = Place::new();
    let issued = place.signed_in(true).await;
    place.store.freeze(&issued.record.id).await;
    let next = place.renew(&issued).await;
    place.verify(&next).await.expect("the record knows it");
    assert_eq!(place.refusals(), 0);
}

#[tokio::test]
async fn a_copy_from_before_the_use_of_a_token_ends_nothing_and_gives_nothing() {
    let place = Place::new();
    let issued = place.signed_in(true).await;
    let next = place.renew(&issued).await;
    place.store.freeze(&issued.record.id).await;
    place.verify(&next).await.expect("used, which the copy does not know");
    place.clock.advance(Duration::from_mins(1));

    let refused = place.verify(&issued).await.expect_err("spent, as the record says");
    assert!(refused.is_inactive());
    assert_eq!(place.observer.count(&EventKind::SpentToken), 1);
    let record = place.store.load(&Realm::default(), &issued.record.id).await.expect("memory").expect("it lives");
    let token = ReferenceToken::parse(next.token.expose()).expect("ours");
    assert_eq!(record.chain.expect("it lives").generation, token.generation, "nothing moved");
}

#[tokio::test]
async fn a_first_use_is_noted_once_whatever_the_copy_says() {
    let place = Place::new();
    let issued = place.signed_in(false).await;
    place.store.freeze(&issued.record.id).await;
    let version = place.verify(&issued).await.expect("good").version;
    for _ in 0..3 {
        assert_eq!(place.verify(&issued).await.expect("good").version, version);
    }
}

#[tokio::test]
async fn a_copy_that_has_run_out_does_not_end_what_lives() {
    let place = Place::new();
    let issued = place.signed_in(true).await;
    place.store.freeze(&issued.record.id).await;
    place.clock.advance(Duration::from_mins(20));
    place.use_elsewhere(&issued).await;
    place.clock.advance(Duration::from_mins(20));
    place.verify(&issued).await.expect("seen twenty minutes ago");

    place.clock.advance(Duration::from_mins(31));
    assert!(place.verify(&issued).await.is_err_and(|error| error.is_inactive()));
    let record = place.store.load(&Realm::default(), &issued.record.id).await.expect("memory").expect("a tombstone");
    assert_eq!(record.ended.expect("ended").reason, EndReason::Idle);
}
