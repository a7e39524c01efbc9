use std::time::Duration;

use hallpass::testing::{FaultyStore, ManualClock};
use hallpass::{Caller, Issued, Jwt, Key, KeyAlgorithm, KeyRing, NewSession, Realm, Revocation, Revocations, Sessions};
use tokio::time::sleep;

use super::verifier::{Flaw, Twin, Verifier};
use super::{Case, cases, check, passes};
use crate::app::subject;
use crate::broken::{PlainStore, everything};

const LIFETIME: Duration = Duration::from_mins(5);
/// As long as a verifier may be behind, and a little more.
const LATE: Duration = Revocations::BOUND.saturating_add(Duration::from_millis(100));

const CASES: &[Case<Flaw>] = cases![
    what_is_ended_stays_so_until_its_time_is_over,
    clocks_that_differ_neither_save_an_ended_token_nor_end_another,
    a_new_chain_ends_what_was_before_it_and_nothing_after_it,
    a_logout_everywhere_ends_all_of_a_subject_in_its_realm_and_none_of_another,
    a_verifier_that_begins_late_knows_what_was_ended_before,
    what_was_missed_while_the_feed_was_silent_is_known_within_the_bound,
    who_wants_to_know_exactly_is_not_told_what_is_remembered,
    while_the_store_is_away_there_is_neither_yes_nor_no,
];

const FLAWS: &[(Flaw, &[&str])] = &[
    (Flaw::ForgetsEarly, &["what_is_ended_stays_so_until_its_time_is_over"]),
    (Flaw::ComparesClocks, &["clocks_that_differ_neither_save_an_ended_token_nor_end_another"]),
    (Flaw::IgnoresGenerations, &["a_new_chain_ends_what_was_before_it_and_nothing_after_it"]),
    (Flaw::IgnoresSubjects, &["a_logout_everywhere_ends_all_of_a_subject_in_its_realm_and_none_of_another"]),
    (Flaw::IgnoresRealms, &["a_logout_everywhere_ends_all_of_a_subject_in_its_realm_and_none_of_another"]),
    (Flaw::BeginsEmpty, &["a_verifier_that_begins_late_knows_what_was_ended_before"]),
    (Flaw::IgnoresHoles, &["what_was_missed_while_the_feed_was_silent_is_known_within_the_bound"]),
    (Flaw::IgnoresStaleness, &["who_wants_to_know_exactly_is_not_told_what_is_remembered"]),
    (Flaw::LetsInWhenAway, &["while_the_store_is_away_there_is_neither_yes_nor_no"]),
    (Flaw::LogsOutWhenAway, &["while_the_store_is_away_there_is_neither_yes_nor_no"]),
];

#[test]
fn each_broken_verifier_fails_the_case_that_names_it() {
    check(CASES, FLAWS);
}

#[test]
fn the_verifier_without_a_flaw_passes_every_case() {
    for case in CASES {
        assert!(passes(case, None), "{}", case.0);
    }
}

/// Nodes that make and end sessions on one store, and those who judge what they made.
struct World {
    store: FaultyStore<PlainStore>,
    ring: KeyRing,
    clock: ManualClock,
    here: Sessions,
}

impl World {
    fn new() -> Self {
        let store = FaultyStore::new(PlainStore::new(None, everything()));
        let ring = KeyRing::new([Key::generate(KeyAlgorithm::EdDsa).expect("a key")]).expect("a ring");
        let clock = ManualClock::new();
        let here = node(&store, &ring, &clock);
        Self { store, ring, clock, here }
    }

    /// Returns a node whose clock is ahead of that of the others.
    fn ahead(&self, by: Duration) -> Sessions {
        let clock = ManualClock::starting_at(self.here.now());
        clock.advance(by);
        node(&self.store, &self.ring, &clock)
    }

