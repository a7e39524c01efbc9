//! Which records a listing has.

use std::cmp::Reverse;

use super::bench::{Bench, limit};
use super::handles::Handles;
use super::sample::{self, HOUR, MINUTE, SECOND};
use crate::name::{Note, Profile, Subject};
use crate::record::{Level, Record};
use crate::store::{Outcome, Query};
use crate::time::Timestamp;

/// A filter of [`Query`], with its meaning written down a second time.
struct Filter {
    name: &'static str,
    set: Box<dyn Fn(&mut Query) + Send + Sync>,
    holds: Box<dyn Fn(&Record) -> bool + Send + Sync>,
}

fn filter(
    name: &'static str,
    set: impl Fn(&mut Query) + Send + Sync + 'static,
    holds: impl Fn(&Record) -> bool + Send + Sync + 'static,
) -> Filter {
    Filter { name, set: Box::new(set), holds: Box::new(holds) }
}

/// Every filter, at bounds that some of the [`records`] lie on exactly.
fn filters(now: Timestamp, subject: &Subject) -> Vec<Filter> {
    let (alice, created, seen, expires) = (subject.clone(), now.minus(6 * MINUTE), now.minus(SECOND), now.plus(HOUR));
    let same = alice.clone();
    let agent = |record: &Record| record.client.user_agent.clone().map(|agent| agent.as_str().to_owned());
    let ip = |record: &Record| record.client.ip.map(|ip| ip.to_string());
    vec![
        filter("subject", move |q| q.subject = Some(alice.clone()), move |r| r.subject.as_ref() == Some(&same)),
        filter(
            "ip, IPv4",
            |q| q.ip = Some("192.0.2.128/25".parse().expect("valid")),
            move |r| ip(r).is_some_and(|ip| ip == "192.0.2.128" || ip == "192.0.2.255"),
        ),
        filter(
            "ip, one address",
            |q| q.ip = Some("192.0.2.127/32".parse().expect("valid")),
            move |r| ip(r).is_some_and(|ip| ip == "192.0.2.127"),
        ),
        filter(
            "ip, IPv6",
            |q| q.ip = Some("2001:db8:1::/48".parse().expect("valid")),
            move |r| ip(r).is_some_and(|ip| ip == "2001:db8:1::1"),
        ),
        filter(
            "user_agent",
            |q| q.user_agent = Some("FireFox".to_owned()),
            move |r| agent(r).is_some_and(|agent| agent.contains("Firefox")),
        ),
        filter("created_after", move |q| q.created_after = Some(created), move |r| r.created_at > created),
        filter("seen_before", move |q| q.seen_before = Some(seen), move |r| r.seen_at < seen),
        filter("expires_by", move |q| q.expires_by = Some(expires), move |r| r.expires_at <= expires),
        filter("expires_after", move |q| q.expires_after = Some(expires), move |r| r.expires_at > expires),
        filter("level", |q| q.level = Some(Level::TWO_FACTORS), |r| r.level.number() == 2),
        filter("profile", |q| q.profile = Some(Profile::remember()), |r| r.profile.as_str() == "remember"),
        filter("ended", |q| q.ended = Some(true), |r| r.ended.is_some()),
        filter("not ended", |q| q.ended = Some(false), |r| r.ended.is_none()),
    ]
}

/// Records that differ in everything that can be asked for, so that each filter has some and leaves out some.
async fn records(bench: &Bench, subject: &Subject) -> Vec<Record> {
    let addresses = ["192.0.2.127", "192.0.2.128", "192.0.2.255", "192.0.3.0", "2001:db8:1::1", "2001:db8:2::1"];
    let agents = ["Mozilla/5.0 Firefox/140", "Mozilla/5.0 Chrome/140", "curl/8"];
    let mut records = Vec::new();
    for index in 0..24_usize {
        let by = u32::try_from(index).expect("few");
        let mut record = bench.record();
        record.created_at = bench.now.minus(by * MINUTE);
        record.seen_at = bench.now.minus((by % 3) * SECOND);
        record.expires_at = bench.now.plus(HOUR).plus((by % 4) * SECOND).minus(SECOND);
        record.subject = match index % 5 {
            0 | 1 => Some(subject.clone()),
            2 => Some(Subject::new(format!("{subject}x")).expect("short")),
            3 => Some(sample::subject()),
            _ => None,
        };
        record.client.ip = addresses.get(index % 7).map(|address| address.parse().expect("valid"));
        record.client.user_agent = agents.get(index % 4).and_then(|agent| Note::lossy(agent));
        record.level = Level::new((by % 3) as u8).expect("below 3");
        record.profile = if index % 2 == 0 { Profile::remember() } else { Profile::default() };
        bench.create([&record]).await;
        if index % 8 >= 6 {
            let until = record.expires_at;
            record = bench.update(&record, |record| sample::end(record, bench.now)).await;
            assert!(record.ended.is_some() && record.expires_at >= until.minus(HOUR));
        }
        records.push(record);
    }
    records
}

async fn assert_lists(bench: &Bench, records: &[Record], query: &Query, chosen: &[&Filter]) {
    let meets_all = |record: &&Record| chosen.iter().all(|filter| (filter.holds)(record));
    let expected = newest_first(records.iter().filter(meets_all));
    let names: Vec<_> = chosen.iter().map(|filter| filter.name).collect();
    bench.assert_listed(query, &expected, &format!("the sessions asked for by {names:?}")).await;
}

