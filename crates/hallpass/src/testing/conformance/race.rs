//! Several writers at once: each of these is run many times, on several threads, through both handles.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::bench::{Bench, ROUNDS, counted, counting};
use super::handles::Handles;
use super::sample::{self, MINUTE, SECOND};
use crate::event::EventKind;
use crate::name::Subject;
use crate::record::Record;
use crate::store::{EventQuery, Expected, Outcome};

const WRITERS: usize = 8;

pub(super) async fn two_creators_one_wins(handles: Handles) {
    let bench = Bench::new(handles);
    for _ in 0..ROUNDS {
        let model = bench.record();
        let outcomes = bench
            .at_once(WRITERS, |bench, index| {
                let mut record = bench.record();
                (record.id, record.data) = (model.id, counting(index as u64));
                async move { (bench.save(&record, Expected::Absent).await, record) }
            })
            .await;
        let winners: Vec<_> = outcomes.iter().filter(|(outcome, _)| *outcome == Outcome::Applied).collect();
        assert_eq!(winners.len(), 1, "of {WRITERS} creators of one session, one must win");
        bench.assert_stored(&winners[0].1).await;
    }
}

pub(super) async fn two_writers_one_wins(handles: Handles) {
    let bench = Bench::new(handles);
    let keeps_events = bench.keeps_events().await;
    for _ in 0..ROUNDS {
        let record = bench.record();
        bench.create([&record]).await;
        let outcomes = bench
            .at_once(WRITERS, |bench, index| {
                let after = sample::next(&record, |after| after.data = counting(index as u64));
                let event = bench.event(EventKind::Renewed, &after);
                let expected = Expected::Version(record.version);
                async move { (bench.save_with(&after, expected, std::slice::from_ref(&event)).await, after, event) }
            })
            .await;
        let winners: Vec<_> = outcomes.iter().filter(|(outcome, ..)| *outcome == Outcome::Applied).collect();
        assert_eq!(winners.len(), 1, "of {WRITERS} writers of one version, one must win");
        let (_, after, event) = winners[0];
        bench.assert_stored(after).await;
        if keeps_events {
            let kept = bench.event_ids(&EventQuery::of_session(bench.realm.clone(), record.id)).await;
            assert_eq!(kept, [event.id], "only the winner's event is kept");
        }
    }
}

pub(super) async fn fifty_increments_at_once_end_at_fifty(handles: Handles) {
    let bench = Bench::new(handles);
    let mut record = bench.record();
    record.data = counting(0);
    bench.create([&record]).await;
    bench
        .at_once(50, |bench, _| async move {
            loop {
                let before = bench.load(&record.id).await.expect("the record is there throughout");
                // Others are let in here, as they are during any request that takes its time.
                tokio::task::yield_now().await;
                let after = sample::next(&before, |after| after.data = counting(counted(&before) + 1));
                if bench.save(&after, Expected::Version(before.version)).await == Outcome::Applied {
                    return;
                }
            }
        })
        .await;
    let record = bench.load(&record.id).await.expect("the record is there");
    assert_eq!(counted(&record), 50, "each of 50 increments counts");
    assert_eq!(record.version.number(), 51, "each of 50 increments is a version");
}

pub(super) async fn an_end_holds_against_writers_in_flight(handles: Handles) {
    let bench = Bench::new(handles);
    for round in 0..ROUNDS {
        let record = bench.record();
        bench.create([&record]).await;
        let ended = bench
            .at_once(WRITERS, |bench, index| {
                let record = record.clone();
                async move {
                    if index == round % WRITERS {
                        return Some(end(&bench, &record).await);
                    }
                    write(&bench, &record, index as u64).await;
                    None
                }
            })
            .await;
        let tombstone = ended.into_iter().flatten().next().expect("one of the tasks ends the session");
        bench.assert_stored(&tombstone).await;
    }
}

async fn end(bench: &Bench, record: &Record) -> Record {
    loop {
        let before = bench.load(&record.id).await.expect("the record is there throughout");
        let tombstone = sample::next(&before, |record| {
            sample::end(record, bench.now);
            // As late as any touch, which the end would keep.
            record.seen_at = bench.now.plus(SECOND);
        });
        if bench.save(&tombstone, Expected::Version(before.version)).await == Outcome::Applied {
            return tombstone;
        }
    }
}

