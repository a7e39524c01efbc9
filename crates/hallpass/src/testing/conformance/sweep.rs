//! What a sweep forgets, and what it never forgets.
//!
//! A sweep is of all realms, so these cases sweep far in the past, where only their own records are, and one at a
//! time.

use std::num::NonZeroUsize;
use std::time::Duration;

use tokio::sync::{Mutex, MutexGuard};

use super::bench::{Bench, ROUNDS, answer, counting, limit};
use super::handles::Handles;
use super::sample::{self, DAY, HOUR, MINUTE};
use crate::name::Realm;
use crate::record::Record;
use crate::store::{Expected, Outcome, SWEEP_MARGIN};
use crate::time::Timestamp;

static SWEEPING: Mutex<()> = Mutex::const_new(());
const MILLISECOND: Duration = Duration::from_millis(1);
/// How late a store may forget, so that it can file deadlines by coarse times.
const LATE: Duration = MINUTE;

/// A bench at an instant that is long over, where no other case sweeps meanwhile.
struct Past {
    bench: Bench,
    deadline: Timestamp,
    _alone: MutexGuard<'static, ()>,
}

impl Past {
    /// Returns nothing if the server forgets by itself; then asserts that the store leaves that to it.
    async fn new(handles: Handles) -> Option<Self> {
        let alone = SWEEPING.lock().await;
        let bench = Bench::new(handles);
        let deadline = bench.now.minus(1_000 * DAY);
        let past = Self { bench, deadline, _alone: alone };
        if past.bench.handles.expires_by_itself() {
            let record = past.bench.record();
            past.bench.create([&record]).await;
            assert_eq!(past.sweep(past.bench.now, 10).await, 0, "a sweep has nothing to do where the server expires");
            past.bench.assert_stored(&record).await;
            return None;
        }
        // What an earlier run has left behind would be counted.
        while past.sweep(past.deadline.plus(SWEEP_MARGIN + DAY), 1_000).await > 0 {}
        Some(past)
    }

    /// The first instant at which what expires at the deadline must be forgotten.
    fn due(&self) -> Timestamp {
        self.deadline.plus(SWEEP_MARGIN + LATE)
    }

    fn record(&self) -> Record {
        let mut record = self.bench.record_of(&sample::subject());
        record.created_at = self.deadline.minus(DAY);
        record.seen_at = self.deadline.minus(HOUR);
        record.expires_at = self.deadline;
        record
    }

    async fn tombstone(&self) -> Record {
        let record = self.record();
        self.bench.create([&record]).await;
        self.bench
            .update(&record, |record| {
                sample::end(record, self.deadline.minus(HOUR));
                record.expires_at = self.deadline;
            })
            .await
    }

    async fn sweep(&self, now: Timestamp, limit: usize) -> usize {
        let limit = NonZeroUsize::new(limit).expect("not zero");
        let forgotten = answer("sweep", self.bench.store().sweep(now, limit).await);
        assert!(forgotten <= limit.get(), "a sweep of at most {limit} says that it forgot {forgotten}");
        forgotten
    }

    async fn overdue(&self, most: u16) -> Vec<Record> {
        answer("overdue", self.bench.store().overdue(self.deadline, limit(most)).await)
    }

    async fn is_there(&self, record: &Record) -> bool {
        self.bench.load(&record.id).await.is_some()
    }
}

pub(super) async fn a_sweep_keeps_the_margin(handles: Handles) {
    let Some(past) = Past::new(handles).await else { return };
    let record = past.record();
    past.bench.create([&record]).await;
    let tombstone = past.tombstone().await;
    for early in [past.deadline, past.deadline.plus(MILLISECOND), past.deadline.plus(SWEEP_MARGIN)] {
        assert_eq!(past.sweep(early, 10).await, 0, "what expired less than an hour ago stays");
        past.bench.assert_stored(&record).await;
        past.bench.assert_stored(&tombstone).await;
    }
    assert_eq!(past.sweep(past.due(), 10).await, 2, "what expired more than an hour ago is forgotten");
    past.bench.assert_absent(&record.id).await;
    past.bench.assert_absent(&tombstone.id).await;
}

