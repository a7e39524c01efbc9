//! One life of a session, the same for every pattern: how it lives is a choice of parts.

use std::sync::Arc;
use std::time::Duration;

use hallpass::testing::ManualClock;
use hallpass::{
    Caller, Capabilities, Clock as _, Error, EventQuery, Issued, Jwt, Key, KeyAlgorithm, KeyRing, NewSession, Outgoing,
    Realm, Revocation, Revocations, Sealed, SelfContained, Sessions, SessionsBuilder, SignIn, Store, Subject,
    SystemClock, Tiered,
};
use tokio::time::{Instant, sleep};

pub(crate) const LIFETIME: Duration = Duration::from_mins(5);

/// What is later than this is not waited for, but passed by the clock of the test.
const LONG: Duration = Duration::from_mins(1);
const PATIENCE: Duration = Duration::from_secs(20);

/// The ways that two nodes of one application have to their store.
pub(crate) type Ways = [Arc<dyn Store>; 2];

/// Two nodes of one application, and what their users hold.
pub(crate) struct Pattern {
    pub(crate) here: Sessions,
    pub(crate) elsewhere: Sessions,
    pub(crate) clock: ManualClock,
    /// Whether the token that is asked about is the access token.
    by_access: bool,
    /// How late an end is heeded elsewhere, at the most.
    bound: Duration,
    abilities: Abilities,
}

/// What a pattern can do for those who hold no token.
#[derive(Clone, Copy)]
#[allow(clippy::struct_excessive_bools)] // each is an independent yes or no
pub(crate) struct Abilities {
    /// A session is found by its name.
    pub(crate) finds: bool,
    /// The sessions of a subject are listed.
    pub(crate) lists: bool,
    /// What happened to a session is told afterwards.
    pub(crate) keeps_events: bool,
    /// A session ends by its name.
    pub(crate) ends_one: bool,
    /// All sessions of a subject end at once.
    pub(crate) ends_all: bool,
}

impl Abilities {
    pub(crate) const NONE: Self =
        Self { finds: false, lists: false, keeps_events: false, ends_one: false, ends_all: false };

    fn of_records(Capabilities { list, events, .. }: Capabilities) -> Self {
        Self { finds: true, lists: list, keeps_events: events, ends_one: true, ends_all: list }
    }
}

impl Pattern {
    /// Sessions in a store.
    pub(crate) fn server_side(ways: &Ways) -> Self {
        let node = |way: &Arc<dyn Store>| Sessions::builder().shared_store(Arc::clone(way));
        let abilities = Abilities::of_records(ways[0].capabilities());
        Self::of(ways.each_ref().map(node), ways[1].staleness(), abilities)
    }

    /// Sessions in a store, and a short JWT beside each.
    pub(crate) fn hybrid(ways: &Ways) -> Self {
        let ring = pairs();
        let node = |way: &Arc<dyn Store>| {
            Sessions::builder().shared_store(Arc::clone(way)).access_tokens(access(&ring), LIFETIME)
        };
        let capabilities = ways[0].capabilities();
        let bound = if capabilities.list { heeded_within(capabilities) } else { LIFETIME + Jwt::LEEWAY };
        let abilities = Abilities::of_records(capabilities);
        Self { by_access: true, ..Self::of(ways.each_ref().map(node), bound, abilities) }
    }

    /// Sessions that their clients carry, and in the store which of them have ended.
    pub(crate) fn carried<F: SelfContained>(form: impl Fn() -> F, ways: &Ways) -> Self {
        let node = |way: &Arc<dyn Store>| Sessions::builder().shared_store(Arc::clone(way)).carried(form());
        let abilities = Abilities { ends_one: true, ends_all: true, ..Abilities::NONE };
        Self::of(ways.each_ref().map(node), heeded_within(ways[0].capabilities()), abilities)
    }

    pub(crate) fn of(nodes: [SessionsBuilder; 2], bound: Duration, abilities: Abilities) -> Self {
        // Servers have a clock of their own, and it is not to be far from this one.
        let clock = ManualClock::starting_at(SystemClock::new().now());
        let [here, elsewhere] = nodes.map(|node| node.clock(clock.clone()).build().expect("all parts"));
        assert_eq!(elsewhere.revocation_bound(), bound, "it says how late it can be");
        Self { here, elsewhere, clock, by_access: false, bound, abilities }
    }

