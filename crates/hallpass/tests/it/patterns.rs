//! The patterns by their parts: each lives one life, and what is said of some alone.

use std::sync::Arc;
use std::time::Duration;

use hallpass::testing::FaultyStore;
use hallpass::{
    Caller, Capabilities, MemoryStore, NewSession, Outgoing, Realm, Revocation, Revocations, SelfContained, Sessions,
    SessionsBuilder, SignIn, Store,
};
use tokio::time::sleep;

use crate::app::subject;
use crate::broken::{Flaw, PlainStore, everything};
use crate::life::{self, Abilities, LIFETIME, Pattern, access, pairs, sealed, seals, session};

const MARGIN: Duration = Duration::from_millis(500);

/// A store that several nodes share, and that tells of changes.
fn shared() -> Arc<FaultyStore<PlainStore>> {
    Arc::new(FaultyStore::new(PlainStore::new(None, everything())))
}

fn hybrid(store: &Arc<FaultyStore<PlainStore>>) -> Pattern {
    Pattern::hybrid(&[Arc::clone(store) as Arc<dyn Store>, Arc::clone(store) as _])
}

/// Sessions that their clients carry, and nothing else.
fn alone<F: SelfContained>(form: impl Fn() -> F) -> Pattern {
    Pattern::of([form(), form()].map(|form| Sessions::builder().carried(form)), longest_life(), Abilities::NONE)
}

/// The default policy's absolute timeout, and that of remembered sessions.
fn longest_life() -> Duration {
    let sessions = Sessions::builder().store(MemoryStore::new()).build().expect("all parts");
    sessions.policy(&hallpass::Profile::remember()).absolute()
}

mod in_memory {
    use super::*;

    /// Both nodes are one process: a gateway keeps each user on the node that has their session.
    async fn ways() -> Option<(life::Ways, ())> {
        let store: Arc<dyn Store> = Arc::new(MemoryStore::new());
        Some(([Arc::clone(&store), store], ()))
    }

    life::lives!(ways);
}

mod in_a_store_that_tells_of_changes {
    use super::*;

    async fn ways() -> Option<(life::Ways, ())> {
        let store = shared();
        Some(([Arc::clone(&store) as Arc<dyn Store>, store], ()))
    }

    life::lives!(ways);
}

mod in_a_store_that_cannot_list {
    use super::*;

    async fn ways() -> Option<(life::Ways, ())> {
        let store: Arc<dyn Store> =
            Arc::new(PlainStore::new(None, Capabilities { shared: true, ..Default::default() }));
        Some(([Arc::clone(&store), store], ()))
    }

    life::lives!(ways);
}

mod in_a_broken_store {
    use super::*;

    async fn fails<L: Future<Output = ()> + Send + 'static>(life: impl Fn(life::Ways) -> L, flaw: Flaw) {
        let store: Arc<dyn Store> = Arc::new(PlainStore::new(Some(flaw), everything()));
        let lived = tokio::spawn(life([Arc::clone(&store), store])).await;
        assert!(lived.is_err_and(|error| error.is_panic()), "{flaw:?} is not noticed");
    }

    #[tokio::test]
    async fn a_jwt_of_which_no_end_is_heard_is_noticed() {
        fails(life::a_jwt_with_revocations_lives, Flaw::NewsOfRevocationsIsNotTold).await;
    }

    #[tokio::test]
    async fn an_access_token_of_which_no_end_is_heard_is_noticed() {
        fails(life::a_hybrid_of_a_short_jwt_and_a_reference_lives, Flaw::NewsOfRevocationsIsNotTold).await;
    }

    #[tokio::test]
    async fn a_copy_of_which_no_end_is_heard_is_noticed() {
        fails(life::a_session_behind_caches_lives, Flaw::NewsOfEndsIsNotTold).await;
    }

    #[tokio::test]
    async fn a_store_that_lags_is_noticed() {
        fails(life::a_server_side_session_lives, Flaw::LoadsFromALaggingReplica).await;
    }
}

#[tokio::test]
async fn a_session_in_local_memory_is_nobody_elsewhere() {
    let nodes = [(); 2].map(|()| Sessions::builder().store(MemoryStore::new()).build().expect("all parts"));
    assert!(!nodes[0].capabilities().shared, "it says so");
    let issued = nodes[0].create(NewSession::signed_in(subject("alice")), &Caller::user()).await.expect("created");
    let elsewhere = nodes[1].open(issued.token.expose(), &Caller::user()).await;
    assert!(elsewhere.is_err_and(|error| error.is_inactive()));
}

#[tokio::test]
async fn a_stateless_jwt_without_a_store_lives() {
    let ring = pairs();
    Box::pin(life::live(alone(|| session(&ring)))).await;
}

#[tokio::test]
async fn an_encrypted_cookie_without_a_store_lives() {
    let ring = seals();
    Box::pin(life::live(alone(|| sealed(&ring)))).await;
}

#[tokio::test]
async fn an_access_token_is_no_session_and_a_session_no_access_token() {
    let pattern = hybrid(&shared());
    let issued = pattern.enter("alice").await;
    let token = issued.access_token.expect("a signed-in session has one");
    assert_eq!(token.expires_at, pattern.here.now().plus(LIFETIME));
    let opened = pattern.here.open(token.token.expose(), &Caller::user()).await;
    assert!(opened.is_err_and(|error| error.is_inactive()));
    let verified = pattern.here.verify_access(issued.token.expose(), None, &Caller::user()).await;
    assert!(verified.is_err_and(|error| error.is_inactive()));
    let anonymous = pattern.here.create(NewSession::anonymous(), &Caller::user()).await.expect("created");
    assert!(anonymous.access_token.is_none(), "there is nobody whom it could stand for");
}