pub(super) async fn a_sweep_forgets_tombstones_and_living_records_alike(handles: Handles) {
    let Some(past) = Past::new(handles).await else { return };
    let living = past.record();
    let mut later = past.record();
    later.expires_at = past.deadline.plus(LATE);
    past.bench.create([&living, &later]).await;
    let tombstone = past.tombstone().await;
    // A tombstone is kept for its own time, not for that of the session that it was.
    let record = past.record();
    past.bench.create([&record]).await;
    let kept = past.bench.end(&record).await;

    assert_eq!(past.sweep(past.due(), 10).await, 2, "one that lived and one that was ended");
    past.bench.assert_absent(&living.id).await;
    past.bench.assert_absent(&tombstone.id).await;
    past.bench.assert_stored(&later).await;
    past.bench.assert_stored(&kept).await;
    assert_eq!(past.sweep(past.due(), 10).await, 0, "nothing is left to forget");
}

pub(super) async fn a_sweep_forgets_no_more_than_its_limit_and_counts(handles: Handles) {
    let Some(past) = Past::new(handles).await else { return };
    let records: Vec<_> = (0..7).map(|_| past.record()).collect();
    past.bench.create(&records).await;
    let mut left = records.len();
    for (limit, forgotten) in [(1, 1), (3, 3), (2, 2), (5, 1), (5, 0)] {
        assert_eq!(past.sweep(past.due(), limit).await, forgotten, "{left} are left, at most {limit} are asked for");
        left -= forgotten;
        let mut found = 0;
        for record in &records {
            found += usize::from(past.is_there(record).await);
        }
        assert_eq!(found, left, "a sweep forgets as many as it says");
    }
}

pub(super) async fn what_a_sweep_forgot_is_nowhere(handles: Handles) {
    let Some(past) = Past::new(handles).await else { return };
    let bench = &past.bench;
    let record = past.record();
    bench.create([&record]).await;
    let subject = record.subject.clone().expect("it has one");
    let raised = answer("epoch", bench.store().epoch(&bench.realm, &subject, true).await);
    assert_eq!(past.sweep(past.due(), 10).await, 1);

    bench.assert_absent(&record.id).await;
    if bench.lists().await {
        assert_eq!(bench.ids(&bench.query()).await, [], "the realm has no sessions any more");
        assert_eq!(bench.ids(&bench.query_of(&subject)).await, [], "the subject has no sessions any more");
    }
    assert_eq!(bench.touch(&record, bench.now, bench.now.plus(HOUR)).await, Outcome::Conflict);
    let late = sample::next(&record, |late| late.data = counting(1));
    assert_eq!(bench.save(&late, Expected::Version(record.version)).await, Outcome::Conflict);
    bench.assert_absent(&record.id).await;
    let epoch = answer("epoch", bench.store().epoch(&bench.realm, &subject, false).await);
    assert_eq!(raised, epoch, "a sweep forgets records, and no epochs");

    // The id is free again, which only a sweep can do.
    let again = Record { id: record.id, subject: Some(subject.clone()), ..bench.record() };
    bench.create([&again]).await;
    bench.assert_stored(&again).await;
    if bench.lists().await {
        assert_eq!(bench.ids(&bench.query_of(&subject)).await, [again.id]);
    }
}