    pub(crate) async fn enter(&self, name: &str) -> Issued {
        self.here.create(NewSession::signed_in(subject(name)), &Caller::user()).await.expect("created")
    }

    /// Shows a good token until the other node has a copy of its session, if it keeps any, and nothing more is heard of it.
    async fn assert_good(&self, issued: &Issued) {
        let store = self.elsewhere.store();
        let has_copies = !store.staleness().is_zero() && store.capabilities().changes;
        let (began, mut at_hand) = (Instant::now(), 0);
        loop {
            assert!(self.is_good(issued).await);
            let is_at_hand = store.copy(&issued.record.realm, &issued.record.id).is_some();
            at_hand = if is_at_hand { at_hand + 1 } else { 0 };
            if !has_copies || at_hand == 5 {
                return;
            }
            assert!(began.elapsed() < PATIENCE, "no copy is made");
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// Asks the other node whether a token is good.
    async fn is_good(&self, issued: &Issued) -> bool {
        let (token, user) = (issued.token.expose(), Caller::user());
        let asked = match self.access(issued) {
            Some(access) => self.elsewhere.verify_access(access, None, &user).await.map(|carried| carried.record.id),
            None => self.elsewhere.verify(token, true, &user).await.map(|verified| verified.record.id),
        };
        is_let_in(asked, issued)
    }

    /// Asks the other node whether a token is good by all that was ended until now.
    async fn is_good_now(&self, issued: &Issued) -> bool {
        let (token, user) = (issued.token.expose(), Caller::user());
        let asked = match self.access(issued) {
            Some(access) => {
                let carried = self.elsewhere.verify_access(access, Some(Duration::ZERO), &user).await;
                carried.map(|carried| carried.record.id)
            }
            None => self.elsewhere.verify_fresh(token, true, &user).await.map(|verified| verified.record.id),
        };
        is_let_in(asked, issued)
    }

    fn access<'i>(&self, issued: &'i Issued) -> Option<&'i str> {
        issued.access_token.as_ref().filter(|_| self.by_access).map(|access| access.token.expose())
    }

    /// Waits until the other node knows by itself what ends, and need not ask for it.
    async fn become_whole(&self) {
        let Some(revocations) = self.elsewhere.revocations().filter(|_| !self.bound.is_zero()) else { return };
        let (issued, began) = (self.enter("alice").await, Instant::now());
        while !revocations.is_whole() {
            assert!(self.is_good(&issued).await);
            assert!(began.elapsed() < PATIENCE, "no heartbeat comes back");
            sleep(Duration::from_millis(2)).await;
        }
    }

    /// A token that was ended is refused elsewhere within the bound: by the clock on the wall where the nodes tell each
    /// other, and by its own time where they cannot.
    async fn assert_over(&self, issued: &Issued) {
        let ended = Instant::now();
        if self.bound > LONG {
            assert!(self.is_good(issued).await, "nothing but its time ends it, and that is what it says");
            assert_ne!(self.is_good_now(issued).await, self.abilities.ends_one, "who wants to know exactly is told");
            self.clock.advance(self.bound);
            assert!(!self.is_good(issued).await, "its time is over");
            return;
        }
        loop {
            let late = ended.elapsed();
            if !self.is_good(issued).await {
                break;
            }
            assert!(late <= self.bound && !self.bound.is_zero(), "it is good {late:?} after its end");
            assert!(!self.is_good_now(issued).await, "who wants to know exactly is told");
            sleep(Duration::from_millis(1)).await;
        }
    }
}

/// How late the nodes hear of what was ended, where they share a store that lists.
fn heeded_within(capabilities: Capabilities) -> Duration {
    if capabilities.changes { Revocations::BOUND } else { Duration::ZERO }
}

