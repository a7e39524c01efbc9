//! Two services with a cache each before one server: what ends at one is soon over at the other, for every kind of server.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use hallpass::testing::conformance::Handles;
use hallpass::{
    Caller, Capabilities, ChangeStream, Epoch, Event, EventQuery, Expected, Issued, NewSession, Outcome, Page, Query,
    Realm, Record, Revocation, SessionId, Sessions, Store, StoreError, Subject, Tiered, Timestamp, Version,
};
use rig::Proxy;
use tokio::time::{Instant, sleep};

/// How much later than it is something may be seen on a busy machine.
const MARGIN: Duration = Duration::from_millis(500);
const PATIENCE: Duration = Duration::from_secs(20);
const PAUSE: Duration = Duration::from_millis(2);

/// Puts a cache before each of two ways to one server.
pub(crate) async fn handles(one: impl Store, other: impl Store) -> Handles {
    Handles::two(cached(one).await, cached(other).await)
}

/// Puts a cache before a store, and waits until copies are let in with.
async fn cached<S: Store>(far: S) -> Arc<Tiered<S>> {
    let near = Arc::new(Tiered::new(far));
    become_whole(&near).await;
    near
}

async fn become_whole<S: Store>(near: &Tiered<S>) {
    let began = Instant::now();
    while !near.is_whole() {
        assert!(began.elapsed() < PATIENCE, "no heartbeat comes back");
        sleep(PAUSE).await;
    }
}

/// A session is revoked at one service, and its copy at the other is gone as soon as it is told.
pub(crate) async fn assert_an_end_takes_the_copy_away<S: Store>(one: S, other: S) {
    let (one, other) = (cached(one).await, cached(other).await);
    let session = at_hand(&one, &other).await;
    revoke(&one, &session).await;
    assert_gone_within(Duration::from_millis(1500), &other, &session).await;
}

/// The same while the other hears nothing; afterwards it has copies again.
pub(crate) async fn assert_an_end_takes_the_copy_away_without_news<S: Store>(one: S, other: S, ear: S, wire: Proxy) {
    let (one, other) = (cached(one).await, cached(Hearing { store: other, ear }).await);
    let session = at_hand(&one, &other).await;
    wire.swallow(true);
    revoke(&one, &session).await;
    assert_gone_within(Tiered::<S>::BOUND + MARGIN, &other, &session).await;
    let next = begin(&one).await;
    for _ in 0..3 {
        verify(&other, &next).await;
        assert!(copy(&other, &next).is_none(), "nothing is let in with while nothing is heard");
    }
    wire.forget();
    become_whole(&other).await;
    at_hand(&one, &other).await;
}

/// Begins a session at one service, and uses it at the other until a copy is there.
async fn at_hand(one: &Arc<impl Store>, other: &Arc<impl Store>) -> Issued {
    let session = begin(one).await;
    let began = Instant::now();
    while copy(other, &session).is_none() {
        assert!(began.elapsed() < PATIENCE, "no copy is made");
        verify(other, &session).await;
    }
    session
}

async fn begin(store: &Arc<impl Store>) -> Issued {
    let new = NewSession::signed_in(Subject::new("ann").expect("a subject"));
    sessions(store).create(new, &Caller::user()).await.expect("the store is there")
}

async fn verify(store: &Arc<impl Store>, session: &Issued) {
    sessions(store).verify(session.token.expose(), false, &Caller::user()).await.expect("it lives");
}

async fn revoke(store: &Arc<impl Store>, session: &Issued) {
    let revoked = sessions(store).revoke(&session.record.id, &Revocation::default()).await;
    assert!(revoked.expect("the store is there"));
}

fn copy(store: &impl Store, session: &Issued) -> Option<Arc<Record>> {
    store.copy(&session.record.realm, &session.record.id)
}

fn sessions(store: &Arc<impl Store>) -> Sessions {
    Sessions::builder().store(Arc::clone(store)).build().expect("all parts")
}

async fn assert_gone_within(limit: Duration, store: &Arc<impl Store>, session: &Issued) {
    let ended = Instant::now();
    while copy(store, session).is_some() {
        assert!(ended.elapsed() <= limit, "its copy is let in with for longer than {limit:?}");
        sleep(PAUSE).await;
    }
    let refused = sessions(store).verify(session.token.expose(), false, &Caller::user()).await;
    assert!(refused.is_err_and(|error| error.is_inactive()));
}

/// A store that hears of changes by a way of its own, which can be cut while the other is not.
#[derive(Debug)]
struct Hearing<S> {
    store: S,
    ear: S,
}

#[async_trait]
impl<S: Store> Store for Hearing<S> {
    fn capabilities(&self) -> Capabilities {
        self.store.capabilities()
    }

    async fn load(&self, realm: &Realm, id: &SessionId) -> Result<Option<Record>, StoreError> {
        self.store.load(realm, id).await
    }

    async fn save(&self, record: &Record, expected: Expected, events: &[Event]) -> Result<Outcome, StoreError> {
        self.store.save(record, expected, events).await
    }

    async fn touch(
        &self,
        realm: &Realm,
        id: &SessionId,
        version: Version,
        seen_at: Timestamp,
        expires_at: Timestamp,
    ) -> Result<Outcome, StoreError> {
        self.store.touch(realm, id, version, seen_at, expires_at).await
    }

    async fn list(&self, query: &Query) -> Result<Page<Record>, StoreError> {
        self.store.list(query).await
    }

    async fn events(&self, query: &EventQuery) -> Result<Page<Event>, StoreError> {
        self.store.events(query).await
    }

    async fn epoch(&self, realm: &Realm, subject: &Subject, raise: bool) -> Result<Epoch, StoreError> {
        self.store.epoch(realm, subject, raise).await
    }

    async fn settle(&self, realm: &Realm, id: Option<&SessionId>) -> Result<bool, StoreError> {
        self.store.settle(realm, id).await
    }

    async fn sweep(&self, now: Timestamp, limit: NonZeroUsize) -> Result<usize, StoreError> {
        self.store.sweep(now, limit).await
    }

    fn changes(&self) -> Option<ChangeStream> {
        self.ear.changes()
    }
}
