//! In which order, and how many at a time.

use std::collections::HashSet;

use super::bench::{Bench, counting, limit};
use super::handles::Handles;
use super::sample::{self, DAY, HOUR, MINUTE, SECOND};
use crate::id::SessionId;
use crate::name::Subject;
use crate::record::Record;
use crate::store::{Cursor, Outcome, PageLimit, Query};

pub(super) async fn a_listing_is_ordered_newest_first(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.lists().await {
        return;
    }
    let subject = sample::subject();
    let mut records = Vec::new();
    for (index, age) in [5, 1, 3, 3, 2, 4, 0].into_iter().enumerate() {
        let mut record = bench.record_of(&subject);
        record.created_at = bench.now.minus(age * SECOND);
        // What was used last is not what was made last.
        record.seen_at = bench.now.minus(MINUTE).plus(u32::try_from(index).expect("few") * SECOND);
        records.push(record);
    }
    bench.create(&records).await;
    records.sort_by_key(|record| std::cmp::Reverse((record.created_at, record.id)));
    for query in [bench.query(), bench.query_of(&subject)] {
        bench.assert_listed(&query, &records, "newest first").await;
        bench.assert_listed(&Query { limit: limit(1), ..query }, &records, "newest first, one by one").await;
    }
}

pub(super) async fn records_of_one_instant_are_ordered_by_the_bytes_of_their_ids(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.lists().await {
        return;
    }
    // In base64url these begin with A, Q, 0, 9, - and _, which sort differently as text.
    let mut records = Vec::new();
    for first in [0x00, 0x40, 0xd0, 0xf4, 0xf8, 0xff] {
        let mut record = bench.record();
        let mut bytes = *record.id.as_bytes();
        bytes[0] = first;
        record.id = SessionId::from_bytes(bytes);
        records.push(record);
    }
    bench.create(records.iter().rev().step_by(2)).await;
    bench.create(records.iter().rev().skip(1).step_by(2)).await;
    records.reverse();
    let expected: Vec<_> = records.iter().map(|record| record.id).collect();
    assert_eq!(bench.ids(&bench.query()).await, expected, "highest id first");
    let one_by_one = Query { limit: limit(1), ..bench.query() };
    assert_eq!(bench.ids(&one_by_one).await, expected, "highest id first, one by one");
}

pub(super) async fn pages_cover_every_record_once(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.lists().await {
        return;
    }
    let subject = sample::subject();
    let records = some_of_an_instant(&bench, 23, |record, index| {
        record.subject = (index % 2 == 0).then(|| subject.clone());
    });
    bench.create(&records).await;
    for number in [1, 2, 3, 7, 11, 12, 22, 23, 24, 1000] {
        for query in [bench.query(), bench.query_of(&subject)] {
            let query = Query { limit: limit(number), ..query };
            let expected = records.iter().filter(|record| query.subject.is_none() || record.subject.is_some());
            assert_once(&bench.ids(&query).await, expected);
        }
    }
}

pub(super) async fn pages_cover_every_record_once_while_others_come_and_go(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.lists().await {
        return;
    }
    let subject = sample::subject();
    let mut records = some_of_an_instant(&bench, 30, |record, _| record.subject = Some(subject.clone()));
    bench.create(&records).await;
    for query in [bench.query(), bench.query_of(&subject)] {
        let mut query = Query { limit: limit(4), ..query };
        let mut found = Vec::new();
        for pages in 0_u32.. {
            let page = bench.page(&query).await;
            found.extend(page.items.iter().map(|record| record.id));
            disturb(&bench, &mut records, &subject, pages).await;
            match page.next {
                Some(next) => query.after = Some(next),
                None => break,
            }
            assert!(pages < 200, "a listing must come to its end though new records are made");
        }
        let is_old = |id: &SessionId| records.iter().any(|record| record.id == *id);
        let throughout: Vec<_> = found.iter().filter(|id| is_old(id)).copied().collect();
        assert_once(&throughout, records.iter());
        let different: HashSet<_> = found.iter().collect();
        assert_eq!(different.len(), found.len(), "no record is listed twice");
    }
}

