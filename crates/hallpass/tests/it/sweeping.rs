//! Ending what is over by itself, from time to time.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use hallpass::testing::{Fault, FaultyStore, ManualClock, Method};
use hallpass::{
    Caller, Capabilities, EndReason, MemoryStore, NewSession, Policy, ReferenceToken, SessionState, Sessions,
    Store as _,
};

use crate::app::{App, subject};

fn most(number: usize) -> NonZeroUsize {
    NonZeroUsize::new(number).expect("positive")
}

/// Returns what another release of the application has over the same store: another policy.
fn under(app: &App, policy: Policy) -> Sessions {
    let store = Arc::clone(app.sessions.store());
    Sessions::builder().shared_store(store).clock(app.clock.clone()).policy(policy).build().expect("the parts fit")
}

#[tokio::test]
async fn a_session_that_outlives_its_stored_deadline_is_kept_and_holds_no_other_up() {
    let hours = |hours| Policy::builder().idle(Duration::from_hours(hours)).absolute(Duration::from_hours(9));
    let app = App::with_policy(hours(8).build().expect("valid"));
    let made = app.sessions.create(NewSession::signed_in(subject("alice")), &Caller::user()).await.expect("made");
    // Its deadline is stored while the policy is strict for a while.
    let strict = under(&app, hours(1).build().expect("valid"));
    let session = strict.open(made.token.expose(), &Caller::user()).await.expect("good");
    session.set("a", &1).expect("small");
    session.commit().await.expect("saved");
    let ends = strict.create(NewSession::signed_in(subject("bob")), &Caller::user()).await.expect("made");

    app.advance(3 * 3600);
    assert_eq!(app.sessions.sweep(most(1)).await.expect("it is there").expired, 1);
    let state = async |id| {
        let record = app.sessions.find(&id).await.expect("it is there").expect("not forgotten");
        (record.ended.is_some(), app.sessions.state(&record))
    };
    assert_eq!(state(made.record.id).await, (false, SessionState::Active));
    assert_eq!(state(ends.record.id).await, (true, SessionState::Ended));
    assert_eq!(app.sessions.sweep(most(10)).await.expect("it is there").expired, 0);
    assert_eq!(state(made.record.id).await, (false, SessionState::Active));
}

#[tokio::test]
async fn what_is_over_is_asked_for_once_for_each_thousand() {
    let app = App::new();
    for _ in 0..2500 {
        app.sessions.create(NewSession::anonymous(), &Caller::user()).await.expect("made");
    }
    app.advance(86_400);
    let before = app.store.calls();
    assert_eq!(app.sessions.sweep(most(10_000)).await.expect("it is there").expired, 2500);
    let after = app.store.calls();
    assert_eq!((after.list - before.list, after.save - before.save), (3, 2500));
}

#[tokio::test]
async fn where_others_end_the_same_sessions_a_sweep_comes_to_its_end() {
    let app = App::new();
    for _ in 0..4 {
        app.sessions.create(NewSession::anonymous(), &Caller::user()).await.expect("made");
    }
    app.advance(86_400);
    app.store.always(hallpass::testing::Method::Save, hallpass::testing::Fault::Conflict);
    let swept = tokio::time::timeout(Duration::from_secs(10), app.sessions.sweep(most(2))).await;
    assert_eq!(swept.expect("it ends").expect("it is there").expired, 0);
}

#[tokio::test]
async fn a_node_whose_clock_is_wrong_ends_nothing_and_sweeps_nothing() {
    let app = App::new();
    let browser = app.signed_in("alice").await;
    let (token, caller) = (browser.token(), Caller::user());
    let id = ReferenceToken::parse(&token).expect("ours").id;
    app.sessions.verify(&token, true, &caller).await.expect("used");
    let now = app.sessions.now();
    for (off, is_wrong) in [(0, false), (30, false), (31, true), (90, true), (0, false)] {
        let off = Duration::from_secs(off);
        for says in [now.plus(off), now.minus(off)] {
            app.store.say_time(Some(says));
            assert_eq!(app.sessions.check_clock().await.is_err(), is_wrong, "the store says {says}, and it is {now}");
        }
    }
    // An hour ahead, everything looks as if its time were over.
    app.advance(3600);
    app.store.say_time(Some(now));
    let limit = NonZeroUsize::new(10).expect("not zero");
    assert!(app.sessions.sweep(limit).await.expect_err("it may not").is_unavailable());
    assert!(app.sessions.verify(&token, true, &caller).await.expect_err("it may not").is_unavailable(), "no logout");
    app.store.say_time(Some(app.sessions.now()));
    app.sessions.sweep(limit).await.expect("it may again");
    let record = app.sessions.find(&id).await.expect("it is there").expect("a record");
    assert_eq!(record.ended.expect("ended").reason, EndReason::Idle, "now it is so");
}

#[tokio::test]
async fn a_sweep_forgets_where_nothing_can_be_listed_and_not_where_the_listing_fails() {
    let clock = ManualClock::new();
    for can_list in [true, false] {
        let able = Capabilities { list: can_list, ..MemoryStore::new().capabilities() };
        let store = FaultyStore::new(MemoryStore::new()).limited_to(able);
        let sessions = Sessions::builder().store(store.clone()).clock(clock.clone()).build().expect("all parts");
        sessions.create(NewSession::anonymous(), &Caller::user()).await.expect("created");
        clock.advance(Duration::from_hours(24 * 30));
        if can_list {
            store.script(Method::List, [Fault::Unavailable]);
            assert!(sessions.sweep(most(10)).await.expect_err("away").is_unavailable());
            assert_eq!(store.calls().sweep, 0, "nothing is forgotten that could not be ended first");
        } else {
            let swept = sessions.sweep(most(10)).await.expect("it can forget");
            assert_eq!((swept.expired, swept.forgotten), (0, 1));
        }
    }
}
