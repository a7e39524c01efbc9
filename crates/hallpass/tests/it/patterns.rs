//! One life of a session, the same for every pattern: how it lives is a choice of parts.

use std::sync::Arc;
use std::time::Duration;

use hallpass::testing::{FaultyStore, ManualClock};
use hallpass::{
    Caller, Error, Issued, Jwt, Key, KeyAlgorithm, KeyRing, MemoryStore, NewSession, Outgoing, Realm, Revocation,
    Revocations, Sealed, Sessions, SessionsBuilder, SignIn, Tiered,
};
use tokio::time::{Instant, sleep};

use crate::app::subject;
use crate::broken::{PlainStore, everything};

const MARGIN: Duration = Duration::from_millis(500);
const LIFETIME: Duration = Duration::from_mins(5);

/// Two nodes of one application, and what their users hold.
struct Pattern {
    here: Sessions,
    elsewhere: Sessions,
    clock: ManualClock,
    /// Whether the token that is asked about is the access token.
    by_access: bool,
    /// How late an end is heeded elsewhere, at the most.
    bound: Duration,
}

impl Pattern {
    fn of(parts: impl Fn(SessionsBuilder) -> SessionsBuilder, bound: Duration) -> Self {
        let clock = ManualClock::new();
        let node = || parts(Sessions::builder().clock(clock.clone())).build().expect("all parts");
        let (here, elsewhere) = (node(), node());
        assert_eq!(elsewhere.revocation_bound(), bound, "it says how late it can be");
        Self { here, elsewhere, clock, by_access: false, bound }
    }

    async fn enter(&self, name: &str) -> Issued {
        self.here.create(NewSession::signed_in(subject(name)), &Caller::user()).await.expect("created")
    }

    /// Asks the other node whether a token is good.
    async fn is_good(&self, issued: &Issued) -> bool {
        let asked = if let (Some(access), true) = (&issued.access_token, self.by_access) {
            let carried = self.elsewhere.verify_access(access.token.expose(), None, &Caller::user()).await;
            carried.map(|carried| carried.record.id)
        } else {
            let verified = self.elsewhere.verify(issued.token.expose(), true, &Caller::user()).await;
            verified.map(|verified| verified.record.id)
        };
        match asked {
            Ok(id) => {
                assert_eq!(id, issued.record.id);
                true
            }
            Err(error) => {
                assert!(error.is_inactive(), "{error}");
                false
            }
        }
    }

