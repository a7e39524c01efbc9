use std::time::Duration;

use super::*;
use crate::record::Terms;
use crate::store::MemoryStore;
use crate::token::{Chain, Generation};

fn record() -> Record {
    let now = Timestamp::from_millis(1);
    let terms = Terms { idle: 1, absolute: 1, renewal: 1, anonymous: 900, locks: false };
    let chain = Chain::start(Generation::FIRST, now).chain;
    Record::new(SessionId::random(), Realm::default(), crate::name::Profile::default(), terms, chain, now)
}

fn store() -> FaultyStore<MemoryStore> {
    FaultyStore::new(MemoryStore::new())
}

#[tokio::test]
async fn an_unavailable_store_never_hears_of_the_call() {
    let (store, record) = (store(), record());
    store.script(Method::Save, [Fault::Unavailable]);
    let error = store.save(&record, Expected::Absent, &[]).await.expect_err("unavailable");
    assert!(error.is_unavailable() && store.inner().is_empty());
}

#[tokio::test]
async fn a_lost_answer_is_that_of_a_write_that_was_done() {
    let (store, record) = (store(), record());
    store.script(Method::Save, [Fault::LostAnswer]);
    let error = store.save(&record, Expected::Absent, &[]).await.expect_err("the answer is lost");
    assert!(error.is_unavailable());
    assert_eq!(store.load(&record.realm, &record.id).await.expect("healthy"), Some(record));
}

#[tokio::test]
async fn a_script_is_played_once_and_a_standing_fault_until_healed() {
    let (store, record) = (store(), record());
    store.script(Method::Save, [Fault::Conflict, Fault::None]);
    assert_eq!(store.save(&record, Expected::Absent, &[]).await.expect("an answer"), Outcome::Conflict);
    assert_eq!(store.save(&record, Expected::Absent, &[]).await.expect("an answer"), Outcome::Applied);
    store.always(Method::Load, Fault::Corrupt);
    for _ in 0..3 {
        let error = store.load(&record.realm, &record.id).await.expect_err("corrupt");
        assert!(error.is_corrupt());
    }
    store.heal();
    assert!(store.load(&record.realm, &record.id).await.is_ok());
    assert_eq!(store.calls(), Calls { load: 4, save: 2, ..Calls::default() });
    assert_eq!(store.calls().total(), 6);
}

#[tokio::test]
async fn an_outage_is_of_every_method() {
    let (store, record) = (store(), record());
    let subject = Subject::new("alice").expect("valid");
    let (realm, id, now) = (&record.realm, &record.id, record.created_at);
    store.outage(true);
    let errors = [
        store.load(realm, id).await.err(),
        store.save(&record, Expected::Absent, &[]).await.err(),
        store.touch(realm, id, Version::FIRST, now, now).await.err(),
        store.list(&Query::default()).await.err(),
        store.events(&EventQuery::default()).await.err(),
        store.epoch(realm, &subject, true).await.err(),
        store.sweep(now, NonZeroUsize::MIN).await.err(),
    ];
    assert!(errors.iter().all(|error| error.as_ref().is_some_and(StoreError::is_unavailable)), "{errors:?}");
    store.outage(false);
    assert_eq!(store.epoch(realm, &subject, false).await.expect("healthy"), Epoch(0));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_at_a_gate_waits_until_it_opens() {
    let (store, record) = (store(), record());
    let gate = store.hold_next(Method::Save);
    let slow = tokio::spawn({
        let (store, record) = (store.clone(), record.clone());
        async move { store.save(&record, Expected::Absent, &[]).await }
    });
    gate.reached().await;
    assert_eq!(store.load(&record.realm, &record.id).await.expect("healthy"), None);
    gate.open();
    assert_eq!(slow.await.expect("no panic").expect("healthy"), Outcome::Applied);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_at_a_gate_is_that_of_a_write_that_was_done() {
    let (store, record) = (store(), record());
    let gate = store.hold_next_answer(Method::Save);
    let slow = tokio::spawn({
        let (store, record) = (store.clone(), record.clone());
        async move { store.save(&record, Expected::Absent, &[]).await }
    });
    gate.reached().await;
    assert_eq!(store.load(&record.realm, &record.id).await.expect("healthy").as_ref(), Some(&record));
    assert!(!slow.is_finished());
    gate.open();
    assert_eq!(slow.await.expect("no panic").expect("healthy"), Outcome::Applied);
}

#[tokio::test]
async fn faults_at_random_are_the_share_asked_for_and_repeat_with_their_seed() {
    async fn failures(seed: u64) -> Vec<bool> {
        let (store, record) = (store(), record());
        store.at_random(seed, 0.25, [Fault::Unavailable]);
        let mut failures = Vec::new();
        for _ in 0..1_000 {
            failures.push(store.load(&record.realm, &record.id).await.is_err());
        }
        failures
    }
    let first = failures(7).await;
    let count = first.iter().filter(|failed| **failed).count();
    assert!((200..300).contains(&count), "{count} of 1,000");
    assert_eq!(first, failures(7).await);
    assert_ne!(first, failures(8).await);
}

#[tokio::test(start_paused = true)]
async fn a_delayed_call_takes_its_time() {
    let (store, record) = (store(), record());
    store.script(Method::Load, [Fault::Delay(Duration::from_secs(5))]);
    let before = tokio::time::Instant::now();
    assert_eq!(store.load(&record.realm, &record.id).await.expect("healthy"), None);
    assert_eq!(before.elapsed().as_secs(), 5);
}

#[tokio::test]
async fn what_a_limited_store_lacks_is_unsupported() {
    let store = store().limited_to(Capabilities { durable: true, ..Capabilities::default() });
    assert_eq!(store.capabilities(), Capabilities::default());
    assert!(store.list(&Query::default()).await.is_err_and(|error| error.is_unsupported()));
    assert!(store.events(&EventQuery::default()).await.is_err_and(|error| error.is_unsupported()));
}

#[test]
#[should_panic(expected = "Load cannot answer with a conflict")]
fn a_method_that_cannot_conflict_is_not_given_one() {
    store().script(Method::Load, [Fault::Conflict]);
}
