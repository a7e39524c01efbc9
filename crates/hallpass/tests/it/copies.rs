//! A store that answers from copies: a copy may let in, and whatever else it says is asked again.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use hallpass::testing::{ManualClock, RecordingObserver};
use hallpass::{
    Caller, Capabilities, ChangeStream, EndReason, Epoch, Event, EventKind, EventQuery, Expected, Issued, MemoryStore,
    NewSession, Outcome, Page, Query, Realm, Record, ReferenceToken, SessionId, Sessions, Store, StoreError, Subject,
    Timestamp, Version,
};

use crate::app::subject;

/// Answers [`Store::load`] as things were when a test took a copy.
#[derive(Debug, Clone, Default)]
struct Lagging(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    store: MemoryStore,
    copies: Mutex<HashMap<SessionId, Option<Record>>>,
}

impl Lagging {
    /// Answers for this session from now on as it is now.
    async fn freeze(&self, id: &SessionId) {
        let copy = self.0.store.load(&Realm::default(), id).await.expect("memory");
        self.0.copies.lock().expect("no panic").insert(*id, copy);
    }
}

#[async_trait]
impl Store for Lagging {
    fn capabilities(&self) -> Capabilities {
        Capabilities { copies: true, ..self.0.store.capabilities() }
    }

    async fn load(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
        let copy = self.0.copies.lock().expect("no panic").get(id).cloned();
        match copy {
            Some(copy) => Ok(copy),
            None => self.0.store.load(realm, id).await,
        }
    }

    async fn load_fresh(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
        self.0.store.load(realm, id).await
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
        let (store, clock, observer) = (Lagging::default(), ManualClock::new(), RecordingObserver::new());
        let builder = Sessions::builder().store(store.clone()).clock(clock.clone()).observer(observer.clone());
        Self { store, sessions: builder.build().expect("all parts"), clock, observer }
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
async fn a_copy_from_before_the_session_does_not_refuse_it() {
    let place = Place::new();
    let id = place.signed_in(true).await.record.id;
    let other = place.signed_in(true).await;
    place.store.0.copies.lock().expect("no panic").insert(other.record.id, None);
    assert_eq!(place.verify(&other).await.expect("it lives").id, other.record.id);
    assert_ne!(id, other.record.id);
    assert_eq!(place.refusals(), 0, "nothing is told of what was not so");
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
    let record = place.store.load_fresh(&Realm::default(), &issued.record.id).await.expect("memory").expect("it lives");
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
    let (realm, id) = (Realm::default(), issued.record.id);
    place.clock.advance(Duration::from_mins(20));
    let record = place.store.load_fresh(&realm, &id).await.expect("memory").expect("it lives");
    let now = issued.record.seen_at.plus(Duration::from_mins(20));
    let expires_at = now.plus(Duration::from_mins(30));
    let touched = place.store.touch(&realm, &id, record.version, now, expires_at).await.expect("memory");
    assert_eq!(touched, Outcome::Applied);
    place.clock.advance(Duration::from_mins(20));
    place.verify(&issued).await.expect("seen twenty minutes ago");

    place.clock.advance(Duration::from_mins(31));
    assert!(place.verify(&issued).await.is_err_and(|error| error.is_inactive()));
    let record = place.store.load_fresh(&realm, &id).await.expect("memory").expect("a tombstone");
    assert_eq!(record.ended.expect("ended").reason, EndReason::Idle);
}
