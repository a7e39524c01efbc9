//! What becomes of sessions when a server's memory is full.

use hallpass::{Expected, Outcome, Record, Store, StoreError};
use hallpass_memcached::MemcachedStore;

use crate::support::{changed, connect, create, ended, load, record, update};

fn filled(mut record: Record) -> Record {
    record.data = format!("{{\"fill\":\"{}\"}}", "x".repeat(100_000)).into();
    record
}

/// Saves sessions until one is refused, or so many are there; returns them, and what was refused.
async fn fill(store: &MemcachedStore, most: usize) -> (Vec<Record>, Option<(Record, StoreError)>) {
    let mut kept = Vec::new();
    while kept.len() < most {
        let record = filled(record());
        match store.save(&record, Expected::Absent, &[]).await {
            Ok(outcome) => assert_eq!(outcome, Outcome::Applied),
            Err(error) => return (kept, Some((record, error))),
        }
        kept.push(record);
    }
    (kept, None)
}

#[tokio::test]
async fn a_full_server_that_may_not_evict_refuses_new_sessions_and_keeps_the_old() {
    let Some(server) = rig::memcached(&["-M", "-m", "8"]) else { return };
    let store = connect(&server.url()).await;
    let (kept, refused) = fill(&store, 1000).await;
    let (refused, error) = refused.expect("the server fills up");
    assert!(error.is_unavailable() && error.to_string().contains("no memory left"), "{error}");
    assert_eq!(load(&store, &refused).await, None, "what was refused is not there");
    assert!(kept.len() > 10, "{}", kept.len());
    for record in &kept {
        assert_eq!(load(&store, record).await.as_ref(), Some(record), "what was acknowledged is there");
    }
}

/// The server unlinks what it has no memory to replace, as `proto_text.c` says: "Avoid stale data persisting in cache
/// because we failed alloc". So this is a logout by a full server, told as unavailable, and never a revival.
#[tokio::test]
async fn a_change_for_which_there_is_no_memory_is_unavailable_and_may_take_its_session_along() {
    let Some(server) = rig::memcached(&["-M", "-m", "8"]) else { return };
    let store = connect(&server.url()).await;
    let before = record();
    create(&store, &before).await;
    let (_, refused) = fill(&store, 1000).await;
    assert!(refused.is_some());
    let after = filled(changed(&before, ""));
    let error = store.save(&after, Expected::Version(before.version), &[]).await.expect_err("there is no memory");
    assert!(error.is_unavailable(), "{error}");
    let found = load(&store, &before).await;
    assert!(found.is_none() || found == Some(before.clone()), "{found:?}");
    let late = store.save(&changed(&before, "{}"), Expected::Version(before.version), &[]).await;
    assert_eq!(late.expect("the store is there") == Outcome::Applied, found.is_some(), "a save never creates");
}

/// What the documentation says about sizes.
#[tokio::test]
async fn a_session_takes_no_more_than_it_is_said_to() {
    let Some(server) = rig::memcached(&[]) else { return };
    let store = connect(&server.url()).await;
    let bytes = || -> u64 {
        let stats = server.ask("stats");
        let told = stats.lines().find_map(|line| line.strip_prefix("STAT bytes "));
        told.expect("it tells").trim().parse().expect("a number")
    };
    let before = bytes();
    for number in 0..1000 {
        let mut record = record();
        record.subject = Some(crate::support::subject(&format!("user-{number:03}")));
        create(&store, &record).await;
    }
    let each = (bytes() - before) / 1000;
    assert!((180..=250).contains(&each), "{each} bytes a session");
}