    /// A token that was ended is refused elsewhere within the bound: by the clock on the wall where the stores tell
    /// each other, and by its own time where nobody can.
    async fn assert_over(&self, issued: &Issued) {
        let began = Instant::now();
        if self.bound > Duration::from_mins(1) {
            assert!(self.is_good(issued).await, "nothing but its time can end it, and that is what it says");
            self.clock.advance(self.bound + Jwt::MOST_LEEWAY);
            assert!(!self.is_good(issued).await, "its time is over");
            return;
        }
        while self.is_good(issued).await {
            assert!(began.elapsed() <= self.bound + MARGIN, "it is still good after {:?}", began.elapsed());
            sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn accept(pattern: Pattern) {
    a_login_keeps_what_is_named_and_leaves_the_old_token_behind(&pattern).await;
    what_is_written_is_read(&pattern).await;
    a_renewal_hands_out_a_good_token(&pattern).await;
    a_change_of_role_ends_the_token_from_before(&pattern).await;
    a_request_from_before_a_login_hands_out_nothing_after_it(&pattern).await;
    a_logout_is_heeded_everywhere(&pattern).await;
    a_logout_everywhere_ends_all_of_a_subject(&pattern).await;
}

async fn a_login_keeps_what_is_named_and_leaves_the_old_token_behind(pattern: &Pattern) {
    let mut anonymous = NewSession::anonymous();
    anonymous.data = br#"{"cart":3,"planted":"by somebody"}"#.as_slice().into();
    let before = pattern.here.create(anonymous, &Caller::user()).await.expect("created");
    let sign_in = SignIn::new(subject("alice")).keep("cart");
    let after = pattern.here.authenticate(before.token.expose(), sign_in, &Caller::user()).await.expect("signed in");
    assert_ne!(after.token.expose(), before.token.expose());
    let session = pattern.here.open(after.token.expose(), &Caller::user()).await.expect("open");
    assert_eq!(session.subject(), Some(subject("alice")));
    assert_eq!(session.get::<u32>("cart").expect("a number"), Some(3));
    assert_eq!(session.get::<String>("planted").expect("text"), None);
    assert!(pattern.is_good(&after).await);
    let opened = pattern.here.open(before.token.expose(), &Caller::user()).await;
    match opened {
        Err(error) => assert!(error.is_inactive(), "{error}"),
        // What nobody can end is still what it was: an anonymous session, and not the one that was signed in to.
        Ok(session) => assert!(pattern.bound > Duration::from_mins(1) && session.subject().is_none()),
    }
}

async fn what_is_written_is_read(pattern: &Pattern) {
    let issued = pattern.enter("alice").await;
    let session = pattern.here.open(issued.token.expose(), &Caller::user()).await.expect("open");
    session.set("theme", &"dark").expect("text");
    session.update("visits", |visits: Option<u32>| visits.unwrap_or(0) + 1).expect("a number");
    session.commit().await.expect("saved");
    let token = match session.outgoing() {
        Outgoing::Hand(token, _) => token,
        outgoing => {
            assert!(!pattern.here.is_carried(), "who carries a session gets it anew: {outgoing:?}");
            issued.token
        }
    };
    let session = pattern.elsewhere.open(token.expose(), &Caller::user()).await.expect("open");
    assert_eq!(session.get::<String>("theme").expect("text").as_deref(), Some("dark"));
    assert_eq!(session.get::<u32>("visits").expect("a number"), Some(1));
}

async fn a_renewal_hands_out_a_good_token(pattern: &Pattern) {
    let issued = pattern.enter("alice").await;
    pattern.clock.advance(Duration::from_mins(1));
    let renewed = pattern.here.renew(issued.token.expose(), &Caller::user()).await.expect("renewed");
    assert_ne!(renewed.token.expose(), issued.token.expose());
    assert_eq!(renewed.record.id, issued.record.id);
    assert!(pattern.is_good(&renewed).await);
    assert_eq!(renewed.access_token.is_some(), pattern.by_access);
}

async fn a_change_of_role_ends_the_token_from_before(pattern: &Pattern) {
    let issued = pattern.enter("alice").await;
    assert!(pattern.is_good(&issued).await);
    let rechained = pattern.here.rechain(issued.token.expose(), &Caller::user()).await.expect("a new chain");
    assert!(pattern.is_good(&rechained).await);
    pattern.assert_over(&issued).await;
}

async fn a_request_from_before_a_login_hands_out_nothing_after_it(pattern: &Pattern) {
    if pattern.bound > Duration::from_mins(1) {
        return; // nobody can know of the login: the last answer wins
    }
    let mut anonymous = NewSession::anonymous();
    anonymous.data = br#"{"cart":3}"#.as_slice().into();
    let before = pattern.here.create(anonymous, &Caller::user()).await.expect("created");
    pattern.clock.advance(Duration::from_mins(2)); // its use is to be noted, which in a carried session is a new token
    let [write, read] = [
        pattern.here.open(before.token.expose(), &Caller::user()).await.expect("open"),
        pattern.here.open(before.token.expose(), &Caller::user()).await.expect("open"),
    ];
    let sign_in = SignIn::new(subject("alice"));
    let after = pattern.here.authenticate(before.token.expose(), sign_in, &Caller::user()).await.expect("signed in");
    write.set("cart", &4).expect("a number");
    assert!(write.commit().await.is_err_and(|error| error.is_inactive()), "what it changes is nobody's");
    assert!(matches!(write.outgoing(), Outgoing::Keep), "and no token goes out in the place of the new one");
    read.commit().await.expect("nothing to lose");
    assert!(matches!(read.outgoing(), Outgoing::Keep));
    assert!(pattern.is_good(&after).await);
}

async fn a_logout_is_heeded_everywhere(pattern: &Pattern) {
    let (issued, other) = (pattern.enter("alice").await, pattern.enter("alice").await);
    assert!(pattern.is_good(&issued).await && pattern.is_good(&other).await);
    pattern.here.log_out(issued.token.expose(), &Caller::user()).await.expect("logged out");
    if pattern.bound > Duration::from_mins(1) {
        assert!(pattern.is_good(&issued).await, "a copy of the token that somebody kept is good, as the bound says");
        return;
    }
    pattern.assert_over(&issued).await;
    assert!(pattern.is_good(&other).await, "the other device stays");
}

async fn a_logout_everywhere_ends_all_of_a_subject(pattern: &Pattern) {
    let mine = [pattern.enter("bob").await, pattern.enter("bob").await];
    let other = pattern.enter("carol").await;
    for issued in &mine {
        assert!(pattern.is_good(issued).await);
    }
    let revoked = pattern.here.revoke_subject(&subject("bob"), None, &Revocation::default()).await;
    if pattern.bound > Duration::from_mins(1) {
        assert!(revoked.is_err_and(|error: Error| error.is_unsupported()), "it says that it cannot");
        return;
    }
    assert!(revoked.is_ok(), "{revoked:?}");
    for issued in &mine {
        pattern.assert_over(issued).await;
    }
    assert!(pattern.is_good(&other).await);
    assert!(pattern.is_good(&pattern.enter("bob").await).await, "signing in again is signing in");
}

type Shared = FaultyStore<PlainStore>;

/// A store that several nodes share, and that tells of changes.
fn shared() -> Shared {
    FaultyStore::new(PlainStore::new(None, everything()))
}

fn pairs() -> KeyRing {
    KeyRing::new([Key::generate(KeyAlgorithm::EdDsa).expect("a key")]).expect("a ring")
}

fn access(ring: &KeyRing) -> Jwt {
    Jwt::access(ring.clone(), "https://login.test", "https://api.test").expect("names")
}

fn session(ring: &KeyRing) -> Jwt {
    Jwt::session(ring.clone(), "https://login.test", "https://api.test").expect("names")
}

fn seals() -> KeyRing {
    KeyRing::new([Key::generate(KeyAlgorithm::Sealing).expect("a key")]).expect("a ring")
}

fn sealed(ring: &KeyRing) -> Sealed {
    Sealed::new(ring.clone(), &Realm::default(), "__Host-session").expect("a name")
}

/// The default policy's absolute timeout, and that of remembered sessions.
fn longest_life() -> Duration {
    let sessions = Sessions::builder().store(MemoryStore::new()).build().expect("all parts");
    sessions.policy(&hallpass::Profile::remember()).absolute()
}

#[tokio::test]
async fn a_server_side_session_and_sticky_local_memory() {
    let store = Arc::new(MemoryStore::new());
    accept(Pattern::of(|builder| builder.shared_store(store.clone()), Duration::ZERO)).await;
}

#[tokio::test]
async fn a_shared_store_behind_caches() {
    let store = shared();
    accept(Pattern::of(|builder| builder.store(Tiered::new(store.clone())), Tiered::<Shared>::BOUND)).await;
}

#[tokio::test]
async fn a_stateless_jwt_without_a_store() {
    let ring = pairs();
    accept(Pattern::of(|builder| builder.carried(session(&ring)), longest_life())).await;
}

#[tokio::test]
async fn a_stateless_jwt_with_revocations() {
    let (ring, store) = (pairs(), shared());
    accept(Pattern::of(|builder| builder.store(store.clone()).carried(session(&ring)), Revocations::BOUND)).await;
}

#[tokio::test]
async fn an_encrypted_cookie_without_a_store() {
    let ring = seals();
    accept(Pattern::of(|builder| builder.carried(sealed(&ring)), longest_life())).await;
}

#[tokio::test]
async fn an_encrypted_cookie_with_revocations() {
    let (ring, store) = (seals(), shared());
    accept(Pattern::of(|builder| builder.store(store.clone()).carried(sealed(&ring)), Revocations::BOUND)).await;
}

#[tokio::test]
async fn a_hybrid_of_a_short_jwt_and_a_reference() {
    let (ring, store) = (pairs(), shared());
    let parts = |builder: SessionsBuilder| builder.store(store.clone()).access_tokens(access(&ring), LIFETIME);
    accept(Pattern { by_access: true, ..Pattern::of(parts, Revocations::BOUND) }).await;
    let (ring, store) = (pairs(), Arc::new(MemoryStore::new()));
    let parts = |builder: SessionsBuilder| builder.shared_store(store.clone()).access_tokens(access(&ring), LIFETIME);
    accept(Pattern { by_access: true, ..Pattern::of(parts, Duration::ZERO) }).await;
}

#[tokio::test]
async fn an_access_token_is_no_session_and_a_session_no_access_token() {
    let (ring, store) = (pairs(), shared());
    let parts = |builder: SessionsBuilder| builder.store(store.clone()).access_tokens(access(&ring), LIFETIME);
    let pattern = Pattern::of(parts, Revocations::BOUND);
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
    let (ring, store) = (pairs(), shared());
    let parts = |builder: SessionsBuilder| builder.store(store.clone()).access_tokens(access(&ring), LIFETIME);
    let pattern = Pattern::of(parts, Revocations::BOUND);
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
    let parts = |builder: SessionsBuilder| builder.store(store.clone()).access_tokens(access(&ring), LIFETIME);
    let pattern = Pattern::of(parts, Revocations::BOUND);
    let issued = pattern.enter("alice").await;
    pattern.here.revoke(&issued.record.id, &Revocation::default()).await.expect("revoked");
    let late = parts(Sessions::builder().clock(pattern.clock.clone())).build().expect("all parts");
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
    let pattern = Pattern::of(|builder| builder.carried(sealed(&ring)), longest_life());
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

#[tokio::test]
async fn what_is_too_large_for_a_cookie_is_refused_when_it_is_written() {
    let ring = seals();
    let pattern = Pattern::of(|builder| builder.carried(sealed(&ring)), longest_life());
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
