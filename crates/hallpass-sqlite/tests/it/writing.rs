//! What one write does, and what it leaves alone.

use std::num::NonZeroUsize;
use std::time::Duration;

use bytes::Bytes;
use hallpass::{
    Capabilities, Epoch, Expected, Outcome, Realm, SWEEP_MARGIN, Settings, Store, Subject, Timestamp, Version,
};
use hallpass_sql::testing::assert_keeps_events_of_no_session;
use hallpass_sqlite::SqliteStore;
use hallpass_sqlite::rusqlite::Connection;

use crate::support::{START, changed, create, ended, load, place, record, subject};

const MANY: NonZeroUsize = NonZeroUsize::new(10_000).expect("not zero");

#[tokio::test]
async fn a_record_comes_back_as_it_was_with_fields_that_are_not_known() {
    let (_folder, path) = place();
    let store = SqliteStore::open(path).expect("a new store");
    let mut odd = record();
    odd.version = Version::new(u64::MAX);
    odd.expires_at = Timestamp::MAX;
    odd.subject = Some(subject("Zoë 'quoted' \u{1f600}"));
    odd.unknown = Bytes::from_static(&[200, 3, 1, 2, 3]);
    odd.data = Bytes::from_static(b"\xff\x00sealed, not text");
    create(&store, &odd).await;
    assert_eq!(load(&store, &odd).await, Some(odd));
}

