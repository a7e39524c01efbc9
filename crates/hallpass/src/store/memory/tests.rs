use super::*;
use crate::name::Profile;
use crate::record::Terms;
use crate::token::{Chain, Generation};

const TERMS: Terms = Terms { idle: 1, absolute: 2, renewal: 3, anonymous: 900, locks: false };

fn record(subject: &str, expires_at: u64) -> Record {
    let now = Timestamp::from_millis(1000);
    let chain = Chain::start(Generation::FIRST, now).chain;
    let mut record = Record::new(SessionId::random(), Realm::default(), Profile::default(), TERMS, chain, now);
    record.subject = Some(Subject::new(subject).expect("valid"));
    record.expires_at = Timestamp::from_millis(expires_at);
    record
}

#[test]
fn a_slot_is_small() {
    assert!(size_of::<Option<slot::Slot>>() <= 192, "{}", size_of::<Option<slot::Slot>>());
}

#[tokio::test]
async fn a_full_store_refuses_new_sessions_and_drops_none() {
    let store = MemoryStore::with_capacity(2);
    let held = [record("a", 1), record("b", 1)];
    for record in &held {
        assert_eq!(store.save(record, Expected::Absent, &[]).await.expect("room is left"), Outcome::Applied);
    }
    let error = store.save(&record("c", 1), Expected::Absent, &[]).await.expect_err("it is full");
    assert!(error.is_unavailable(), "{error}");
    for record in &held {
        assert!(store.load(&record.realm, &record.id).await.expect("memory is there").is_some());
    }
    let now = Timestamp::from_millis(1).plus(SWEEP_MARGIN * 2);
    assert_eq!(store.sweep(now, NonZeroUsize::MAX).await.expect("memory is there"), 2);
    assert!(store.is_empty());
    assert_eq!(store.save(&record("c", 1), Expected::Absent, &[]).await.expect("room again"), Outcome::Applied);
}

#[tokio::test]
async fn sweeping_visits_what_expired_and_not_what_lives() {
    let store = MemoryStore::new();
    for index in 0..1000 {
        let expires_at = if index % 10 == 0 { 0 } else { 100_000_000 };
        let _ = store.save(&record("a", expires_at), Expected::Absent, &[]).await.expect("room is left");
    }
    let now = Timestamp::from_millis(20_000).plus(SWEEP_MARGIN);
    assert_eq!(store.sweep(now, NonZeroUsize::new(30).expect("positive")).await.expect("memory is there"), 30);
    assert_eq!(store.sweep(now, NonZeroUsize::MAX).await.expect("memory is there"), 70);
    assert_eq!(store.sweep(now, NonZeroUsize::MAX).await.expect("memory is there"), 0);
    assert_eq!(store.len(), 900);
    let page = store.list(&Query::of_subject(Realm::default(), Subject::new("a").expect("valid"))).await;
    assert_eq!(page.expect("memory is there").items.len(), 100);
}

#[tokio::test]
async fn what_is_overdue_costs_as_much_as_is_asked_for_and_not_as_there_is() {
    let cost = async |overdue: usize| {
        let store = MemoryStore::new();
        for _ in 0..overdue {
            let _ = store.save(&record("a", 0), Expected::Absent, &[]).await.expect("room is left");
        }
        let mut least = std::time::Duration::MAX;
        for _ in 0..20 {
            let begun = std::time::Instant::now();
            let told = store.overdue(Timestamp::from_millis(1), PageLimit::default()).await.expect("memory is there");
            least = least.min(begun.elapsed());
            assert_eq!(told.len(), 100);
        }
        least
    };
    let (few, many) = (cost(100).await, cost(50_000).await);
    assert!(many < few * 50, "100 of 100: {few:?}, 100 of 50,000: {many:?}");
}

#[tokio::test]
async fn a_slot_that_is_used_again_is_told_once() {
    let store = MemoryStore::with_capacity(1);
    let mut moved = record("a", 100_000_000);
    let _ = store.save(&moved, Expected::Absent, &[]).await.expect("room is left");
    for expires_at in [50_000_000, 0] {
        let before = moved.version;
        (moved.version, moved.expires_at) = (before.next(), Timestamp::from_millis(expires_at));
        let _ = store.save(&moved, Expected::Version(before), &[]).await.expect("memory is there");
    }
    let now = Timestamp::from_millis(1).plus(SWEEP_MARGIN);
    assert_eq!(store.sweep(now, NonZeroUsize::MAX).await.expect("memory is there"), 1);
    let again = SessionId::from_bytes({
        let mut bytes = *SessionId::random().as_bytes();
        bytes[15] = moved.id.as_bytes()[15];
        bytes
    });
    let again = Record { id: again, ..record("b", 50_000_000) };
    let _ = store.save(&again, Expected::Absent, &[]).await.expect("room again");
    let by = Timestamp::from_millis(60_000_000);
    let told = store.overdue(by, PageLimit::default()).await.expect("memory is there");
    assert_eq!(told.len(), 1);
    let listed = store.list(&Query { expires_by: Some(by), ..Query::default() }).await.expect("memory is there");
    assert_eq!(listed.items.len(), 1);
}

#[tokio::test]
async fn a_record_whose_end_moved_to_and_fro_is_forgotten_once() {
    let store = MemoryStore::new();
    let mut moved = record("a", 400_000_000);
    let _ = store.save(&moved, Expected::Absent, &[]).await.expect("room is left");
    for expires_at in [100_000_000, 400_000_000, 200_000_000, 400_000_000] {
        let before = moved.version;
        moved.version = before.next();
        moved.expires_at = Timestamp::from_millis(expires_at);
        let _ = store.save(&moved, Expected::Version(before), &[]).await.expect("memory is there");
        let now = Timestamp::from_millis(expires_at - 1).plus(SWEEP_MARGIN);
        assert_eq!(store.sweep(now, NonZeroUsize::MAX).await.expect("memory is there"), 0);
    }
    let now = Timestamp::from_millis(400_000_001).plus(SWEEP_MARGIN);
    assert_eq!(store.sweep(now, NonZeroUsize::MAX).await.expect("memory is there"), 1);
    assert_eq!(store.len(), 0);
}

#[tokio::test]
async fn a_subject_with_very_many_sessions_costs_each_no_more() {
    let store = MemoryStore::new();
    for _ in 0..20_000 {
        let _ = store.save(&record("load-test", 1), Expected::Absent, &[]).await.expect("room is left");
    }
    assert_eq!(store.of_subject(&Realm::default(), &Subject::new("load-test").expect("valid")).len(), 20_000);
}

#[test]
fn the_oldest_events_go_first() {
    let mut ring = EventRing::new(3);
    let events: Vec<_> =
        (0..5).map(|at| Event::new(crate::EventKind::Created, Realm::default(), Timestamp::from_millis(at))).collect();
    ring.extend(&events);
    let page = ring.page(&EventQuery::default());
    assert_eq!((page.items, page.next), (events[2..].to_vec(), None));
    let after_forgotten = ring.page(&EventQuery { after: Some(events[0].id), ..EventQuery::default() });
    assert_eq!(after_forgotten.items, events[2..]);
}
