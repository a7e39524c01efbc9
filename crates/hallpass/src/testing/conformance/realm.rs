//! The sessions of one application are none of another's.

use super::bench::{Bench, answer, counting};
use super::handles::Handles;
use super::sample::{self, HOUR, MINUTE};
use crate::event::EventKind;
use crate::record::Record;
use crate::store::{Epoch, EventQuery, Expected, Outcome, Query};

pub(super) async fn realms_have_their_own_records(handles: Handles) {
    let bench = Bench::new(handles);
    let ours = bench.record();
    let other = Bench { realm: sample::realm(), ..bench.clone() };
    let theirs = Record { id: ours.id, data: counting(1), ..other.record() };
    bench.create([&ours]).await;
    other.assert_absent(&ours.id).await;
    let outcome = other.touch(&theirs, bench.now.plus(MINUTE), bench.now.plus(2 * HOUR)).await;
    assert_eq!(outcome, Outcome::Conflict, "the other realm has no such session");
    let outcome = other.save(&sample::next(&theirs, |_| ()), Expected::Version(theirs.version)).await;
    assert_eq!(outcome, Outcome::Conflict, "the other realm has no such session");

    other.create([&theirs]).await;
    bench.assert_stored(&ours).await;
    other.assert_stored(&theirs).await;

    let theirs = other.end(&theirs).await;
    bench.assert_stored(&ours).await;
    let ours = bench.update(&ours, |record| record.data = counting(2)).await;
    bench.assert_stored(&ours).await;
    other.assert_stored(&theirs).await;
}

pub(super) async fn realms_have_their_own_listings(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.lists().await {
        return;
    }
    let other = Bench { realm: sample::realm(), ..bench.clone() };
    let subject = sample::subject();
    let ours = bench.record_of(&subject);
    let mut theirs = Record { id: ours.id, ..other.record_of(&subject) };
    theirs.created_at = bench.now.minus(MINUTE);
    bench.create([&ours]).await;
    other.create([&theirs]).await;
    for (bench, record) in [(&bench, &ours), (&other, &theirs)] {
        for query in [bench.query(), bench.query_of(&subject)] {
            bench.assert_listed(&query, std::slice::from_ref(record), "each realm has one session").await;
        }
    }
    let everywhere = Query { subject: Some(subject), ..Query::default() };
    bench.assert_listed(&everywhere, &[ours, theirs], "a listing without a realm covers all realms").await;
}

pub(super) async fn realms_have_their_own_events(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.keeps_events().await {
        return;
    }
    let other = Bench { realm: sample::realm(), ..bench.clone() };
    let subject = sample::subject();
    let ours = bench.record_of(&subject);
    let theirs = Record { id: ours.id, ..other.record_of(&subject) };
    let mut kept = Vec::new();
    for (bench, record) in [(&bench, &ours), (&other, &theirs)] {
        let event = bench.event(EventKind::Created, record);
        let outcome = bench.save_with(record, Expected::Absent, std::slice::from_ref(&event)).await;
        assert_eq!(outcome, Outcome::Applied);
        kept.push(event);
    }
    for (bench, event) in [(&bench, &kept[0]), (&other, &kept[1])] {
        let of_subject = EventQuery { subject: Some(subject.clone()), ..bench.event_query() };
        let of_session = EventQuery { session: event.session, ..bench.event_query() };
        for query in [bench.event_query(), of_subject, of_session] {
            assert_eq!(bench.events(&query).await, std::slice::from_ref(event), "each realm has one event");
        }
    }
    let everywhere = EventQuery { subject: Some(subject), ..EventQuery::default() };
    assert_eq!(bench.events(&everywhere).await, kept, "a listing without a realm covers all realms");
}

pub(super) async fn realms_have_their_own_epochs(handles: Handles) {
    let bench = Bench::new(handles);
    let other = sample::realm();
    let subject = sample::subject();
    let ours = answer("epoch", bench.store().epoch(&bench.realm, &subject, false).await);
    let theirs = answer("epoch", bench.store().epoch(&other, &subject, false).await);
    for raised in 1..=3 {
        let epoch = answer("epoch", bench.store().epoch(&bench.realm, &subject, true).await);
        assert_eq!(epoch, Epoch(ours.0 + raised));
        let epoch = answer("epoch", bench.store().epoch(&other, &subject, false).await);
        assert_eq!(epoch, theirs, "the other realm's epoch stays");
    }
}
