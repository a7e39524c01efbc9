//! Which sessions a subject has.

use super::bench::{Bench, ROUNDS, counting};
use super::handles::Handles;
use super::sample;
use crate::store::{Expected, Outcome, Query};

pub(super) async fn a_listing_follows_a_subject_being_set(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.lists().await {
        return;
    }
    let (alice, bob) = (sample::subject(), sample::subject());
    let anonymous = bench.record();
    bench.create([&anonymous]).await;
    assert_eq!(bench.ids(&bench.query_of(&alice)).await, [], "nobody's session is nobody's");

    let hers = bench.update(&anonymous, |record| record.subject = Some(alice.clone())).await;
    assert_eq!(bench.ids(&bench.query_of(&alice)).await, [hers.id], "the session is Alice's from now on");
    let changed = bench.update(&hers, |record| record.data = counting(1)).await;
    bench
        .assert_listed(&bench.query_of(&alice), std::slice::from_ref(&changed), "a change does not list it twice")
        .await;

    let his = bench.update(&changed, |record| record.subject = Some(bob.clone())).await;
    assert_eq!(bench.ids(&bench.query_of(&bob)).await, [his.id], "the session is Bob's from now on");
    assert_eq!(bench.ids(&bench.query_of(&alice)).await, [], "and no longer Alice's");

    bench.update(&his, |record| record.subject = None).await;
    assert_eq!(bench.ids(&bench.query_of(&bob)).await, [], "the session is nobody's again");
    assert_eq!(bench.ids(&bench.query()).await, [his.id], "and is there");
}

pub(super) async fn an_ended_session_stays_listed(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.lists().await {
        return;
    }
    let subject = sample::subject();
    let (living, ending) = (bench.record_of(&subject), bench.record_of(&subject));
    bench.create([&living, &ending]).await;
    let tombstone = bench.end(&ending).await;
    let of_subject = |ended| Query { ended, ..bench.query_of(&subject) };
    bench.assert_listed(&of_subject(Some(true)), &[tombstone], "the session that has ended").await;
    assert_eq!(bench.ids(&of_subject(Some(false))).await, [living.id]);
    assert_eq!(bench.ids(&of_subject(None)).await.len(), 2);
}

pub(super) async fn a_subject_has_its_own_sessions_only(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.lists().await {
        return;
    }
    let base = sample::subject();
    // Each is another's beginning, ending or look-alike: what a pattern, a collation or trimming would mix up.
    let texts = [
        base.to_string(),
        format!("{base} "),
        format!(" {base}"),
        format!("{base}x"),
        format!("{base}%"),
        format!("{base}_"),
        format!("{base}*"),
        format!("{base}:1"),
        base.as_str().to_uppercase(),
        base.as_str().to_lowercase(),
        format!("{base}\u{e9}"),
        format!("{base}e"),
        format!("{base}e\u{301}"),
    ];
    let mut records = Vec::new();
    for text in texts {
        let subject = crate::name::Subject::new(text).expect("short");
        records.push(bench.record_of(&subject));
    }
    bench.create(&records).await;
    for record in &records {
        let subject = record.subject.clone().expect("each has one");
        assert_eq!(bench.ids(&bench.query_of(&subject)).await, [record.id], "{subject:?} has one session");
    }
}

pub(super) async fn a_conflict_leaves_a_subject_as_it_is(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.lists().await {
        return;
    }
    let (alice, bob) = (sample::subject(), sample::subject());
    let record = bench.record_of(&alice);
    bench.create([&record]).await;
    let changed = bench.update(&record, |record| record.data = counting(1)).await;
    let mut stale = sample::next(&record, |stale| stale.subject = Some(bob.clone()));
    for expected in [Expected::Version(record.version), Expected::Absent] {
        assert_eq!(bench.save(&stale, expected).await, Outcome::Conflict);
        stale.version = stale.version.next();
    }
    bench.assert_listed(&bench.query_of(&alice), &[changed], "the session is still Alice's").await;
    assert_eq!(bench.ids(&bench.query_of(&bob)).await, [], "and not Bob's");
}

pub(super) async fn a_revocation_of_all_misses_no_session(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.lists().await {
        return;
    }
    for _ in 0..ROUNDS {
        let subject = sample::subject();
        let marks = bench
            .at_once(6, |bench, index| {
                let subject = subject.clone();
                async move {
                    let record = bench.record_of(&subject);
                    bench.create([&record]).await;
                    // What was saved before the call is listed, whoever else is writing.
                    let listed = bench.ids(&bench.query_of(&subject)).await;
                    (index, listed.contains(&record.id))
                }
            })
            .await;
        assert!(marks.iter().all(|(_, listed)| *listed), "a session that was saved before the call is listed");
        assert_eq!(bench.ids(&bench.query_of(&subject)).await.len(), 6);
    }
}
