//! A cache before a store that others share.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use hallpass::testing::{FaultyStore, Method};
use hallpass::{
    Caller, Expected, MemoryStore, NewSession, Outcome, Query, Realm, Record, Revocation, Sessions, Store, Tiered,
};
use tokio::time::{Instant, sleep};

use crate::app::subject;
use crate::broken::{PlainStore, everything};

type Far = FaultyStore<PlainStore>;

/// As long as news needs where nothing hinders it.
const A_MOMENT: Duration = Duration::from_millis(1);
const BOUND: Duration = Tiered::<Far>::BOUND;

fn shared() -> Far {
    FaultyStore::new(PlainStore::new(None, everything()))
}

async fn wait_until_whole<S: Store>(near: &Tiered<S>) {
    while !near.is_whole() {
        sleep(A_MOMENT).await;
    }
}

/// Two processes on one store: one with a cache, and one that uses the store as it is.
struct Place {
    far: Far,
    near: Tiered<Far>,
    here: Sessions,
    elsewhere: Sessions,
}

impl Place {
    async fn new() -> Self {
        let far = shared();
        let near = Tiered::new(far.clone());
        wait_until_whole(&near).await;
        let elsewhere = Sessions::builder().store(far.clone()).build().expect("all parts");
        let here = Sessions::builder().store(Tiered::new(far.clone())).build().expect("all parts");
        Self { far, near, here, elsewhere }
    }

    async fn session(&self) -> Record {
        let issued = self.elsewhere.create(NewSession::signed_in(subject("alice")), &Caller::user()).await;
        let record = issued.expect("created").record;
        sleep(A_MOMENT).await;
        record
    }

    /// Returns whether the session lives, as the cache has it, and how many trips it took to say so.
    async fn ask(&self, record: &Record) -> (bool, u64) {
        let before = self.far.calls().load;
        let found = match self.near.copy(&record.realm, &record.id) {
            Some(copy) => copy,
            None => {
                Arc::new(self.near.load(&record.realm, &record.id).await.expect("it answers").expect("it is there"))
            }
        };
        (found.ended.is_none(), self.far.calls().load - before)
    }

    async fn end(&self, record: &Record) {
        let revocation = Revocation::default();
        assert!(self.elsewhere.revoke(&record.id, &revocation).await.expect("ended"));
    }
}

mod suite {
    use std::sync::Arc;

    use hallpass::Tiered;
    use hallpass::testing::conformance::{self, CASES, Handles};
    use hallpass::testing::{conformance_tests, outage_tests};

    use super::{Far, shared, wait_until_whole};

    async fn before(far: &Far) -> Arc<Tiered<Far>> {
        let near = Tiered::new(far.clone());
        wait_until_whole(&near).await;
        Arc::new(near)
    }

    async fn handles() -> Handles {
        let far = shared();
        let handles = Handles::two(before(&far).await, before(&far).await);
        handles.with_outage(move |away| {
            far.outage(away);
            std::future::ready(())
        })
    }

    conformance_tests!(handles);

    mod away {
        use super::{handles, outage_tests};

        outage_tests!(handles);
    }

    mod beside_a_process_without {
        use super::*;

        async fn handles() -> Handles {
            let far = shared();
            Handles::two(before(&far).await, Arc::new(far))
        }

        conformance_tests!(handles);
    }

