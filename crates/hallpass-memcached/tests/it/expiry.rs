//! The server's own expiry only cleans up.

use std::time::Duration;

use hallpass::{Outcome, Store, Timestamp};

use crate::support::{HOUR, changed, connect, create, ended, key, load, now, record, update};

/// Asks the server for how many seconds it keeps something; -1 is for ever.
fn kept(server: &rig::Memcached, key: &str) -> i64 {
    let answer = server.ask(&format!("mg {key} t"));
    let seconds = answer.strip_prefix("HD t").unwrap_or_else(|| panic!("{key} is there: {answer}"));
    seconds.parse().expect("a number")
}

#[tokio::test]
async fn the_server_forgets_at_least_two_hours_late() {
    let Some(server) = rig::memcached(&[]) else { return };
    let store = connect(&server.url()).await;
    let day = 24 * HOUR;
    for (left, expected) in [
        (Duration::ZERO, 7200),
        (HOUR, 10_800),
        (29 * day, 29 * 86_400 + 7200),
        // From here on it is an instant, and no time from now on.
        (30 * day, 30 * 86_400 + 7200),
        (400 * day, 400 * 86_400 + 7200),
    ] {
        let mut record = record();
        record.expires_at = now().plus(left);
        create(&store, &record).await;
        let seconds = kept(&server, &key(&record));
        assert!((expected - 5..=expected + 5).contains(&seconds), "{seconds} instead of {expected}");
    }
    let mut long_over = record();
    long_over.expires_at = Timestamp::UNIX_EPOCH;
    create(&store, &long_over).await;
    assert!(kept(&server, &key(&long_over)) > 7190, "what is over is kept for who still writes to it");
    let mut endless = record();
    endless.expires_at = Timestamp::MAX;
    create(&store, &endless).await;
    assert_eq!(kept(&server, &key(&endless)), -1);
}

#[tokio::test]
async fn what_is_kept_follows_every_touch_save_and_end() {
    let Some(server) = rig::memcached(&[]) else { return };
    let store = connect(&server.url()).await;
    let record = record();
    create(&store, &record).await;
    let later = now().plus(10 * HOUR);
    let touched = store.touch(&record.realm, &record.id, record.version, now(), later).await;
    assert_eq!(touched.expect("the store is there"), Outcome::Applied);
    assert!((43_190..=43_205).contains(&kept(&server, &key(&record))));
    let next = changed(&record, "{}");
    update(&store, &record, &next).await;
    assert!((10_790..=10_805).contains(&kept(&server, &key(&record))));
    update(&store, &next, &ended(&next)).await;
    assert!((93_590..=93_605).contains(&kept(&server, &key(&record))));
}

#[tokio::test]
async fn a_record_that_the_server_forgot_is_unknown_and_no_save_makes_it_again() {
    let Some(server) = rig::memcached(&[]) else { return };
    let store = connect(&server.url()).await;
    for end_first in [false, true] {
        let mut present = record();
        create(&store, &present).await;
        if end_first {
            let tombstone = ended(&present);
            update(&store, &present, &tombstone).await;
            present = tombstone;
        }
        assert_eq!(server.ask(&format!("md {}", key(&present))), "HD");
        assert_eq!(load(&store, &present).await, None);
        let mut late = changed(&record(), "{}");
        late.id = present.id;
        for version in [present.version, late.version] {
            let outcome = store.save(&late, hallpass::Expected::Version(version), &[]).await;
            assert_eq!(outcome.expect("the store is there"), Outcome::Conflict);
        }
        let touched = store.touch(&present.realm, &present.id, present.version, now(), now().plus(HOUR)).await;
        assert_eq!(touched.expect("the store is there"), Outcome::Conflict);
        assert_eq!(load(&store, &present).await, None);
    }
}
