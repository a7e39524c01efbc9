//! What one write leaves in the database.

use bytes::Bytes;
use hallpass::{Outcome, Settings, Store, Timestamp, Version};
use hallpass_sql::testing::assert_keeps_events_of_no_session;

use super::support::{START, create, load, place, record};
use crate::server::table;

#[tokio::test]
async fn a_record_comes_back_as_it_was_also_where_its_attributes_are_no_json() {
    let Some((store, _, _)) = place().await else { return };
    for data in ["", "{}", "not JSON", "\u{1f600}", "[1", "1e999999", "\"\\u0000\"", "{\"a\":1,\"a\":2}", " [ 1 ] "] {
        let mut odd = record();
        odd.version = Version::new(u64::MAX);
        odd.expires_at = Timestamp::MAX;
        odd.seen_at = Timestamp::UNIX_EPOCH;
        odd.unknown = Bytes::from_static(&[200, 3, 1, 2, 3]);
        odd.data = Bytes::copy_from_slice(data.as_bytes());
        create(&store, &odd).await;
        assert_eq!(load(&store, &odd).await, Some(odd));
    }
    let mut sealed = record();
    sealed.data = Bytes::from_static(b"\xff\x00sealed, not text");
    create(&store, &sealed).await;
    assert_eq!(load(&store, &sealed).await, Some(sealed));
}

#[tokio::test]
async fn a_setting_changes_only_from_what_was_expected() {
    let Some((store, _, _)) = place().await else { return };
    let settings = store.settings();
    assert_eq!(settings.save("key/1", b"one", Some(b"zero")).await.expect("the store"), Outcome::Conflict);
    assert_eq!(settings.save("key/1", b"one", None).await.expect("the store"), Outcome::Applied);
    assert_eq!(settings.save("key/1", b"two", None).await.expect("the store"), Outcome::Conflict);
    assert_eq!(settings.save("key/1", b"two", Some(b"one")).await.expect("the store"), Outcome::Applied);
    for name in ["key/2", "key", "keys", "kez/1", "key%"] {
        assert_eq!(settings.save(name, b"", None).await.expect("the store"), Outcome::Applied);
    }
    let names = settings.list("key/").await.expect("the store");
    assert_eq!(names, [("key/1".into(), Bytes::from_static(b"two")), ("key/2".into(), Bytes::new())]);
    assert_eq!(settings.remove("key/1", b"one").await.expect("the store"), Outcome::Conflict);
    assert_eq!(settings.remove("key/1", b"two").await.expect("the store"), Outcome::Applied);
    assert_eq!(settings.load("key/1").await.expect("the store"), None);
    assert_eq!(settings.load("key/2").await.expect("the store"), Some(Bytes::new()));
}

#[tokio::test]
async fn a_touch_changes_the_row_of_a_living_session_only_forward() {
    let Some((store, server, database)) = place().await else { return };
    let untouched = record();
    create(&store, &untouched).await;
    let (early, later) = (START.minus(std::time::Duration::from_secs(9)), Timestamp::MAX);
    for (seen_at, expires_at) in [(later, early), (early, later)] {
        let outcome = store.touch(&untouched.realm, &untouched.id, untouched.version, seen_at, expires_at).await;
        assert_eq!(outcome.expect("the store is there"), Outcome::Applied);
    }
    let sql = format!("SELECT COUNT(*) FROM {} WHERE seen_at = expires_at", table("sessions"));
    assert_eq!(server.run(&database, &sql), "1");
}

#[tokio::test]
async fn events_that_come_with_no_session_are_kept() {
    let Some((store, _, _)) = place().await else { return };
    assert_keeps_events_of_no_session(&store).await;
}