fn newest_first<'a>(records: impl IntoIterator<Item = &'a Record>) -> Vec<Record> {
    let mut records: Vec<_> = records.into_iter().cloned().collect();
    records.sort_by_key(|record| Reverse((record.created_at, record.id)));
    records
}

pub(super) async fn each_filter_lists_what_it_says(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.lists().await {
        return;
    }
    let subject = sample::subject();
    let records = records(&bench, &subject).await;
    assert_lists(&bench, &records, &bench.query(), &[]).await;
    for filter in filters(bench.now, &subject) {
        let matching = records.iter().filter(|record| (filter.holds)(record)).count();
        assert!((1..records.len()).contains(&matching), "the case is good for {}", filter.name);
        let mut query = bench.query();
        (filter.set)(&mut query);
        assert_lists(&bench, &records, &query, &[&filter]).await;
    }
}

pub(super) async fn filters_combined_list_what_meets_them_all(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.lists().await {
        return;
    }
    let subject = sample::subject();
    let records = records(&bench, &subject).await;
    let filters = filters(bench.now, &subject);
    for (index, one) in filters.iter().enumerate() {
        for other in &filters[index + 1..] {
            // The later of two that ask the same field would stand alone.
            if one.name[..2] == other.name[..2] && one.name.starts_with("ip") {
                continue;
            }
            let mut query = bench.query();
            (one.set)(&mut query);
            (other.set)(&mut query);
            let conflicting = one.name == "ended" && other.name == "not ended";
            if !conflicting {
                query.limit = limit(2);
                assert_lists(&bench, &records, &query, &[one, other]).await;
            }
        }
    }
}

pub(super) async fn a_user_agent_is_found_in_any_case_and_letter_by_letter(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.lists().await {
        return;
    }
    let agents = ["Éclair/1.0 (100% pure)", "eclair/1.0 (100 pure)", "a_b [x] \\ 'q'", "aXb x \\\\ q"];
    let mut records = Vec::new();
    for agent in agents {
        let mut record = bench.record();
        record.client.user_agent = Note::lossy(agent);
        records.push(record);
    }
    let silent = bench.record();
    bench.create(&records).await;
    bench.create([&silent]).await;
    let asked = [
        ("ÉCLAIR", vec![0]),
        ("éclair", vec![0]),
        ("eclair", vec![1]),
        ("PURE)", vec![0, 1]),
        ("100%", vec![0]),
        ("0% P", vec![0]),
        ("%", vec![0]),
        ("_", vec![2]),
        ("a_b", vec![2]),
        ("[x]", vec![2]),
        ("\\", vec![2, 3]),
        ("\\\\", vec![3]),
        ("'", vec![2]),
        ("clair/1.0 (100", vec![0, 1]),
        ("clair/1.0  (100", vec![]),
        ("", vec![0, 1, 2, 3]),
    ];
    for (part, expected) in asked {
        let query = Query { user_agent: Some(part.to_owned()), ..bench.query() };
        let mut found = bench.ids(&query).await;
        let mut expected: Vec<_> = expected.into_iter().map(|index: usize| records[index].id).collect();
        found.sort_unstable();
        expected.sort_unstable();
        assert_eq!(found, expected, "the sessions whose user agent has {part:?} in it");
    }
}

pub(super) async fn a_listing_shows_records_as_they_are_now(handles: Handles) {
    let bench = Bench::new(handles);
    if !bench.lists().await {
        return;
    }
    let until = bench.now.plus(HOUR);
    let mut touched = bench.record();
    let changed = Record { seen_at: bench.now.minus(HOUR), ..bench.record() };
    let ended = bench.record();
    bench.create([&touched, &changed, &ended]).await;
    (touched.seen_at, touched.expires_at) = (bench.now.plus(MINUTE), until.plus(MINUTE));
    let outcome = bench.touch(&touched, touched.seen_at, touched.expires_at).await;
    assert_eq!(outcome, Outcome::Applied);
    let changed = bench
        .update(&changed, |record| {
            record.level = Level::TWO_FACTORS;
            record.client.user_agent = Note::lossy("moved house");
            record.client.ip = Some([198, 51, 100, 7].into());
            record.seen_at = bench.now.minus(MINUTE);
        })
        .await;
    let ended = bench.update(&ended, |record| {
        sample::end(record, bench.now);
        record.expires_at = until.minus(MINUTE);
    });
    let ended = ended.await;
    let asked = [
        (Query { expires_after: Some(until), ..bench.query() }, vec![&touched]),
        (Query { expires_by: Some(until.minus(MINUTE)), ..bench.query() }, vec![&ended]),
        (Query { seen_before: Some(bench.now), ..bench.query() }, vec![&changed]),
        (Query { seen_before: Some(bench.now.minus(MINUTE)), ..bench.query() }, vec![]),
        (Query { level: Some(Level::TWO_FACTORS), ..bench.query() }, vec![&changed]),
        (Query { level: Some(Level::ANONYMOUS), ..bench.query() }, vec![&touched, &ended]),
        (Query { user_agent: Some("moved".to_owned()), ..bench.query() }, vec![&changed]),
        (Query { ip: Some("198.51.100.0/24".parse().expect("valid")), ..bench.query() }, vec![&changed]),
        (Query { ended: Some(true), ..bench.query() }, vec![&ended]),
        (Query { ended: Some(false), ..bench.query() }, vec![&touched, &changed]),
    ];
    for (query, expected) in asked {
        let what = format!("{query:?} asks for what is stored now");
        bench.assert_listed(&query, &newest_first(expected), &what).await;
    }
}