    /// Returns who judges: what is in use, beside a twin without flaw, or a twin with one.
    async fn verifiers(&self, flaw: Option<Flaw>) -> Vec<Box<dyn Verifier>> {
        let twin = Box::new(Twin::new(flaw, self.store.clone(), jwt(&self.ring), self.clock.clone()).await);
        let mut verifiers: Vec<Box<dyn Verifier>> = vec![twin];
        if flaw.is_none() {
            verifiers.push(Box::new(node(&self.store, &self.ring, &self.clock)));
        }
        // Its first question is what has a verifier begin to listen.
        for verifier in &verifiers {
            let probe = enter(&self.here, "somebody else").await;
            assert!(is_good(&**verifier, &probe).await);
        }
        sleep(LATE).await;
        verifiers
    }
}

fn node(store: &FaultyStore<PlainStore>, ring: &KeyRing, clock: &ManualClock) -> Sessions {
    let builder = Sessions::builder().store(store.clone()).clock(clock.clone());
    builder.access_tokens(jwt(ring), LIFETIME).build().expect("all parts")
}

fn jwt(ring: &KeyRing) -> Jwt {
    Jwt::access(ring.clone(), "https://login.test", "https://api.test").expect("names")
}

async fn enter(node: &Sessions, name: &str) -> Issued {
    node.create(NewSession::signed_in(subject(name)), &Caller::user()).await.expect("created")
}

fn token(issued: &Issued) -> &str {
    issued.access_token.as_ref().expect("a signed-in session has one").token.expose()
}

async fn is_good(verifier: &dyn Verifier, issued: &Issued) -> bool {
    verifier.judge(token(issued), None).await.expect("it answers")
}

async fn end(node: &Sessions, issued: &Issued) {
    assert!(node.revoke(&issued.record.id, &Revocation::default()).await.expect("revoked"));
}

async fn what_is_ended_stays_so_until_its_time_is_over(flaw: Option<Flaw>) {
    let world = World::new();
    let verifiers = world.verifiers(flaw).await;
    let ended = enter(&world.here, "alice").await;
    end(&world.here, &ended).await;
    sleep(LATE).await;
    for verifier in &verifiers {
        assert!(!is_good(&**verifier, &ended).await);
    }
    // So many that room is made, a moment before the token is over.
    world.clock.advance(LIFETIME);
    world.clock.advance(Jwt::LEEWAY.saturating_sub(Duration::from_secs(1)));
    for number in 0..1_100 {
        end(&world.here, &enter(&world.here, &format!("user {number}")).await).await;
    }
    sleep(LATE).await;
    for verifier in &verifiers {
        assert!(!is_good(&**verifier, &ended).await);
    }
}

async fn clocks_that_differ_neither_save_an_ended_token_nor_end_another(flaw: Option<Flaw>) {
    let world = World::new();
    let verifiers = world.verifiers(flaw).await;
    let ahead = world.ahead(Duration::from_secs(20));
    // By the clocks, it was ended before it was made.
    let ended = enter(&ahead, "alice").await;
    end(&world.here, &ended).await;
    // By the clocks, it was made before all were ended.
    ahead.revoke_subject(&subject("bob"), None, &Revocation::default()).await.expect("revoked");
    let fresh = enter(&world.here, "bob").await;
    sleep(LATE).await;
    for verifier in &verifiers {
        assert!(!is_good(&**verifier, &ended).await);
        assert!(is_good(&**verifier, &fresh).await);
    }
}

async fn a_new_chain_ends_what_was_before_it_and_nothing_after_it(flaw: Option<Flaw>) {
    let world = World::new();
    let verifiers = world.verifiers(flaw).await;
    let before = enter(&world.here, "alice").await;
    let after = world.here.rechain(before.token.expose(), &Caller::user()).await.expect("a new chain");
    sleep(LATE).await;
    for verifier in &verifiers {
        assert!(!is_good(&**verifier, &before).await);
        assert!(is_good(&**verifier, &after).await);
    }
}

