//! A touch moves two times forward, and nothing else.

use super::bench::{Bench, counting, version};
use super::handles::Handles;
use super::sample::{self, HOUR, MINUTE, SECOND};
use crate::record::Record;
use crate::store::Outcome;
use crate::time::Timestamp;

pub(super) async fn a_touch_moves_two_times_and_nothing_else(handles: Handles) {
    let bench = Bench::new(handles);
    for mut record in [bench.record(), sample::full(bench.realm.clone(), bench.now)] {
        bench.create([&record]).await;
        for step in [SECOND, MINUTE, HOUR] {
            (record.seen_at, record.expires_at) = (record.seen_at.plus(step), record.expires_at.plus(step));
            let outcome = bench.touch(&record, record.seen_at, record.expires_at).await;
            assert_eq!(outcome, Outcome::Applied);
            bench.assert_stored(&record).await;
        }
        bench.update(&record, |record| record.data = counting(1)).await;
    }
}

pub(super) async fn a_touch_never_goes_back(handles: Handles) {
    let bench = Bench::new(handles);
    let mut record = bench.record();
    bench.create([&record]).await;
    let (seen_at, expires_at) = (record.seen_at, record.expires_at);
    let touches = [
        (seen_at.minus(SECOND), expires_at.minus(SECOND)),
        (Timestamp::UNIX_EPOCH, Timestamp::UNIX_EPOCH),
        (seen_at, expires_at),
        (seen_at.plus(SECOND), expires_at.minus(MINUTE)),
        (seen_at.minus(MINUTE), expires_at.plus(SECOND)),
        (seen_at, expires_at),
    ];
    for (seen_at, expires_at) in touches {
        record.seen_at = record.seen_at.max(seen_at);
        record.expires_at = record.expires_at.max(expires_at);
        let outcome = bench.touch(&record, seen_at, expires_at).await;
        assert_eq!(outcome, Outcome::Applied, "the version is right, so a late touch is no conflict");
        bench.assert_stored(&record).await;
    }
}

pub(super) async fn a_save_never_moves_the_last_use_back(handles: Handles) {
    let bench = Bench::new(handles);
    let read = bench.record();
    bench.create([&read]).await;
    let (seen_at, expires_at) = (read.seen_at.plus(MINUTE), read.expires_at.plus(MINUTE));
    assert_eq!(bench.touch(&read, seen_at, expires_at).await, Outcome::Applied);
    let mut saved = bench.update(&read, |record| record.data = counting(1)).await;
    saved.seen_at = seen_at;
    bench.assert_stored(&saved).await;
    let later = bench.update(&saved, |record| record.seen_at = seen_at.plus(SECOND)).await;
    bench.assert_stored(&later).await;
    let tombstone = bench.end(&Record { seen_at: read.seen_at, ..later.clone() }).await;
    bench.assert_stored(&Record { seen_at: later.seen_at, ..tombstone }).await;
}

pub(super) async fn a_touch_gives_way_to_a_write(handles: Handles) {
    let bench = Bench::new(handles);
    let first = bench.record();
    bench.create([&first]).await;
    let written = bench.update(&first, |record| record.data = counting(1)).await;
    let next = Record { version: written.version.next(), ..written.clone() };
    let zeroth = Record { version: version(0), ..written.clone() };
    for stale in [first, next, zeroth] {
        let outcome = bench.touch(&stale, bench.now.plus(MINUTE), bench.now.plus(2 * HOUR)).await;
        assert_eq!(outcome, Outcome::Conflict, "another version is stored");
        bench.assert_stored(&written).await;
    }
}

pub(super) async fn a_touch_never_creates(handles: Handles) {
    let bench = Bench::new(handles);
    for number in [0, 1] {
        let record = Record { version: version(number), ..bench.record() };
        let outcome = bench.touch(&record, bench.now.plus(SECOND), bench.now.plus(2 * HOUR)).await;
        assert_eq!(outcome, Outcome::Conflict, "there is no such record");
        bench.assert_absent(&record.id).await;
    }
    if bench.lists().await {
        assert_eq!(bench.ids(&bench.query()).await, [], "there are no records");
    }
}

pub(super) async fn a_touch_leaves_a_tombstone_alone(handles: Handles) {
    let bench = Bench::new(handles);
    let record = bench.record();
    bench.create([&record]).await;
    let tombstone = bench.end(&record).await;
    for touched in [&record, &tombstone] {
        let outcome = bench.touch(touched, bench.now.plus(MINUTE), bench.now.plus(2 * HOUR)).await;
        assert_eq!(outcome, Outcome::Conflict, "the session has ended");
        bench.assert_stored(&tombstone).await;
    }
}
