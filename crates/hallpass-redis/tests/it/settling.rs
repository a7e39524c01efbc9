//! What was done by a write that no replica has taken is not told to be done, however often somebody asks.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use hallpass::{Caller, Error, NewSession, Revocation, Sessions};
use rig::Redis;

use crate::support::{connect, subject};

const SETTINGS: [&str; 1] = ["repl-diskless-sync-delay 0"];

async fn sessions(url: &str) -> Sessions {
    let store = Arc::new(connect(url).await);
    Sessions::builder().store(store).build().expect("the parts fit")
}

#[track_caller]
fn assert_open<T: Debug>(answer: Result<T, Error>) {
    let error = answer.expect_err("no replica has it");
    assert!(error.is_unavailable(), "{error}");
}

async fn pair() -> Option<(Redis, Redis, Sessions)> {
    let primary = rig::redis(&SETTINGS)?;
    let replica = rig::redis(&[&format!("replicaof 127.0.0.1 {}", primary.port())])?;
    while !primary.takes_replicated_writes(1) {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let sessions = sessions(&format!("{}?replicas=1&timeout_ms=400", primary.url())).await;
    Some((primary, replica, sessions))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_end_that_no_replica_has_is_not_told_to_have_come() {
    let Some((_primary, replica, sessions)) = pair().await else { return };
    let (alice, caller) = (subject("alice"), Caller::user());
    let new = || NewSession::signed_in(alice.clone());
    let [one, two, three] = [
        sessions.create(new(), &caller).await.expect("a session"),
        sessions.create(new(), &caller).await.expect("a session"),
        sessions.create(new(), &caller).await.expect("a session"),
    ];
    let but = Some(&three.record.id);
    replica.freeze();
    for _ in 0..3 {
        assert_open(sessions.revoke(&one.record.id, &Revocation::default()).await);
        assert_open(sessions.log_out(two.token.expose(), &caller).await);
        assert_open(sessions.revoke_subject(&alice, but, &Revocation::default()).await);
    }
    replica.thaw();
    assert!(!sessions.revoke(&one.record.id, &Revocation::default()).await.expect("it lasts"), "it had ended");
    sessions.log_out(two.token.expose(), &caller).await.expect("it lasts");
    assert_eq!(sessions.revoke_subject(&alice, but, &Revocation::default()).await.expect("it lasts"), 0);
    sessions.verify(three.token.expose(), false, &caller).await.expect("nobody ended this one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_token_of_a_renewal_that_no_replica_has_is_not_handed_out() {
    let Some((_primary, replica, sessions)) = pair().await else { return };
    let caller = Caller::user();
    let issued = sessions.create(NewSession::anonymous(), &caller).await.expect("a session");
    sessions.verify(issued.token.expose(), false, &caller).await.expect("its first use");
    replica.freeze();
    for _ in 0..3 {
        assert_open(sessions.renew(issued.token.expose(), &caller).await);
    }
    replica.thaw();
    let renewed = sessions.renew(issued.token.expose(), &caller).await.expect("it lasts");
    assert_ne!(renewed.token.expose(), issued.token.expose());
    sessions.verify(renewed.token.expose(), false, &caller).await.expect("it is the present one");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn attributes_that_no_replica_has_are_not_told_to_be_written() {
    let Some((_primary, replica, sessions)) = pair().await else { return };
    let caller = Caller::user();
    let id = sessions.create(NewSession::anonymous(), &caller).await.expect("a session").record.id;
    let edit = |_: &_| Ok::<_, ()>("{\"theme\":\"dark\"}".into());
    replica.freeze();
    for _ in 0..3 {
        assert_open(sessions.edit_data(&id, edit, &caller).await);
    }
    replica.thaw();
    sessions.edit_data(&id, edit, &caller).await.expect("it lasts").expect("nothing is refused");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_part_of_a_cluster_without_a_replica_leaves_the_ends_of_all_open() {
    let Some(mut cluster) = rig::redis_cluster(&[SETTINGS[0], "cluster-migration-barrier 9"]) else { return };
    let sessions = sessions(&format!("{}?replicas=1&timeout_ms=400", cluster.url())).await;
    let alice = subject("alice");
    let kept = sessions.create(NewSession::signed_in(alice.clone()), &Caller::user()).await.expect("a session");
    let but = Some(&kept.record.id);
    for number in 0..6 {
        if cluster.nodes()[number].is_replica() {
            cluster.nodes()[number].freeze();
            // Which part it is of does not matter: an end may have been written to any.
            assert_open(sessions.revoke_subject(&alice, but, &Revocation::default()).await);
            cluster.nodes()[number].thaw();
            while sessions.revoke_subject(&alice, but, &Revocation::default()).await.is_err() {}
        }
    }
}