#[tokio::test]
async fn a_creation_again_on_a_full_server_leaves_what_is_there() {
    let Some(server) = rig::memcached(&["-M", "-m", "8"]) else { return };
    let store = connect(&server.url()).await;
    let (living, before) = (record(), record());
    create(&store, &living).await;
    create(&store, &before).await;
    let tombstone = ended(&before);
    update(&store, &before, &tombstone).await;
    assert!(fill(&store, 1000).await.1.is_some());
    for present in [living, tombstone] {
        let mut again = filled(present.clone());
        again.ended = None;
        let outcome = store.save(&again, Expected::Absent, &[]).await.expect("the store is there");
        assert_eq!(outcome, Outcome::Conflict);
        assert_eq!(load(&store, &present).await, Some(present));
    }
}

#[tokio::test]
async fn a_full_server_that_evicts_forgets_sessions_and_revives_none() {
    let Some(server) = rig::memcached(&["-m", "8"]) else { return };
    let store = connect(&server.url()).await;
    let mut ends = Vec::new();
    let (old, _) = fill(&store, 20).await;
    for before in &old[..10] {
        let mut tombstone = ended(before);
        tombstone.data = before.data.clone(); // as large, so that it is thrown away with the others
        update(&store, before, &tombstone).await;
        ends.push(before);
    }
    let (_, refused) = fill(&store, 400).await;
    assert!(refused.is_none(), "{refused:?}");
    let mut lost = 0;
    for before in ends {
        let found = load(&store, before).await;
        assert!(found.as_ref().is_none_or(|found| found.ended.is_some()), "{found:?}");
        lost += usize::from(found.is_none());
        let late = changed(before, "{}");
        let outcome = store.save(&late, Expected::Version(before.version), &[]).await.expect("the store is there");
        assert_eq!(outcome, Outcome::Conflict, "an evicted tombstone is an unknown session, never one that lives");
        assert!(load(&store, before).await.is_none_or(|found| found.ended.is_some()));
    }
    assert!(lost > 0, "the server has thrown away nothing");
    let facts = connect(&server.url()).await.server_facts();
    assert!(facts[0].evictions > 0 && facts[0].dangers()[0].contains("thrown away"), "{facts:?}");
}

#[tokio::test]
async fn a_record_larger_than_the_server_takes_is_refused_and_the_old_one_stays() {
    let Some(server) = rig::memcached(&["-m", "256"]) else { return };
    let store = connect(&server.url()).await;
    let before = record();
    create(&store, &before).await;
    let mut after = changed(&before, "");
    after.data = format!("{{\"fill\":\"{}\"}}", "x".repeat(1_048_500)).into();
    let error = store.save(&after, Expected::Version(before.version), &[]).await.expect_err("too large");
    assert!(error.is_unsupported() && error.to_string().contains("larger -I"), "{error}");
    assert_eq!(load(&store, &before).await, Some(before.clone()));
    let mut new = record();
    new.data = after.data.clone();
    assert!(store.save(&new, Expected::Absent, &[]).await.expect_err("too large").is_unsupported());
    assert_eq!(load(&store, &new).await, None);
}

/// What the store lets through, the server takes: otherwise it would throw away what it had.
#[tokio::test]
async fn a_record_of_any_size_that_is_not_refused_is_kept() {
    let Some(server) = rig::memcached(&["-m", "256"]) else { return };
    let store = connect(&server.url()).await;
    let mut present = record();
    create(&store, &present).await;
    let (mut taken, mut refused) = (0, 0);
    for length in (1_047_700..1_048_700).step_by(7) {
        let mut next = changed(&present, "");
        next.data = format!("\"{}\"", "x".repeat(length)).into();
        match store.save(&next, Expected::Version(present.version), &[]).await {
            Ok(outcome) => {
                assert_eq!(outcome, Outcome::Applied);
                present = next;
                taken += 1;
            }
            Err(error) => {
                assert!(error.is_unsupported(), "{length}: {error}");
                refused += 1;
            }
        }
        assert_eq!(load(&store, &present).await.as_ref(), Some(&present), "{length}");
    }
    assert!(taken > 0 && refused > 0, "{taken} taken and {refused} refused: the sizes are on one side");
}
