//! What happened is kept with the change that it is about.

use super::bench::{Bench, counting, limit, version};
use super::handles::Handles;
use super::sample::{self, MINUTE, SECOND};
use crate::event::{EndReason, Event, EventId, EventKind, Origin};
use crate::name::{Actor, Note, Profile};
use crate::record::Record;
use crate::store::{EventQuery, Expected, Outcome};

pub(super) async fn every_field_of_an_event_comes_back(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.keeps_events().await {
        return;
    }
    let record = bench.record_of(&sample::subject());
    let mut full = bench.event(EventKind::Revoked, &record);
    full.at = bench.now.minus(MINUTE);
    full.actor = Actor::operator("alice");
    full.reason = Some(EndReason::from_word("a_reason_of_a_newer_version"));
    full.note = Note::lossy("stolen \u{1f4bb}, said \"Zoë\" & 'co'");
    full.origin = Origin {
        request_id: Note::lossy("01J-request/7"),
        ip: Some("2001:db8::1".parse().expect("valid")),
        user_agent: Note::lossy("Mozilla/5.0"),
        route: Note::lossy("POST /v1/sessions/{id}/revoke"),
    };
    full.level = Some(9);
    full.profile = Some(Profile::default());
    let least = Event { subject: None, ..bench.event(EventKind::from_word("teleported"), &record) };
    let events = [full, least];
    assert_eq!(bench.save_with(&record, Expected::Absent, &events).await, Outcome::Applied);
    assert_eq!(bench.events(&bench.event_query()).await, events);
}

pub(super) async fn an_event_is_there_if_and_only_if_its_change_is(handles: Handles) {
    let bench = Bench::new(handles);
    let keeps = bench.keeps_events().await;
    let subject = sample::subject();
    let created = bench.record_of(&subject);
    let changed = sample::next(&created, |record| record.data = counting(1));
    let tombstone = sample::next(&changed, |record| sample::end(record, bench.now));
    let again = sample::next(&tombstone, |record| record.data = counting(2));
    let (first, second) = (Expected::Version(created.version), Expected::Version(changed.version));
    let steps = [
        (&changed, first, Outcome::Conflict),
        (&created, Expected::Absent, Outcome::Applied),
        (&created, Expected::Absent, Outcome::Conflict),
        (&changed, Expected::Version(version(0)), Outcome::Conflict),
        (&changed, second, Outcome::Conflict),
        (&changed, first, Outcome::Applied),
        (&changed, first, Outcome::Conflict),
        (&tombstone, second, Outcome::Applied),
        (&again, Expected::Version(tombstone.version), Outcome::Conflict),
        (&again, Expected::Absent, Outcome::Conflict),
    ];
    let mut kept = Vec::new();
    for (record, expected, outcome) in steps {
        let events = [bench.event(EventKind::Renewed, record), bench.event(EventKind::Rechained, record)];
        assert_eq!(bench.save_with(record, expected, &events).await, outcome, "a save that expects {expected:?}");
        if outcome == Outcome::Applied {
            kept.extend(events.map(|event| event.id));
        }
        if keeps {
            let query = EventQuery::of_session(bench.realm.clone(), created.id);
            assert_eq!(bench.event_ids(&query).await, kept, "both events of each change, and no others");
        }
    }
    bench.assert_stored(&tombstone).await;
}

pub(super) async fn events_come_in_the_order_in_which_they_were_taken_in(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.keeps_events().await {
        return;
    }
    let kept = ten_events(&bench).await;
    let ids: Vec<_> = kept.iter().map(|event| event.id).collect();
    assert!(!ids.is_sorted(), "the case is good only if the order of names is another");
    assert_eq!(bench.event_ids(&bench.event_query()).await, ids, "the order of arrival");
    for (index, id) in ids.iter().enumerate() {
        let query = EventQuery { after: Some(*id), ..bench.event_query() };
        assert_eq!(bench.event_ids(&query).await, ids[index + 1..], "what came after event {index}");
    }
}

/// Takes in events of two sessions in turn, whose names do not sort as they come: clocks differ between nodes.
async fn ten_events(bench: &Bench) -> Vec<Event> {
    let mut sessions = [bench.record(), bench.record()];
    let mut kept = Vec::new();
    for (index, age) in [0, 9, 3, 3, 8, 1, 2, 7, 5, 4].into_iter().enumerate() {
        let record = &mut sessions[index % 2];
        let mut event = bench.event(EventKind::Renewed, record);
        event.at = bench.now.minus(age * SECOND);
        event.id = EventId::next(event.at);
        let expected = if index < 2 { Expected::Absent } else { Expected::Version(record.version) };
        if index >= 2 {
            *record = sample::next(record, |record| record.data = counting(1));
        }
        assert_eq!(bench.save_with(record, expected, std::slice::from_ref(&event)).await, Outcome::Applied);
        kept.push(event);
    }
    kept
}

