//! Epochs outlive their loss: whatever begins again begins higher.

use std::time::Duration;

use hallpass::{Epoch, Realm, Store};

use crate::support::{connect, subject};

async fn epoch(store: &impl Store, name: &str, raise: bool) -> Epoch {
    store.epoch(&Realm::default(), &subject(name), raise).await.expect("the store is there")
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
    let keys = server.ask("lru_crawler metadump all");
    assert!(keys.contains("exp=-1") && keys.contains("hallpass%3Aepoch%3Adefault%2F"), "{keys}");
}

#[tokio::test]
async fn something_else_under_an_epochs_key_is_no_epoch() {
    let Some(server) = rig::memcached(&[]) else { return };
    let store = connect(&server.url()).await;
    epoch(&store, "alice", false).await;
    let keys = server.ask("lru_crawler metadump all");
    let key = keys.split_whitespace().find_map(|word| word.strip_prefix("key=")).expect("a key");
    let key = key.replace("%3A", ":").replace("%2F", "/");
    assert_eq!(server.ask(&format!("ms {key} 3\r\nabc")), "HD");
    for raise in [false, true] {
        let error = store.epoch(&Realm::default(), &subject("alice"), raise).await.expect_err("no number");
        assert!(!error.is_unsupported(), "{error}");
    }
}
