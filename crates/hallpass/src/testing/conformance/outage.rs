//! An outage is not a logout. These cases need [`Handles::with_outage`].

use std::num::NonZeroUsize;

use super::bench::{Bench, counting};
use super::handles::Handles;
use super::sample::{self, DAY, HOUR, MINUTE};
use crate::event::{Event, EventKind};
use crate::store::{Expected, Outcome, StoreError};

#[track_caller]
fn assert_unavailable<T: std::fmt::Debug>(method: &str, result: Result<T, StoreError>) {
    match result {
        Ok(answer) => panic!("while the store is away, {method} must fail, and answers {answer:?}"),
        Err(error) => assert!(error.is_unavailable(), "{method} must fail as unavailable, and fails with: {error}"),
    }
}

pub(super) async fn an_outage_is_an_error_and_not_an_absent_record(handles: Handles) {
    let bench = Bench::new(handles);
    let record = bench.record_of(&sample::subject());
    bench.create([&record]).await;
    bench.handles.outage(true).await;
    for id in [record.id, crate::id::SessionId::random()] {
        assert_unavailable("load", bench.store().load(&bench.realm, &id).await.map(|found| found.is_some()));
    }
    bench.handles.outage(false).await;
    bench.assert_stored(&record).await;
}

pub(super) async fn an_outage_is_of_every_question(handles: Handles) {
    let bench = Bench::new(handles);
    let subject = sample::subject();
    let record = bench.record_of(&subject);
    bench.create([&record]).await;
    let can = bench.capabilities();
    bench.handles.outage(true).await;
    if can.list {
        assert_unavailable("list", bench.store().list(&bench.query_of(&subject)).await);
        assert_unavailable("list", bench.store().list(&bench.query()).await);
    }
    if can.events {
        assert_unavailable("events", bench.store().events(&bench.event_query()).await);
    }
    for raise in [false, true] {
        assert_unavailable("epoch", bench.store().epoch(&bench.realm, &subject, raise).await);
    }
    if !bench.handles.expires_by_itself() {
        assert_unavailable("sweep", bench.store().sweep(bench.now.minus(1_000 * DAY), NonZeroUsize::MIN).await);
    }
    bench.handles.outage(false).await;
    bench.assert_stored(&record).await;
}

pub(super) async fn what_an_outage_refuses_is_not_acknowledged(handles: Handles) {
    let bench = Bench::new(handles);
    let (changing, used, ending) = (bench.record(), bench.record(), bench.record());
    bench.create([&changing, &used, &ending]).await;
    let new = bench.record();
    let changed = sample::next(&changing, |changed| changed.data = counting(1));
    let tombstone = sample::next(&ending, |record| sample::end(record, bench.now));
    let event = bench.event(EventKind::Revoked, &tombstone);
    let store = bench.store();

    bench.handles.outage(true).await;
    assert_unavailable("save", store.save(&new, Expected::Absent, &[]).await);
    assert_unavailable("save", store.save(&changed, Expected::Version(changing.version), &[]).await);
    assert_unavailable("save", store.save(&tombstone, Expected::Version(ending.version), &[event]).await);
    let (seen_at, expires_at) = (bench.now.plus(MINUTE), bench.now.plus(2 * HOUR));
    let made = Event::new(EventKind::KeyCreated, bench.realm.clone(), bench.now);
    if let Err(error) = store.append(&[made]).await {
        assert!(error.is_unavailable() || error.is_unsupported(), "append fails with: {error}");
    } else {
        panic!("while the store is away, append must fail");
    }
    assert_unavailable("touch", store.touch(&used.realm, &used.id, used.version, seen_at, expires_at).await);
    bench.handles.outage(false).await;

    // Unavailable says that the outcome is not known: each write has happened whole or not at all, and a second try
    // finds that out.
    assert!(matches!(bench.save(&new, Expected::Absent).await, Outcome::Applied | Outcome::Conflict));
    bench.assert_stored(&new).await;
    for (before, after) in [(&changing, &changed), (&ending, &tombstone)] {
        let _ = bench.save(after, Expected::Version(before.version)).await;
        bench.assert_stored(after).await;
    }
    assert_eq!(bench.touch(&used, seen_at, expires_at).await, Outcome::Applied);
}