    #[test]
    fn a_store_whose_news_never_comes_keeps_the_contract_behind_a_cache() {
        let silent = async || {
            let far = shared();
            far.lose_changes(true);
            Handles::two(Arc::new(Tiered::new(far.clone())), Arc::new(far))
        };
        let of_news =
            ["news_comes_of_what_changes_elsewhere", "a_save_that_is_dropped_half_way_is_told_of_if_it_happens"];
        for case in CASES.iter().filter(|case| !of_news.contains(&case.name())) {
            conformance::check(case.name(), silent);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_read_before_costs_no_trip() {
    let place = Place::new().await;
    let record = place.session().await;
    assert_eq!(place.ask(&record).await, (true, 1));
    for _ in 0..3 {
        assert_eq!(place.ask(&record).await, (true, 0));
    }
    let before = place.far.calls().load;
    let fresh = place.near.load(&record.realm, &record.id).await.expect("it answers");
    assert_eq!((fresh.map(|record| record.id), place.far.calls().load), (Some(record.id), before + 1));
    let counts = place.near.counts();
    assert_eq!((counts.copies, counts.hits, counts.misses), (1, 3, 1));
}

#[tokio::test(start_paused = true)]
async fn what_ends_elsewhere_is_over_here_as_soon_as_it_is_told() {
    let place = Place::new().await;
    let record = place.session().await;
    place.ask(&record).await;
    place.end(&record).await;
    sleep(A_MOMENT).await;
    assert_eq!(place.ask(&record).await, (false, 1));
    assert_eq!(place.ask(&record).await, (false, 1), "an end lets nobody in, and is not kept");
}

#[tokio::test(start_paused = true)]
async fn what_ends_here_is_over_at_once() {
    let place = Place::new().await;
    let issued = place.here.create(NewSession::signed_in(subject("alice")), &Caller::user()).await.expect("created");
    let token = issued.token.expose();
    for _ in 0..2 {
        place.here.verify(token, true, &Caller::user()).await.expect("it lives");
    }
    place.here.log_out(token, &Caller::user()).await.expect("ended");
    let refused = place.here.verify(token, true, &Caller::user()).await;
    assert!(refused.is_err_and(|error| error.is_inactive()));
}

#[tokio::test(start_paused = true)]
async fn a_feed_that_falls_silent_is_bypassed_within_the_bound() {
    let place = Place::new().await;
    let record = place.session().await;
    place.ask(&record).await;
    place.far.lose_changes(true);
    place.end(&record).await;
    let ended = Instant::now();
    assert_eq!(place.ask(&record).await, (true, 0), "nobody has told");
    while place.ask(&record).await.0 {
        sleep(A_MOMENT).await;
    }
    assert!(ended.elapsed() <= BOUND + 2 * A_MOMENT, "{:?}", ended.elapsed());

    let other = place.session().await;
    for _ in 0..2 {
        assert_eq!(place.ask(&other).await, (true, 1), "nothing is kept while nothing is heard");
    }
    place.far.lose_changes(false);
    wait_until_whole(&place.near).await;
    assert_eq!(place.ask(&other).await, (true, 1));
    assert_eq!(place.ask(&other).await, (true, 0));
}

#[tokio::test(start_paused = true)]
async fn nothing_from_before_a_silence_is_let_in_with_after_it() {
    let place = Place::new().await;
    let record = place.session().await;
    place.ask(&record).await;
    place.far.lose_changes(true);
    place.end(&record).await;
    sleep(2 * BOUND).await;
    place.far.lose_changes(false);
    wait_until_whole(&place.near).await;
    assert_eq!(place.ask(&record).await, (false, 1));
}

#[tokio::test(start_paused = true)]
async fn a_hole_in_the_feed_empties_the_cache() {
    let place = Place::new().await;
    let record = place.session().await;
    place.ask(&record).await;
    assert_eq!(place.near.counts().copies, 1);
    // More than the feed holds back, without a moment to hear them.
    for _ in 0..1_100 {
        let new = NewSession::signed_in(subject("bob"));
        place.elsewhere.create(new, &Caller::user()).await.expect("created");
    }
    sleep(A_MOMENT).await;
    assert_eq!((place.near.counts().copies, place.near.is_whole()), (0, false));
    sleep(2 * BOUND).await;
    assert!(place.near.is_whole(), "the next heartbeat came back");
}

#[tokio::test(start_paused = true)]
async fn a_read_that_began_before_a_change_is_not_kept() {
    let place = Place::new().await;
    let record = place.session().await;
    let gate = place.far.hold_next_answer(Method::Load);
    let place = Arc::new(place);
    let slow = tokio::spawn({
        let (place, record) = (Arc::clone(&place), record.clone());
        async move { place.near.load(&record.realm, &record.id).await }
    });
    gate.reached().await;
    place.end(&record).await;
    sleep(A_MOMENT).await;
    gate.open();
    let slow = slow.await.expect("no panic").expect("it answers").expect("it was there");
    assert!(slow.ended.is_none(), "it asked before the end");
    assert_eq!(place.ask(&record).await, (false, 1));
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_given_up_half_way_forgets_what_it_may_have_changed() {
    let place = Place::new().await;
    let record = place.session().await;
    place.ask(&record).await;
    let gate = place.far.hold_next(Method::Save);
    let mut next = record.clone();
    next.version = record.version.next();
    {
        let mut save = std::pin::pin!(place.near.save(&next, Expected::Version(record.version), &[]));
        tokio::select! {
            _ = &mut save => panic!("it waits at the gate"),
            () = gate.reached() => {}
        }
    }
    assert_eq!(place.ask(&record).await, (true, 1));
}

#[tokio::test(start_paused = true)]
async fn a_touch_moves_the_times_of_the_copy_too() {
    let place = Place::new().await;
    let record = place.session().await;
    place.ask(&record).await;
    let (seen_at, expires_at) =
        (record.seen_at.plus(Duration::from_mins(1)), record.expires_at.plus(Duration::from_mins(1)));
    let touched = place.near.touch(&record.realm, &record.id, record.version, seen_at, expires_at).await;
    assert_eq!(touched.expect("it answers"), Outcome::Applied);
    let copy = place.near.copy(&record.realm, &record.id).expect("it is at hand");
    assert_eq!((copy.seen_at, copy.expires_at), (seen_at, expires_at));
    assert_eq!(place.ask(&record).await, (true, 0));
    let late = place.near.touch(&record.realm, &record.id, record.version.next(), seen_at, expires_at).await;
    assert_eq!(late.expect("it answers"), Outcome::Conflict);
    assert_eq!(place.ask(&record).await, (true, 1), "the copy may be behind");
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_no_logout_and_no_cache_hides_it_for_long() {
    let place = Place::new().await;
    let record = place.session().await;
    place.ask(&record).await;
    place.far.outage(true);
    assert_eq!(place.ask(&record).await, (true, 0));
    sleep(BOUND + A_MOMENT).await;
    let answer = place.near.load(&record.realm, &record.id).await;
    assert!(answer.is_err_and(|error| error.is_unavailable()));
    place.far.outage(false);
    assert_eq!(place.ask(&record).await, (true, 1), "at once");
    wait_until_whole(&place.near).await;
}

#[tokio::test(start_paused = true)]
async fn a_heart_that_was_swept_away_is_replaced() {
    let place = Place::new().await;
    let realm = Realm::new("hallpass-heartbeat").expect("a realm");
    let mut query = Query::default();
    query.realm = Some(realm.clone());
    let hearts = place.elsewhere.in_realm(realm);
    for record in place.far.list(&query).await.expect("it answers").items {
        let revocation = Revocation::default();
        hearts.revoke(&record.id, &revocation).await.expect("ended");
    }
    sleep(BOUND + A_MOMENT).await;
    wait_until_whole(&place.near).await;
    let record = place.session().await;
    place.ask(&record).await;
    assert_eq!(place.ask(&record).await, (true, 0));
}

#[tokio::test(start_paused = true)]
async fn a_cache_keeps_to_its_size() {
    let far = shared();
    let near = Tiered::with_bytes(far.clone(), NonZeroUsize::new(64 << 10).expect("not zero"));
    wait_until_whole(&near).await;
    let sessions = Sessions::builder().store(far).build().expect("all parts");
    for _ in 0..1_000 {
        let record = sessions.create(NewSession::anonymous(), &Caller::user()).await.expect("created").record;
        sleep(A_MOMENT).await;
        near.load(&record.realm, &record.id).await.expect("it answers");
    }
    let record = size_of::<Record>();
    assert!((20..(64 << 10) / record).contains(&near.counts().copies), "{} of {record} bytes", near.counts().copies);
}

#[tokio::test(start_paused = true)]
async fn a_store_that_tells_of_no_changes_is_passed_through() {
    let far = FaultyStore::new(MemoryStore::new());
    let near = Tiered::new(far.clone());
    assert_eq!((near.capabilities(), near.staleness()), (far.capabilities(), Duration::ZERO));
    let sessions = Sessions::builder().store(far.clone()).build().expect("all parts");
    let record = sessions.create(NewSession::anonymous(), &Caller::user()).await.expect("created").record;
    sleep(2 * BOUND).await;
    for _ in 0..3 {
        near.load(&record.realm, &record.id).await.expect("it answers");
    }
    assert_eq!((far.calls().load, near.counts().copies, near.is_whole()), (3, 0, false));
}