/// What happens between two pages: some are made on either side of the cursor, one is changed and used, one ends.
async fn disturb(bench: &Bench, records: &mut [Record], subject: &Subject, pages: u32) {
    for age in [0, pages, 40] {
        let mut new = bench.record_of(subject);
        new.created_at = bench.now.minus(age * SECOND);
        bench.create([&new]).await;
    }
    let (ending, lasting) = records.split_at_mut(10);
    let index = pages as usize % lasting.len();
    lasting[index] = bench.update(&lasting[index], |record| record.data = counting(1)).await;
    let (seen_at, expires_at) = (bench.now.plus(MINUTE), bench.now.plus(2 * HOUR));
    assert_eq!(bench.touch(&lasting[index], seen_at, expires_at).await, Outcome::Applied);
    if let Some(record) = ending.iter_mut().find(|record| record.ended.is_none()) {
        *record = bench.end(record).await;
    }
}

pub(super) async fn pages_cover_every_session_while_it_ends(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.lists().await {
        return;
    }
    let subject = sample::subject();
    let records = some_of_an_instant(&bench, 25, |record, _| record.subject = Some(subject.clone()));
    bench.create(&records).await;
    // As a revocation of everything does: list those that live, end them, go on.
    let mut query = Query { ended: Some(false), limit: limit(4), ..bench.query_of(&subject) };
    let mut ended = Vec::new();
    loop {
        let page = bench.page(&query).await;
        for record in &page.items {
            bench.end(record).await;
            ended.push(record.id);
        }
        match page.next {
            Some(next) => query.after = Some(next),
            None => break,
        }
    }
    assert_once(&ended, records.iter());
    let living = Query { ended: Some(false), ..bench.query_of(&subject) };
    assert_eq!(bench.ids(&living).await, [], "every session of the subject has ended");
}

pub(super) async fn a_page_has_no_more_than_its_limit(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.lists().await {
        return;
    }
    let records = some_of_an_instant(&bench, 1_003, |_, _| ());
    let tasks = 16;
    let outcomes = bench.at_once(tasks, |bench, index| {
        let records: Vec<_> = records.iter().skip(index).step_by(tasks).cloned().collect();
        async move { bench.create(&records).await }
    });
    outcomes.await;
    let default = bench.page(&bench.query()).await;
    assert!(default.next.is_some(), "there are more than {}", PageLimit::default().number());
    for number in [1, 2, 999, 1_000] {
        let page = bench.page(&Query { limit: limit(number), ..bench.query() }).await;
        assert!(page.next.is_some(), "there are more than {number}");
    }
    assert_once(&bench.ids(&Query { limit: PageLimit::MOST, ..bench.query() }).await, records.iter());
    assert_once(&bench.ids(&bench.query()).await, records.iter());
}

pub(super) async fn a_cursor_that_no_listing_gave_is_an_error(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.lists().await {
        return;
    }
    let subject = sample::subject();
    bench.create([&bench.record_of(&subject)]).await;
    for text in ["x", "not a cursor", "\u{1f3ab}", "' OR 1=1 --", &"A".repeat(31), &"=".repeat(32), &"A".repeat(64)] {
        let cursor = Cursor::new(text).expect("at most 64 bytes");
        for query in [bench.query(), bench.query_of(&subject)] {
            let result = bench.store().list(&Query { after: Some(cursor.clone()), ..query }).await;
            let Err(error) = result else { panic!("{text:?} is no cursor, and is taken for one") };
            assert!(error.is_unsupported(), "trying {text:?} again does not help, and nothing is damaged: {error}");
        }
    }
    // One that could have been given, beyond the last record.
    let mut oldest = bench.record();
    (oldest.created_at, oldest.id) = (bench.now.minus(30 * DAY), SessionId::from_bytes([0; 16]));
    let after = Some(Cursor::after_record(&oldest));
    assert_eq!(bench.ids(&Query { after, ..bench.query() }).await, [], "nothing is older");
}

/// Returns records of which several were made at the same instant, in no order.
fn some_of_an_instant(bench: &Bench, count: usize, change: impl Fn(&mut Record, usize)) -> Vec<Record> {
    let made = (0..count).map(|index| {
        let mut record = bench.record();
        record.created_at = bench.now.minus(u32::try_from(index * 5 % 7).expect("below 7") * SECOND);
        change(&mut record, index);
        record
    });
    made.collect()
}

/// Asserts that each record is among those that were found, once.
#[track_caller]
fn assert_once<'a>(found: &[SessionId], expected: impl Iterator<Item = &'a Record>) {
    let mut found = found.to_vec();
    let mut expected: Vec<_> = expected.map(|record| record.id).collect();
    found.sort_unstable();
    expected.sort_unstable();
    let missing = expected.iter().filter(|id| found.binary_search(id).is_err()).count();
    let (listed, all) = (found.len(), expected.len());
    assert!(found == expected, "each of {all} records is listed once: {missing} are missing, {listed} were listed");
}
