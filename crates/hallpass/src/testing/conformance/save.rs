//! What a save finds decides whether it writes.

use super::bench::{Bench, counting, version};
use super::handles::Handles;
use super::sample;
use crate::record::Version;
use crate::store::{Expected, Outcome};

pub(super) async fn a_save_that_expects_nothing_writes_only_once(handles: Handles) {
    let bench = Bench::new(handles);
    let record = bench.record();
    bench.create([&record]).await;
    for number in [1, 2, 7] {
        let mut other = bench.record();
        (other.id, other.version, other.data) = (record.id, version(number), counting(number));
        assert_eq!(bench.save(&other, Expected::Absent).await, Outcome::Conflict, "the id is taken");
        bench.assert_stored(&record).await;
    }
}

pub(super) async fn a_save_that_expects_nothing_gives_way_to_a_tombstone(handles: Handles) {
    let bench = Bench::new(handles);
    let record = bench.record();
    bench.create([&record]).await;
    let tombstone = bench.end(&record).await;
    for again in [record.clone(), sample::next(&tombstone, |again| again.data = counting(1))] {
        assert_eq!(bench.save(&again, Expected::Absent).await, Outcome::Conflict, "a tombstone takes the id");
        bench.assert_stored(&tombstone).await;
    }
}

pub(super) async fn a_save_that_expects_a_version_never_creates(handles: Handles) {
    let bench = Bench::new(handles);
    for number in [0, 1, 2] {
        let mut record = bench.record();
        record.version = version(number).next();
        let outcome = bench.save(&record, Expected::Version(version(number))).await;
        assert_eq!(outcome, Outcome::Conflict, "there is no record with version {number}");
        bench.assert_absent(&record.id).await;
    }
}

pub(super) async fn a_save_that_expects_another_version_changes_nothing(handles: Handles) {
    let bench = Bench::new(handles);
    // 2^53 and its neighbours are one number in floating point.
    for stored in [5, 1 << 53] {
        let mut record = bench.record();
        record.version = version(stored);
        bench.create([&record]).await;
        for expected in [0, 1, stored - 1, stored + 1, stored + 2] {
            let mut other = sample::next(&record, |other| other.data = counting(1));
            other.version = version(expected).next();
            let outcome = bench.save(&other, Expected::Version(version(expected))).await;
            assert_eq!(outcome, Outcome::Conflict, "version {stored} is stored, and {expected} was expected");
            bench.assert_stored(&record).await;
        }
        bench.update(&record, |record| record.data = counting(2)).await;
    }
}

pub(super) async fn a_save_is_seen_at_once(handles: Handles) {
    let bench = Bench::new(handles);
    let subject = sample::subject();
    let mut record = bench.record_of(&subject);
    bench.create([&record]).await;
    for number in 0..10 {
        bench.assert_stored(&record).await;
        record = bench.update(&record, |record| record.data = counting(number)).await;
        if bench.lists().await {
            let page = bench.elsewhere().list(&bench.query_of(&subject)).await.expect("a store that lists answers");
            assert_eq!(page.items.len(), 1, "the subject's session is listed");
            sample::assert_same(page.items.first(), &record);
        }
    }
}

pub(super) async fn a_save_never_brings_an_ended_session_back(handles: Handles) {
    let bench = Bench::new(handles);
    let subject = sample::subject();
    let created = bench.record_of(&subject);
    bench.create([&created]).await;
    let changed = bench.update(&created, |record| record.data = counting(1)).await;
    let tombstone = bench.end(&changed).await;
    let versions = [created.version, changed.version, tombstone.version, tombstone.version.next(), Version::default()];
    for expected in versions.map(Expected::Version).into_iter().chain([Expected::Absent]) {
        for base in [&created, &changed, &tombstone] {
            let mut living = sample::next(base, |living| living.data = counting(2));
            (living.version, living.chain, living.ended) = (tombstone.version.next(), created.chain.clone(), None);
            assert_eq!(bench.save(&living, expected).await, Outcome::Conflict, "the session has ended");
            bench.assert_stored(&tombstone).await;
        }
    }
}

pub(super) async fn a_tombstone_is_never_written_over(handles: Handles) {
    let bench = Bench::new(handles);
    let record = bench.record();
    bench.create([&record]).await;
    let tombstone = bench.end(&record).await;
    let another = sample::next(&tombstone, |another| {
        another.ended.as_mut().expect("it has ended").note = None;
        another.expires_at = bench.now.plus(sample::DAY);
    });
    for expected in [Expected::Version(tombstone.version), Expected::Version(record.version), Expected::Absent] {
        assert_eq!(bench.save(&another, expected).await, Outcome::Conflict, "the first end of a session is its end");
        bench.assert_stored(&tombstone).await;
    }
}

pub(super) async fn a_session_that_was_never_stored_can_be_ended(handles: Handles) {
    let bench = Bench::new(handles);
    let mut tombstone = bench.record_of(&sample::subject());
    sample::end(&mut tombstone, bench.now);
    bench.create([&tombstone]).await;
    bench.assert_stored(&tombstone).await;
    let mut living = bench.record();
    (living.id, living.version) = (tombstone.id, tombstone.version.next());
    for expected in [Expected::Absent, Expected::Version(tombstone.version)] {
        assert_eq!(bench.save(&living, expected).await, Outcome::Conflict, "a late creation comes too late");
    }
    bench.assert_stored(&tombstone).await;
}
