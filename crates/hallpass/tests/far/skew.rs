//! Two nodes before one server, whose clocks are 90 seconds apart: the one that is wrong ends nobody's session.

use std::num::NonZeroUsize;
use std::time::Duration;

use hallpass::testing::ManualClock;
use hallpass::{
    Caller, Clock as _, NewSession, Policy, Revocation, Sessions, SessionsBuilder, Store, Subject, SystemClock,
};

const APART: Duration = Duration::from_secs(90);

/// By a clock that is ahead of the server's, every session here is over.
const IDLE: Duration = Duration::from_mins(1);

pub(crate) async fn assert_a_wrong_clock_ends_nobody<S: Store + Clone>(one: S, other: S) {
    let now = SystemClock::new().now();
    let right = node(one.clone(), |builder| builder);
    let (caller, ann) = (Caller::user(), Subject::new("ann").expect("a subject"));
    let session = right.create(NewSession::signed_in(ann), &caller).await.expect("the store is there");
    let token = session.token.expose();
    assert!(right.check_clock().await.expect("the clocks agree") < Duration::from_secs(30));

    let ahead = node(other.clone(), |builder| builder.clock(ManualClock::starting_at(now.plus(APART))));
    let behind = node(other, |builder| builder.clock(ManualClock::starting_at(now.minus(APART))));
    for wrong in [&ahead, &behind] {
        assert!(wrong.check_clock().await.expect_err("it is not ready").is_unavailable());
        assert!(wrong.sweep(NonZeroUsize::new(100).expect("positive")).await.expect_err("it may not").is_unavailable());
    }
    let refused = ahead.verify(token, true, &caller).await.expect_err("it may not judge");
    assert!(refused.is_unavailable() && !refused.is_inactive(), "an outage is no logout: {refused}");
    behind.verify(token, true, &caller).await.expect("nothing is over by this clock");
    let found = right.find(&session.record.id).await.expect("the store is there").expect("it is not forgotten");
    assert!(found.ended.is_none() && found.expires_at >= session.record.expires_at, "{found:?}");
    right.verify(token, true, &caller).await.expect("it lives");

    // What somebody ended has ended, whatever time it is.
    assert!(right.revoke(&session.record.id, &Revocation::default()).await.expect("the store is there"));
    for node in [&right, &ahead, &behind] {
        assert!(node.verify(token, true, &caller).await.expect_err("it has ended").is_inactive());
    }
}

fn node(store: impl Store, clock: impl FnOnce(SessionsBuilder) -> SessionsBuilder) -> Sessions {
    let policy = Policy::builder().idle(IDLE).absolute(IDLE * 60).build().expect("valid");
    clock(Sessions::builder().store(store).policy(policy)).build().expect("all parts")
}