#[tokio::test]
async fn attributes_can_be_read_with_the_databases_own_tool() {
    let (_folder, path) = place();
    let store = SqliteStore::open(path.as_path()).expect("a new store");
    let mut written = record();
    written.data = Bytes::from_static(br#"{"cart":[1,2]}"#);
    create(&store, &written).await;
    let cart: String = Connection::open(path)
        .and_then(|file| file.query_row("SELECT data ->> '$.cart' FROM sessions", [], |row| row.get(0)))
        .expect("JSON");
    assert_eq!(cart, "[1,2]");
}

#[tokio::test]
async fn an_ended_session_cannot_come_back() {
    let (_folder, path) = place();
    let store = SqliteStore::open(path).expect("a new store");
    let living = record();
    create(&store, &living).await;
    let tombstone = ended(&living);
    let save = |record, expected| {
        let store = store.clone();
        async move { store.save(&record, expected, &[]).await.expect("the store is there") }
    };
    assert_eq!(save(tombstone.clone(), Expected::Version(living.version)).await, Outcome::Applied);
    assert_eq!(save(changed(&living, "[]"), Expected::Version(living.version)).await, Outcome::Conflict);
    assert_eq!(save(changed(&tombstone, "[]"), Expected::Version(tombstone.version)).await, Outcome::Conflict);
    assert_eq!(save(living.clone(), Expected::Absent).await, Outcome::Conflict);
    let touched = store.touch(&living.realm, &living.id, tombstone.version, Timestamp::MAX, Timestamp::MAX).await;
    assert_eq!(touched.expect("the store is there"), Outcome::Conflict);
    assert_eq!(load(&store, &living).await, Some(tombstone));
}

#[tokio::test]
async fn a_save_that_expects_a_version_never_creates() {
    let (_folder, path) = place();
    let store = SqliteStore::open(path).expect("a new store");
    let nowhere = record();
    let outcome = store.save(&nowhere, Expected::Version(nowhere.version), &[]).await.expect("the store is there");
    assert_eq!(outcome, Outcome::Conflict);
    assert_eq!(load(&store, &nowhere).await, None);
}

#[tokio::test]
async fn a_change_of_subject_or_creation_moves_the_record_in_listings() {
    let (_folder, path) = place();
    let store = SqliteStore::open(path).expect("a new store");
    let anonymous = record();
    create(&store, &anonymous).await;
    let mut known = changed(&anonymous, "[]");
    known.subject = Some(subject("ann"));
    known.created_at = START.plus(Duration::from_secs(1));
    let outcome = store.save(&known, Expected::Version(anonymous.version), &[]).await.expect("the store is there");
    assert_eq!(outcome, Outcome::Applied);
    let mut query = hallpass::Query::of_subject(Realm::default(), subject("ann"));
    query.created_after = Some(START);
    assert_eq!(store.list(&query).await.expect("the store is there").items, [known]);
}

#[tokio::test]
async fn a_touch_moves_times_forward_only_and_nothing_else() {
    let (_folder, path) = place();
    let store = SqliteStore::open(path).expect("a new store");
    let untouched = record();
    create(&store, &untouched).await;
    let touch = |seen_at, expires_at| {
        let (store, record) = (store.clone(), untouched.clone());
        async move {
            let outcome = store.touch(&record.realm, &record.id, record.version, seen_at, expires_at).await;
            assert_eq!(outcome.expect("the store is there"), Outcome::Applied);
        }
    };
    let (early, later) = (START.minus(Duration::from_secs(9)), START.plus(Duration::from_secs(9)));
    touch(later, early).await;
    touch(early, later).await;
    let mut wanted = untouched.clone();
    (wanted.seen_at, wanted.expires_at) = (later, later);
    assert_eq!(load(&store, &untouched).await, Some(wanted));
    let stale = store.touch(&untouched.realm, &untouched.id, Version::new(9), later, later).await;
    assert_eq!(stale.expect("the store is there"), Outcome::Conflict);
}

#[tokio::test]
async fn a_sweep_forgets_in_steps_what_is_long_over_and_nothing_that_was_touched() {
    let (_folder, path) = place();
    let store = SqliteStore::open(path).expect("a new store");
    let now = START.plus(SWEEP_MARGIN);
    let mut kept = Vec::new();
    let mut writes = Vec::new();
    for number in 0..1200 {
        let mut record = record();
        record.expires_at = if number < 3 { START } else { START.minus(Duration::from_millis(1)) };
        if number < 4 {
            kept.push(record.clone());
        }
        let store = store.clone();
        writes.push(tokio::spawn(async move { create(&store, &record).await }));
    }
    for write in writes {
        write.await.expect("no panic");
    }
    let touched = &kept[3];
    let _ = store.touch(&touched.realm, &touched.id, touched.version, START, START).await.expect("the store");
    let some = NonZeroUsize::new(700).expect("not zero");
    assert_eq!(store.sweep(now, some).await.expect("the store is there"), 700);
    assert_eq!(store.sweep(now, MANY).await.expect("the store is there"), 496);
    assert_eq!(store.sweep(now, MANY).await.expect("the store is there"), 0);
    for record in &kept {
        assert!(load(&store, record).await.is_some());
    }
}

#[tokio::test]
async fn an_epoch_rises_by_one_for_its_subject_and_realm() {
    let (_folder, path) = place();
    let store = SqliteStore::open(path).expect("a new store");
    let (here, there) = (Realm::default(), Realm::new("there").expect("a realm"));
    let epoch = |realm: &Realm, name: &str, raise| {
        let (store, realm, subject) = (store.clone(), realm.clone(), Subject::new(name).expect("a subject"));
        async move { store.epoch(&realm, &subject, raise).await.expect("the store is there") }
    };
    assert_eq!(epoch(&here, "ann", false).await, Epoch(0));
    assert_eq!(epoch(&here, "ann", true).await, Epoch(1));
    assert_eq!(epoch(&here, "ann", true).await, Epoch(2));
    assert_eq!(epoch(&here, "ann", false).await, Epoch(2));
    assert_eq!(epoch(&here, "bob", false).await, Epoch(0));
    assert_eq!(epoch(&there, "ann", false).await, Epoch(0));
}

#[tokio::test]
async fn a_setting_changes_only_from_what_was_expected_and_survives() {
    let (_folder, path) = place();
    let store = SqliteStore::open(path.as_path()).expect("a new store");
    let settings = store.settings();
    assert_eq!(settings.save("key/1", b"one", Some(b"zero")).await.expect("the store"), Outcome::Conflict);
    assert_eq!(settings.save("key/1", b"one", None).await.expect("the store"), Outcome::Applied);
    assert_eq!(settings.save("key/1", b"two", None).await.expect("the store"), Outcome::Conflict);
    assert_eq!(settings.save("key/1", b"two", Some(b"one")).await.expect("the store"), Outcome::Applied);
    for name in ["key/2", "key", "keys", "kez/1"] {
        assert_eq!(settings.save(name, b"", None).await.expect("the store"), Outcome::Applied);
    }
    drop((settings, store));
    let settings = SqliteStore::open(path).expect("the same store").settings();
    let names = settings.list("key/").await.expect("the store");
    assert_eq!(names, [("key/1".into(), Bytes::from_static(b"two")), ("key/2".into(), Bytes::new())]);
    assert_eq!(settings.remove("key/1", b"one").await.expect("the store"), Outcome::Conflict);
    assert_eq!(settings.remove("key/1", b"two").await.expect("the store"), Outcome::Applied);
    assert_eq!(settings.load("key/1").await.expect("the store"), None);
    assert_eq!(settings.load("key/2").await.expect("the store"), Some(Bytes::new()));
}

#[tokio::test]
async fn a_write_that_nobody_waits_for_happens_whole_or_not_at_all() {
    let (_folder, path) = place();
    let store = SqliteStore::open(path).expect("a new store");
    for _ in 0..50 {
        let record = record();
        let event = crate::support::event_of(&record, hallpass::EventKind::Created, "made");
        let write = store.save(&record, Expected::Absent, std::slice::from_ref(&event));
        let _ = tokio::time::timeout(Duration::from_micros(50), write).await;
        // After a write of its own, whatever was waiting is decided.
        create(&store, &crate::support::record()).await;
        let query = hallpass::EventQuery::of_session(record.realm.clone(), record.id);
        let told = store.events(&query).await.expect("the store is there").items;
        assert_eq!(load(&store, &record).await.is_some(), !told.is_empty());
    }
}

#[test]
fn it_says_what_it_can_do() {
    let (_folder, path) = place();
    let can = SqliteStore::open(path).expect("a new store").capabilities();
    assert_eq!(can, Capabilities { list: true, events: true, changes: false, shared: true, durable: true });
}

#[tokio::test]
async fn events_that_come_with_no_session_are_kept() {
    let (_folder, path) = place();
    assert_keeps_events_of_no_session(&SqliteStore::open(path).expect("a new store")).await;
}
