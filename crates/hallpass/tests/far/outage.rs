//! A server that is silent or cut off: an error in time and no wrong answer, and the store comes back by itself.

use std::time::{Duration, Instant};

use hallpass::{Expected, Outcome, Store};
use rig::Proxy;

use crate::records::{assert_unavailable, back, changed, create, load, record};
use crate::support::{SCHEME, SILENT, TIMEOUT, connect, start};

/// How much later than it is something may be seen on a busy machine.
const MARGIN: Duration = Duration::from_millis(500);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_server_is_unavailable_in_time_and_comes_back() {
    let Some(server) = start() else { return };
    let store = connect(&format!("{}?timeout_ms={}", server.url(), TIMEOUT.as_millis())).await;
    let record = record();
    create(&store, &record).await;
    server.freeze();
    for _ in 0..8 {
        let start = Instant::now();
        assert_unavailable(store.load(&record.realm, &record.id).await, SILENT);
        assert!(start.elapsed() < TIMEOUT + MARGIN, "late by {:?}", start.elapsed());
    }
    let next = changed(&record, "{}");
    assert_unavailable(store.save(&next, Expected::Version(record.version), &[]).await, "no answer");
    server.thaw();
    let late = back(&store, &record).await;
    assert!(late < Duration::from_secs(2), "back only {late:?} after the server");
    // The write that got no answer may have been done when the server went on: then it was done whole.
    let stored = load(&store, &record).await.expect("an outage is no end");
    assert!(stored == record || stored == next);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_way_that_swallows_everything_is_left_for_a_new_one() {
    let Some(server) = start() else { return };
    let proxy = Proxy::to(server.port());
    let store = connect(&format!("{SCHEME}://127.0.0.1:{}?timeout_ms={}", proxy.port(), TIMEOUT.as_millis())).await;
    let record = record();
    create(&store, &record).await;
    proxy.swallow(true);
    assert_unavailable(store.load(&record.realm, &record.id).await, "no answer");
    // The old connections stay as they are, without a word; only new ones would work.
    proxy.forget();
    let late = back(&store, &record).await;
    assert!(late < Duration::from_secs(2), "back only {late:?} after the way");
    assert_eq!(load(&store, &record).await, Some(record));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_cut_in_the_middle_of_a_reply_gives_no_wrong_answer() {
    let Some(server) = start() else { return };
    let proxy = Proxy::to(server.port());
    let store = connect(&format!("{SCHEME}://127.0.0.1:{}", proxy.port())).await;
    let mut present = changed(&record(), &format!("{{\"fill\":\"{}\"}}", "x".repeat(2000)));
    create(&store, &present).await;
    for bytes in [0, 1, 3, 10, 100, 700, 1999] {
        proxy.cut_after(bytes);
        // A read is asked again on a new connection.
        assert_eq!(load(&store, &present).await, Some(present.clone()), "cut after {bytes} bytes");
    }
    for bytes in [0, 1, 2, 3, 2150, 2200] {
        back(&store, &present).await;
        proxy.cut_after(bytes);
        let next = changed(&present, &format!("{{\"fill\":\"{}\"}}", "y".repeat(2000)));
        match store.save(&next, Expected::Version(present.version), &[]).await {
            Ok(outcome) => assert_eq!(outcome, Outcome::Applied, "cut after {bytes} bytes"),
            Err(error) => assert!(error.is_unavailable(), "{error}"),
        }
        back(&store, &present).await;
        let stored = load(&store, &present).await.expect("an outage is no end");
        assert!(stored == present || stored == next, "cut after {bytes} bytes");
        present = stored;
    }
}