#[tokio::test]
async fn while_the_store_is_away_an_access_token_is_unavailable_and_nobody_is_logged_out() {
    let store = shared();
    let pattern = hybrid(&store);
    let issued = pattern.enter("alice").await;
    let token = issued.access_token.expect("a signed-in session has one").token;
    let ask = async |staleness| pattern.elsewhere.verify_access(token.expose(), staleness, &Caller::user()).await;
    while ask(None).await.is_err() {
        sleep(Duration::from_millis(1)).await;
    }
    store.outage(true);
    // Who wants to know exactly is told that nobody can say; and when the feed no longer proves itself, everybody is.
    assert!(ask(Some(Duration::ZERO)).await.is_err_and(|error| error.is_unavailable()));
    sleep(Revocations::BOUND + MARGIN).await;
    assert!(ask(None).await.is_err_and(|error| error.is_unavailable()));
    store.outage(false);
    assert!(ask(Some(Duration::ZERO)).await.is_ok());
}

#[tokio::test]
async fn a_verifier_that_starts_late_knows_what_was_revoked_before() {
    let (ring, store) = (pairs(), shared());
    let node = || Sessions::builder().shared_store(store.clone()).access_tokens(access(&ring), LIFETIME);
    let early = node().build().expect("all parts");
    let issued = early.create(NewSession::signed_in(subject("alice")), &Caller::user()).await.expect("created");
    early.revoke(&issued.record.id, &Revocation::default()).await.expect("revoked");
    let late = node().build().expect("all parts");
    let token = issued.access_token.expect("a signed-in session has one").token;
    for _ in 0..20 {
        let verified = late.verify_access(token.expose(), None, &Caller::user()).await;
        assert!(verified.is_err_and(|error| error.is_inactive()));
        sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn carried_sessions_end_by_their_timeouts_and_move_on_when_they_are_used() {
    let ring = seals();
    let pattern = alone(|| sealed(&ring));
    let issued = pattern.enter("alice").await;
    pattern.clock.advance(Duration::from_mins(20));
    let session = pattern.here.open(issued.token.expose(), &Caller::user()).await.expect("open");
    session.commit().await.expect("nothing to save");
    let Outgoing::Hand(used, _) = session.outgoing() else { panic!("its use is noted in the next token") };
    pattern.clock.advance(Duration::from_mins(15));
    let stale = pattern.here.open(issued.token.expose(), &Caller::user()).await;
    assert!(stale.is_err_and(|error| error.is_inactive()), "it went unused for 35 minutes");
    assert!(pattern.here.open(used.expose(), &Caller::user()).await.is_ok());
    pattern.clock.advance(Duration::from_mins(31));
    assert!(pattern.here.open(used.expose(), &Caller::user()).await.is_err_and(|error| error.is_inactive()));
}

/// Its use is to be noted in a new token, which would take the place of the login's.
#[tokio::test]
async fn a_carried_session_that_is_read_while_its_user_signs_in_hands_out_nothing_afterwards() {
    let (ring, store) = (seals(), shared());
    let pattern = Pattern::carried(|| sealed(&ring), &[Arc::clone(&store) as Arc<dyn Store>, store]);
    let before = pattern.here.create(NewSession::anonymous(), &Caller::user()).await.expect("created");
    pattern.clock.advance(Duration::from_mins(2));
    let late = async || pattern.here.open(before.token.expose(), &Caller::user()).await.expect("open");
    let (early, read) = (late().await, late().await);
    early.commit().await.expect("nothing to save");
    assert!(matches!(early.outgoing(), Outgoing::Hand(..)), "before the login it gets one");
    let sign_in = SignIn::new(subject("alice"));
    pattern.here.authenticate(before.token.expose(), sign_in, &Caller::user()).await.expect("signed in");
    read.commit().await.expect("nothing to lose");
    assert!(matches!(read.outgoing(), Outgoing::Keep));
}

#[tokio::test]
async fn what_is_too_large_for_a_cookie_is_refused_when_it_is_written() {
    let ring = seals();
    let pattern = alone(|| sealed(&ring));
    let issued = pattern.enter("alice").await;
    let session = pattern.here.open(issued.token.expose(), &Caller::user()).await.expect("open");
    session.set("note", &"x".repeat(4000)).expect("text");
    let refused = session.commit().await;
    assert!(refused.is_err_and(|error| error.is_too_large()));
}

#[tokio::test]
async fn parts_that_make_no_whole_are_refused_with_a_reason() {
    let ring = pairs();
    let build = |builder: SessionsBuilder| builder.build().map(drop).map_err(|error| error.to_string());
    assert!(build(Sessions::builder().access_tokens(access(&ring), LIFETIME)).is_err_and(|why| why.contains("store")));
    let store = || Sessions::builder().store(MemoryStore::new());
    assert!(build(store().access_tokens(access(&ring), Duration::from_hours(2))).is_err());
    assert!(build(store().access_tokens(access(&ring), Duration::ZERO)).is_err());
    let own = Realm::new("hallpass-revoked").expect("a realm");
    assert!(build(store().realm(own)).is_err_and(|why| why.contains("own")));
    let limited = hallpass::Policy::builder().limit(3, hallpass::Overflow::Refuse).build().expect("a policy");
    assert!(build(Sessions::builder().policy(limited).carried(session(&ring))).is_err());
}
