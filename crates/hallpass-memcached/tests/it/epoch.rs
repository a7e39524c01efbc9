//! Epochs outlive their loss: whatever begins again begins higher.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass::{Epoch, Realm, Store};
use sha2::{Digest as _, Sha256};

use crate::support::{connect, subject};

async fn epoch(store: &impl Store, name: &str, raise: bool) -> Epoch {
    store.epoch(&Realm::default(), &subject(name), raise).await.expect("the store is there")
}

/// Returns the key of a subject's epoch, as the usual prefix makes it.
fn key(name: &str) -> String {
    format!("hallpass:epoch:default/{}", URL_SAFE_NO_PAD.encode(Sha256::digest(name)))
}

#[tokio::test]
async fn an_epoch_that_the_server_lost_begins_higher_than_it_ever_was() {
    let Some(mut server) = rig::memcached(&[]) else { return };
    let store = connect(&server.url()).await;
    for loses_by_restart in [false, true] {
        let asked = epoch(&store, "alice", false).await;
        let mut highest = asked;
        for _ in 0..100 {
            let raised = epoch(&store, "alice", true).await;
            assert_eq!(raised, Epoch(highest.0 + 1));
            highest = raised;
        }
        // The server counts its time in seconds.
        tokio::time::sleep(Duration::from_millis(2100)).await;
        if loses_by_restart {
            server.kill();
            server.start();
            tokio::time::sleep(Duration::from_millis(1500)).await;
        } else {
            assert_eq!(server.ask("flush_all"), "OK");
        }
        let again = epoch(&store, "alice", loses_by_restart).await;
        assert!(again > highest, "{again:?} after {highest:?}: tokens that were ended would be good again");
        assert_eq!(epoch(&store, "alice", false).await, again);
    }
}

#[tokio::test]
async fn an_epoch_is_a_number_that_does_not_expire_and_that_json_can_hold() {
    let Some(server) = rig::memcached(&[]) else { return };
    let store = connect(&server.url()).await;
    let asked = epoch(&store, "al\u{1f3ab}ice with spaces", false).await;
    assert!(asked.0 > 1_600_000_000_000_000 && asked.0 < 1 << 53, "{asked:?}");
    let kept = server.ask(&format!("mg {} t", key("al\u{1f3ab}ice with spaces")));
    assert_eq!(kept, "HD t-1");
}

#[tokio::test]
async fn something_else_under_an_epochs_key_is_no_epoch() {
    let Some(server) = rig::memcached(&[]) else { return };
    let store = connect(&server.url()).await;
    epoch(&store, "alice", false).await;
    assert_eq!(server.ask(&format!("ms {} 3 T0\r\nabc", key("alice"))), "HD");
    for raise in [false, true] {
        let error = store.epoch(&Realm::default(), &subject("alice"), raise).await.expect_err("no number");
        assert!(!error.is_unsupported(), "{error}");
    }
}