async fn a_logout_everywhere_ends_all_of_a_subject_in_its_realm_and_none_of_another(flaw: Option<Flaw>) {
    let world = World::new();
    let verifiers = world.verifiers(flaw).await;
    let shop = world.here.in_realm(Realm::new("shop").expect("a realm"));
    // The last one is found in no listing, so nothing but its subject can end it.
    let unlisted = node(&FaultyStore::new(PlainStore::new(None, everything())), &world.ring, &world.clock);
    let mine = [enter(&world.here, "alice").await, enter(&world.here, "alice").await, enter(&unlisted, "alice").await];
    world.here.revoke_subject(&subject("alice"), None, &Revocation::default()).await.expect("revoked");
    let bob = enter(&world.here, "bob").await;
    shop.revoke_subject(&subject("bob"), None, &Revocation::default()).await.expect("revoked");
    sleep(LATE).await;
    for verifier in &verifiers {
        for ended in &mine {
            assert!(!is_good(&**verifier, ended).await);
        }
        assert!(is_good(&**verifier, &bob).await, "it was bob of the shop");
    }
}

async fn a_verifier_that_begins_late_knows_what_was_ended_before(flaw: Option<Flaw>) {
    let world = World::new();
    let ended = enter(&world.here, "alice").await;
    end(&world.here, &ended).await;
    for verifier in &world.verifiers(flaw).await {
        assert!(!is_good(&**verifier, &ended).await);
    }
}

async fn what_was_missed_while_the_feed_was_silent_is_known_within_the_bound(flaw: Option<Flaw>) {
    let world = World::new();
    let verifiers = world.verifiers(flaw).await;
    let silent = enter(&world.here, "alice").await;
    world.store.lose_changes(true);
    end(&world.here, &silent).await;
    sleep(LATE).await;
    for verifier in &verifiers {
        assert!(!is_good(&**verifier, &silent).await);
    }
    world.store.lose_changes(false);
    sleep(LATE).await;
    for verifier in &verifiers {
        assert!(!is_good(&**verifier, &silent).await, "and it is not forgotten when the feed is back");
    }
    // More than the feed holds back, without a moment to hear them.
    let passed = enter(&world.here, "alice").await;
    end(&world.here, &passed).await;
    for number in 0..1_100 {
        enter(&world.here, &format!("user {number}")).await;
    }
    sleep(LATE).await;
    for verifier in &verifiers {
        assert!(!is_good(&**verifier, &passed).await);
    }
}

async fn who_wants_to_know_exactly_is_not_told_what_is_remembered(flaw: Option<Flaw>) {
    let world = World::new();
    let verifiers = world.verifiers(flaw).await;
    let ended = enter(&world.here, "alice").await;
    world.store.lose_changes(true);
    end(&world.here, &ended).await;
    for verifier in &verifiers {
        let exact = verifier.judge(token(&ended), Some(Duration::ZERO)).await.expect("the store answers");
        assert!(!exact);
    }
}

async fn while_the_store_is_away_there_is_neither_yes_nor_no(flaw: Option<Flaw>) {
    let world = World::new();
    let verifiers = world.verifiers(flaw).await;
    let [living, ended] = [enter(&world.here, "alice").await, enter(&world.here, "alice").await];
    end(&world.here, &ended).await;
    sleep(LATE).await;
    world.store.outage(true);
    for verifier in &verifiers {
        for issued in [&living, &ended] {
            let exact = verifier.judge(token(issued), Some(Duration::ZERO)).await;
            assert!(exact.is_err_and(|error| error.is_unavailable()));
        }
    }
    sleep(LATE).await;
    for verifier in &verifiers {
        assert!(verifier.judge(token(&living), None).await.is_err_and(|error| error.is_unavailable()));
    }
    world.store.outage(false);
    for verifier in &verifiers {
        assert!(is_good(&**verifier, &living).await, "and nobody was logged out");
        assert!(!is_good(&**verifier, &ended).await);
    }
}