/// Writes as slow requests do: with what was loaded long ago, in every way there is.
async fn write(bench: &Bench, record: &Record, number: u64) {
    for _ in 0..3 {
        let Some(before) = bench.load(&record.id).await else { panic!("the record is there throughout") };
        let mut after = sample::next(&before, |after| after.data = counting(number));
        (after.chain, after.ended) = (record.chain.clone(), None);
        let _ = bench.touch(&before, bench.now.plus(SECOND), bench.now.plus(2 * sample::HOUR)).await;
        let _ = bench.save(&after, Expected::Version(before.version)).await;
        let _ = bench.save(&after, Expected::Absent).await;
    }
}

pub(super) async fn a_touch_makes_no_save_conflict(handles: Handles) {
    let bench = Bench::new(handles);
    for _ in 0..ROUNDS {
        let record = bench.record();
        bench.create([&record]).await;
        let after = sample::next(&record, |after| {
            after.data = counting(1);
            after.seen_at = bench.now.plus(SECOND);
        });
        let outcomes = bench
            .at_once(WRITERS, |bench, index| {
                let (record, after) = (record.clone(), after.clone());
                async move {
                    if index == 0 {
                        return Some(bench.save(&after, Expected::Version(record.version)).await);
                    }
                    let _ = bench.touch(&record, bench.now.plus(SECOND), bench.now.plus(2 * sample::HOUR)).await;
                    None
                }
            })
            .await;
        assert_eq!(outcomes[0], Some(Outcome::Applied), "a touch leaves the version as it is, so no save conflicts");
        // A touch before the save is no later than it, and one after it has another version.
        bench.assert_stored(&after).await;
    }
}

pub(super) async fn touches_at_once_end_at_the_latest(handles: Handles) {
    let bench = Bench::new(handles);
    for _ in 0..ROUNDS {
        let mut record = bench.record();
        bench.create([&record]).await;
        let (now, until) = (bench.now, record.expires_at);
        let outcomes = bench
            .at_once(WRITERS, |bench, index| {
                let (record, by) = (record.clone(), u32::try_from(index).expect("few"));
                // One time rises as the other falls, so that neither may be taken from one touch alone.
                let (seen_at, expires_at) = (now.plus(by * SECOND), until.plus(MINUTE).minus(by * SECOND));
                async move { bench.touch(&record, seen_at, expires_at).await }
            })
            .await;
        assert!(outcomes.iter().all(|outcome| *outcome == Outcome::Applied), "the version is right: {outcomes:?}");
        record.seen_at = now.plus(SECOND * u32::try_from(WRITERS - 1).expect("few"));
        record.expires_at = until.plus(MINUTE);
        bench.assert_stored(&record).await;
    }
}

pub(super) async fn a_reader_never_sees_half_a_save(handles: Handles) {
    let bench = Bench::new(handles);
    let subjects = [sample::subject(), sample::subject()];
    let record = bench.record_of(&subjects[0]);
    bench.create([&record]).await;
    let lists = bench.lists().await;
    let over = Over::default();
    bench
        .at_once(4, |bench, index| {
            let (subjects, mut record, over) = (subjects.clone(), record.clone(), over.clone());
            async move {
                if index == 0 {
                    let _accompanied = Accompanied(over);
                    for number in 1..=40_u64 {
                        let subject = &subjects[usize::from(number % 2 == 1)];
                        let change = |record: &mut Record| {
                            (record.subject, record.data) = (Some(subject.clone()), counting(number));
                        };
                        record = bench.update(&record, change).await;
                        tokio::task::yield_now().await;
                    }
                    return;
                }
                while !over.is_over() {
                    let found = bench.load(&record.id).await.expect("the record is there throughout");
                    assert_whole(&found, &subjects);
                    if lists && index == 1 {
                        let page = bench.page(&bench.query()).await;
                        assert_eq!(page.items.len(), 1, "the record is listed once while it changes");
                        page.items.iter().for_each(|record| assert_whole(record, &subjects));
                    }
                    tokio::task::yield_now().await;
                }
            }
        })
        .await;
}

fn assert_whole(record: &Record, subjects: &[Subject; 2]) {
    let saves = record.version.number() - 1;
    assert_eq!(record.subject.as_ref(), Some(&subjects[usize::from(saves % 2 == 1)]), "version and subject fit");
    assert!(saves == 0 || counted(record) == saves, "version and attributes fit");
}

/// Tells several tasks that what they accompany is over, also if it ends in a panic.
#[derive(Clone, Default)]
struct Over(Arc<AtomicBool>);

impl Over {
    fn is_over(&self) -> bool {
        self.0.load(Ordering::SeqCst)
    }
}

/// Ends what it accompanies when it is dropped.
struct Accompanied(Over);

impl Drop for Accompanied {
    fn drop(&mut self) {
        self.0.0.store(true, Ordering::SeqCst);
    }
}