pub(super) async fn a_sweep_goes_by_the_stored_deadline(handles: Handles) {
    let Some(past) = Past::new(handles).await else { return };
    let bench = &past.bench;
    let (touched, saved, shortened) = (past.record(), past.record(), past.record());
    bench.create([&touched, &saved]).await;
    bench.create([&Record { expires_at: bench.now, ..shortened.clone() }]).await;
    let later = past.deadline.plus(LATE);
    assert_eq!(bench.touch(&touched, touched.seen_at, later).await, Outcome::Applied);
    let saved = bench.update(&saved, |record| record.expires_at = later).await;
    let shortened = bench.update(&shortened, |record| record.expires_at = past.deadline).await;

    assert_eq!(past.sweep(past.due(), 10).await, 1, "only one has a deadline that is over");
    bench.assert_absent(&shortened.id).await;
    bench.assert_stored(&Record { expires_at: later, ..touched.clone() }).await;
    bench.assert_stored(&saved).await;
    assert_eq!(past.sweep(later.plus(SWEEP_MARGIN + LATE), 10).await, 2, "the new deadlines count");
    bench.assert_absent(&touched.id).await;
}

pub(super) async fn what_is_overdue_is_told_no_more_than_asked_for_and_all_in_the_end(handles: Handles) {
    let Some(past) = Past::new(handles).await else { return };
    let bench = &past.bench;
    if !bench.lists().await {
        return;
    }
    let mut records: Vec<_> = (0..6).map(|_| past.record()).collect();
    records[1].expires_at = past.deadline.minus(HOUR);
    records[2].realm = sample::realm();
    records[3].subject = None;
    let later = Record { expires_at: past.deadline.plus(MILLISECOND), ..past.record() };
    bench.create(&records).await;
    bench.create([&later]).await;
    let own = Realm::OWN.map(|realm| Record { realm: Realm::new(realm).expect("a realm"), ..past.record() });
    bench.create(&own).await;
    past.tombstone().await;
    let mut left: Vec<_> = records.iter().map(|record| record.id).collect();
    left.sort_unstable();
    let mut told: Vec<_> = past.overdue(10).await.iter().map(|record| record.id).collect();
    told.sort_unstable();
    assert_eq!(told, left, "what is over is told, and not what lives on, has ended or is no session");
    // As a sweep does: end what is over, move the deadline of what is not, and ask again.
    for (most, told) in [(1, 1), (2, 2), (2, 2), (2, 1), (2, 0)] {
        let overdue = past.overdue(most).await;
        assert_eq!(overdue.len(), told, "of {} that are over, at most {most} are asked for", left.len());
        for record in overdue {
            let place = left.iter().position(|id| *id == record.id).expect("it is over, and was told only once");
            left.remove(place);
            sample::assert_same(records.iter().find(|saved| saved.id == record.id), &record);
            if place % 2 == 0 {
                assert_eq!(bench.touch(&record, record.seen_at, bench.now).await, Outcome::Applied);
            } else {
                bench.end(&record).await;
            }
        }
    }
    assert_eq!(left, [], "all have been told in the end");
}

pub(super) async fn a_record_that_is_used_during_a_sweep_stays(handles: Handles) {
    let Some(past) = Past::new(handles).await else { return };
    for _ in 0..ROUNDS {
        let records: Vec<_> = (0..8).map(|_| past.record()).collect();
        past.bench.create(&records).await;
        let due = past.due();
        // Half of the tasks sweep; the others touch or save one record each.
        let outcomes = past
            .bench
            .at_once(16, |bench, index| {
                let record = records[index / 2].clone();
                async move {
                    if index % 2 == 0 {
                        let limit = NonZeroUsize::new(3).expect("not zero");
                        return (answer("sweep", bench.store().sweep(due, limit).await), None);
                    }
                    let used = if index % 4 == 1 {
                        bench.touch(&record, record.seen_at, bench.now).await
                    } else {
                        let after = sample::next(&record, |after| after.expires_at = bench.now);
                        bench.save(&after, Expected::Version(record.version)).await
                    };
                    (0, Some((record, used)))
                }
            })
            .await;
        let (mut swept, mut kept) = (0, 0);
        for (forgotten, used) in outcomes {
            swept += forgotten;
            let Some((record, used)) = used else { continue };
            let there = past.is_there(&record).await;
            assert_eq!(there, used == Outcome::Applied, "a record is there after {used:?}, or it is not");
            kept += usize::from(there);
        }
        assert_eq!(swept + kept, records.len(), "each record is counted as forgotten once, or is there");
    }
}
