//! A caller that goes away half way leaves all of a write behind, or nothing.

use std::future::poll_fn;
use std::task::Poll;
use std::time::Duration;

use super::bench::{Bench, counting};
use super::handles::Handles;
use super::sample::{self, HOUR, MINUTE};
use crate::event::{EventId, EventKind};
use crate::record::Record;
use crate::store::{EventQuery, Expected, Outcome};

/// Polls a future so many times, each time after it asked for it, and drops it then.
pub(super) async fn polled<F: Future>(future: F, times: usize) -> Option<F::Output> {
    let mut future = Box::pin(future);
    let mut left = times;
    poll_fn(move |context| {
        if left == 0 {
            return Poll::Ready(None);
        }
        left -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            // Without another poll to come, nobody would wake this task again.
            Poll::Pending if left == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

pub(super) async fn a_save_that_is_dropped_half_way_happens_whole_or_not_at_all(handles: Handles) {
    let bench = Bench::new(handles);
    let keeps_events = bench.keeps_events().await;
    for times in [0, 1, 2, 3, 1, 2, 4, 8] {
        let before = bench.record_of(&sample::subject());
        bench.create([&before]).await;
        let after = sample::next(&before, |after| {
            after.data = counting(1);
            after.subject = Some(sample::subject());
        });
        let event = bench.event(EventKind::Renewed, &after);
        let events = std::slice::from_ref(&event);
        drop(polled(bench.store().save(&after, Expected::Version(before.version), events), times).await);
        assert_whole(&bench, &before, &after, keeps_events.then_some(event.id)).await;
        assert_usable(&bench, &before).await;
    }
}

pub(super) async fn a_creation_that_is_dropped_half_way_happens_whole_or_not_at_all(handles: Handles) {
    let bench = Bench::new(handles);
    let lists = bench.lists().await;
    for times in [0, 1, 2, 3, 1, 2, 4, 8] {
        let subject = sample::subject();
        let record = bench.record_of(&subject);
        drop(polled(bench.store().save(&record, Expected::Absent, &[]), times).await);
        // The write may still be under way: whatever it comes to, a second try finds out.
        let outcome = bench.save(&record, Expected::Absent).await;
        assert!(matches!(outcome, Outcome::Applied | Outcome::Conflict));
        bench.assert_stored(&record).await;
        if lists {
            assert_eq!(bench.ids(&bench.query_of(&subject)).await, [record.id], "it is listed once");
        }
        bench.end(&record).await;
    }
}

pub(super) async fn a_touch_that_is_dropped_half_way_happens_whole_or_not_at_all(handles: Handles) {
    let bench = Bench::new(handles);
    for times in [0, 1, 2, 3, 1, 2, 4, 8] {
        let before = bench.record();
        bench.create([&before]).await;
        let after = Record { seen_at: bench.now.plus(MINUTE), expires_at: bench.now.plus(2 * HOUR), ..before.clone() };
        let touch = bench.store().touch(&before.realm, &before.id, before.version, after.seen_at, after.expires_at);
        drop(polled(touch, times).await);
        assert_whole(&bench, &before, &after, None).await;
        assert_usable(&bench, &before).await;
    }
}

pub(super) async fn a_task_that_is_aborted_leaves_the_store_whole(handles: Handles) {
    let bench = Bench::new(handles);
    let keeps_events = bench.keeps_events().await;
    for micros in [0, 1, 10, 50, 100, 300, 1_000, 3_000] {
        let before = bench.record();
        bench.create([&before]).await;
        let after = sample::next(&before, |after| after.data = counting(1));
        let event = bench.event(EventKind::Renewed, &after);
        let task = tokio::spawn({
            let (bench, after, event, expected) = (bench.clone(), after.clone(), event.clone(), before.version);
            async move { bench.store().save(&after, Expected::Version(expected), &[event]).await }
        });
        tokio::time::sleep(Duration::from_micros(micros)).await;
        task.abort();
        drop(task.await);
        assert_whole(&bench, &before, &after, keeps_events.then_some(event.id)).await;
        assert_usable(&bench, &before).await;
    }
}

/// Asserts that one of two records is stored whole, and that the event is there only with the later one.
async fn assert_whole(bench: &Bench, before: &Record, after: &Record, event: Option<EventId>) {
    let query = EventQuery::of_session(bench.realm.clone(), before.id);
    for _ in 0..3 {
        // The write may still be under way, so what is read first may be older than what is read last.
        let happened = if event.is_some() { bench.event_ids(&query).await } else { Vec::new() };
        let found = bench.load(&before.id).await.expect("the record is there throughout");
        let is_after = found == *after;
        sample::assert_same(Some(&found), if is_after { after } else { before });
        if let Some(event) = event {
            let kept = bench.event_ids(&query).await;
            assert!(is_after || !happened.contains(&event), "an event without its change");
            assert!(!is_after || kept.contains(&event), "a change without its event");
        }
    }
}

/// Asserts that the record can be written as ever: nothing is locked, and no half of a write waits.
async fn assert_usable(bench: &Bench, before: &Record) {
    for _ in 0..10 {
        let found = bench.load(&before.id).await.expect("the record is there throughout");
        let last = sample::next(&found, |last| {
            last.data = counting(99);
            // As late as a touch that may still be under way, which the save would keep.
            last.seen_at = bench.now.plus(MINUTE);
        });
        if bench.save(&last, Expected::Version(found.version)).await == Outcome::Applied {
            bench.assert_stored(&last).await;
            return;
        }
    }
    panic!("after a write was dropped, the record cannot be written any more");
}