pub(super) async fn events_of_no_session_are_kept_too(handles: Handles) {
    let bench = Bench::new(handles);
    let mut made = Event::new(EventKind::KeyCreated, bench.realm.clone(), bench.now);
    made.actor = Actor::operator("alice");
    made.note = Note::lossy("key 7: shop");
    let revoked = Event::new(EventKind::KeyRevoked, bench.realm.clone(), bench.now.minus(MINUTE));
    match bench.store().append(&[made.clone(), revoked.clone()]).await {
        Ok(()) => {}
        Err(error) if error.is_unsupported() => return,
        Err(error) => panic!("append must keep events, or be unsupported, and fails with: {error}"),
    }
    let record = bench.record();
    let created = bench.event(EventKind::Created, &record);
    assert_eq!(bench.save_with(&record, Expected::Absent, std::slice::from_ref(&created)).await, Outcome::Applied);
    assert_eq!(bench.events(&bench.event_query()).await, [made, revoked.clone(), created]);
    let query = EventQuery { kind: Some(EventKind::KeyRevoked), ..bench.event_query() };
    assert_eq!(bench.event_ids(&query).await, [revoked.id]);
}

pub(super) async fn each_filter_of_events_lists_what_it_says(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.keeps_events().await {
        return;
    }
    let (alice, bob) = (sample::subject(), sample::subject());
    let mut kept = Vec::new();
    let mut records = Vec::new();
    for subject in [Some(&alice), Some(&bob), Some(&alice), None] {
        let record = Record { subject: subject.cloned(), ..bench.record() };
        let events = [EventKind::Created, EventKind::Authenticated].map(|kind| bench.event(kind, &record));
        assert_eq!(bench.save_with(&record, Expected::Absent, &events).await, Outcome::Applied);
        let next = sample::next(&record, |record| record.data = counting(1));
        let event = bench.event(EventKind::Renewed, &next);
        let outcome = bench.save_with(&next, Expected::Version(record.version), std::slice::from_ref(&event)).await;
        assert_eq!(outcome, Outcome::Applied);
        kept.extend(events);
        kept.push(event);
        records.push(record);
    }
    let subjects = [None, Some(alice), Some(bob), Some(sample::subject())];
    let sessions = [None, Some(records[0].id), Some(records[1].id), Some(records[3].id)];
    let kinds = [None, Some(EventKind::Created), Some(EventKind::Renewed), Some(EventKind::Revoked)];
    for subject in &subjects {
        for session in sessions {
            for kind in &kinds {
                let (subject, kind) = (subject.clone(), kind.clone());
                let expected: Vec<_> = kept
                    .iter()
                    .filter(|event| subject.is_none() || event.subject == subject)
                    .filter(|event| session.is_none() || event.session == session)
                    .filter(|event| kind.as_ref().is_none_or(|kind| event.kind == *kind))
                    .map(|event| event.id)
                    .collect();
                let query = EventQuery { subject, session, kind, limit: limit(2), ..bench.event_query() };
                assert_eq!(bench.event_ids(&query).await, expected, "the events asked for by {query:?}");
            }
        }
    }
}

pub(super) async fn pages_of_events_cover_each_once_while_others_come(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.keeps_events().await {
        return;
    }
    let kept = ten_events(&bench).await;
    for number in [1, 3, 10] {
        let mut query = EventQuery { limit: limit(number), ..bench.event_query() };
        let mut found = Vec::new();
        for pages in 0.. {
            let page = bench.event_page(&query).await;
            found.extend(page.items.iter().map(|event| event.id));
            if pages < 3 {
                let record = bench.record();
                let event = bench.event(EventKind::Created, &record);
                let outcome = bench.save_with(&record, Expected::Absent, std::slice::from_ref(&event)).await;
                assert_eq!(outcome, Outcome::Applied);
            }
            match page.next {
                Some(next) => query.after = Some(next.event().expect("the cursor of events names one")),
                None => break,
            }
            assert!(pages < 100, "a listing must come to its end");
        }
        let throughout: Vec<_> = kept.iter().map(|event| event.id).collect();
        assert_eq!(found[..kept.len()], throughout, "each event once, in order");
        let mut once = found.clone();
        once.sort_unstable();
        once.dedup();
        assert_eq!(once.len(), found.len(), "no event is listed twice");
    }
}

pub(super) async fn a_page_of_events_has_no_more_than_its_limit(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.keeps_events().await {
        return;
    }
    let record = bench.record();
    let events: Vec<_> = (0..120).map(|_| bench.event(EventKind::SpentToken, &record)).collect();
    assert_eq!(bench.save_with(&record, Expected::Absent, &events).await, Outcome::Applied);
    let page = bench.event_page(&bench.event_query()).await;
    assert!(page.next.is_some(), "there are more than 100");
    for number in [1, 100, 119] {
        let page = bench.event_page(&EventQuery { limit: limit(number), ..bench.event_query() }).await;
        assert!(page.next.is_some(), "there are more than {number}");
    }
    let found = bench.events(&EventQuery { limit: limit(1_000), ..bench.event_query() }).await;
    assert_eq!(found, events, "all events of one change, in their order");
}