fn is_let_in(asked: Result<hallpass::SessionId, Error>, issued: &Issued) -> bool {
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

pub(crate) async fn live(pattern: Pattern) {
    pattern.become_whole().await;
    a_login_keeps_what_is_named_and_leaves_the_old_token_behind(&pattern).await;
    what_is_written_is_read(&pattern).await;
    a_renewal_hands_out_a_good_token(&pattern).await;
    a_change_of_role_ends_the_token_from_before(&pattern).await;
    a_request_from_before_a_login_hands_out_nothing_after_it(&pattern).await;
    a_logout_is_heeded_everywhere(&pattern).await;
    a_logout_everywhere_ends_all_of_a_subject(&pattern).await;
    what_it_cannot_do_it_says(&pattern).await;
    if let Some(revocations) = pattern.elsewhere.revocations() {
        let counts = revocations.counts();
        assert_eq!(counts.from_memory > 0, !pattern.bound.is_zero(), "{counts:?}");
    }
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
    match pattern.here.open(before.token.expose(), &Caller::user()).await {
        Err(error) => assert!(error.is_inactive(), "{error}"),
        // What nobody can end is still what it was: an anonymous session, and not the one that was signed in to.
        Ok(session) => assert!(!pattern.abilities.ends_one && session.subject().is_none()),
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
    let renewed = pattern.here.renew(issued.token.expose(), &Caller::user()).await.expect("renewed");
    assert_ne!(renewed.token.expose(), issued.token.expose());
    assert_eq!(renewed.record.id, issued.record.id);
    assert!(pattern.is_good(&renewed).await);
    assert_eq!(renewed.access_token.is_some(), pattern.by_access);
}

async fn a_change_of_role_ends_the_token_from_before(pattern: &Pattern) {
    let issued = pattern.enter("alice").await;
    pattern.assert_good(&issued).await;
    let rechained = pattern.here.rechain(issued.token.expose(), &Caller::user()).await.expect("a new chain");
    assert!(pattern.is_good(&rechained).await);
    pattern.assert_over(&issued).await;
}

async fn a_request_from_before_a_login_hands_out_nothing_after_it(pattern: &Pattern) {
    if !pattern.abilities.ends_one {
        return; // nobody can know of the login: the last answer wins
    }
    let mut anonymous = NewSession::anonymous();
    anonymous.data = br#"{"cart":3}"#.as_slice().into();
    let before = pattern.here.create(anonymous, &Caller::user()).await.expect("created");
    let late = async || pattern.here.open(before.token.expose(), &Caller::user()).await.expect("open");
    let (write, read) = (late().await, late().await);
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
    pattern.assert_good(&issued).await;
    pattern.here.log_out(issued.token.expose(), &Caller::user()).await.expect("logged out");
    assert!(pattern.is_good(&other).await, "the other device stays");
    pattern.assert_over(&issued).await;
}

async fn a_logout_everywhere_ends_all_of_a_subject(pattern: &Pattern) {
    let mine = [pattern.enter("bob").await, pattern.enter("bob").await];
    let other = pattern.enter("carol").await;
    for issued in &mine {
        pattern.assert_good(issued).await;
    }
    let revoked = pattern.here.revoke_subject(&subject("bob"), None, &Revocation::default()).await;
    if answered(revoked).is_none() {
        assert!(!pattern.abilities.ends_all);
        return;
    }
    for issued in &mine {
        pattern.assert_over(issued).await;
    }
    assert!(pattern.is_good(&other).await);
    assert!(pattern.is_good(&pattern.enter("bob").await).await, "signing in again is signing in");
}

async fn what_it_cannot_do_it_says(pattern: &Pattern) {
    let Pattern { elsewhere, abilities, .. } = pattern;
    let issued = pattern.enter("dora").await;
    let id = issued.record.id;
    let found = answered(elsewhere.find(&id).await);
    assert_eq!(found.map(|record| record.is_some()), abilities.finds.then_some(true));
    let listed = answered(elsewhere.of_subject(&subject("dora")).await);
    let is_listed = listed.map(|records| records.iter().any(|record| record.id == id));
    assert_eq!(is_listed, abilities.lists.then_some(true));
    let mut of_session = EventQuery::default();
    of_session.session = Some(id);
    let told = answered(elsewhere.events(&of_session).await);
    assert_eq!(told.map(|page| page.items.len()), abilities.keeps_events.then_some(1));
    let ended = answered(elsewhere.revoke(&id, &Revocation::default()).await);
    assert_eq!(ended, abilities.ends_one.then_some(true));
    pattern.assert_over(&issued).await;
    let all = answered(elsewhere.revoke_subject(&subject("dora"), None, &Revocation::default()).await);
    assert_eq!(all.is_some(), abilities.ends_all);
}

/// What was answered, or nothing where it was said that this cannot be done.
#[track_caller]
fn answered<T>(asked: Result<T, Error>) -> Option<T> {
    match asked {
        Ok(answer) => Some(answer),
        Err(error) => {
            assert!(error.is_unsupported(), "{error}");
            None
        }
    }
}

fn subject(name: &str) -> Subject {
    Subject::new(name).expect("a name")
}

pub(crate) fn pairs() -> KeyRing {
    KeyRing::new([Key::generate(KeyAlgorithm::EdDsa).expect("a key")]).expect("a ring")
}

pub(crate) fn seals() -> KeyRing {
    KeyRing::new([Key::generate(KeyAlgorithm::Sealing).expect("a key")]).expect("a ring")
}

pub(crate) fn access(ring: &KeyRing) -> Jwt {
    Jwt::access(ring.clone(), "https://login.test", "https://api.test").expect("names")
}

pub(crate) fn session(ring: &KeyRing) -> Jwt {
    Jwt::session(ring.clone(), "https://login.test", "https://api.test").expect("names")
}

pub(crate) fn sealed(ring: &KeyRing) -> Sealed {
    Sealed::new(ring.clone(), &Realm::default(), "__Host-session").expect("a name")
}

pub(crate) async fn a_server_side_session_lives(ways: Ways) {
    Box::pin(live(Pattern::server_side(&ways))).await;
}

/// With a cache before the store at each node.
pub(crate) async fn a_session_behind_caches_lives(ways: Ways) {
    let near = ways.each_ref().map(|way| Arc::new(Tiered::new(Arc::clone(way))));
    let began = Instant::now();
    while ways[0].capabilities().changes && !near[1].is_whole() {
        assert!(began.elapsed() < PATIENCE, "no heartbeat comes back");
        sleep(Duration::from_millis(2)).await;
    }
    Box::pin(live(Pattern::server_side(&near.map(|near| near as Arc<dyn Store>)))).await;
}

pub(crate) async fn a_hybrid_of_a_short_jwt_and_a_reference_lives(ways: Ways) {
    Box::pin(live(Pattern::hybrid(&ways))).await;
}

pub(crate) async fn a_jwt_with_revocations_lives(ways: Ways) {
    let ring = pairs();
    Box::pin(a_carried_session_lives(|| session(&ring), &ways)).await;
}

pub(crate) async fn an_encrypted_cookie_with_revocations_lives(ways: Ways) {
    let ring = seals();
    Box::pin(a_carried_session_lives(|| sealed(&ring), &ways)).await;
}

/// Where the store can keep what has ended; where it cannot, that is said.
async fn a_carried_session_lives<F: SelfContained>(form: impl Fn() -> F, ways: &Ways) {
    if ways[0].capabilities().list {
        return Box::pin(live(Pattern::carried(form, ways))).await;
    }
    let built = Sessions::builder().shared_store(Arc::clone(&ways[0])).carried(form()).build();
    let why = built.map(drop).expect_err("what it forgets would be good again").to_string();
    assert!(why.contains("forgets nothing"), "{why}");
}

/// Makes a test of each pattern that has a store: `ways` gives [`Ways`] to one, and what it lives on.
macro_rules! lives {
    ($ways:path: $($pattern:ident)+) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $pattern() {
                let Some((ways, _server)) = $ways().await else { return };
                life::$pattern(ways).await;
            }
        )+
    };
    ($ways:path) => {
        life::lives! { $ways:
            a_server_side_session_lives
            a_session_behind_caches_lives
            a_hybrid_of_a_short_jwt_and_a_reference_lives
            a_jwt_with_revocations_lives
            an_encrypted_cookie_with_revocations_lives
        }
    };
}
pub(crate) use lives;
