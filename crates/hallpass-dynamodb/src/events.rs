use std::time::Duration;

use futures_util::future::try_join_all;
use hallpass::{Event, EventId, EventQuery, Page, Realm, SessionId, Timestamp};

use crate::base::{Base, Pause};
use crate::error::Fault;
use crate::index::{Question, query as ask_partition, realms};
use crate::item::{self, Item, text};
use crate::keys::{self, SORT};
use crate::log::{AT, BEFORE, EVENTS, Place, last, take_away};

/// How many entries of a log are read at once.
const AT_ONCE: usize = 200;
/// How far an event's own time may be from that of its entry: clocks differ, and writes take their time.
const SKEW: Duration = Duration::from_mins(2);
/// How long a number that was drawn may still be used: DynamoDB refuses requests that were signed longer ago.
const SETTLED_AFTER: Duration = Duration::from_mins(20);
/// How many numbers below one that was just drawn are looked at.
const MOST_OPEN: u64 = 4096;
/// How long writes under way are given before their numbers are taken from them.
const GRACE: Duration = Duration::from_secs(2);

/// An item of a log.
struct Entry {
    number: u64,
    at: Timestamp,
    before: Option<Timestamp>,
    /// None where a reader gave up waiting for them.
    events: Vec<Event>,
}

/// Where to begin.
enum Start {
    Beginning,
    After(Place),
    Since(Timestamp),
}

/// Returns a page of the events that match, in the order in which they came.
pub(crate) async fn list(base: &Base, query: &EventQuery) -> Result<Page<Event>, Fault> {
    let realms = match &query.realm {
        Some(realm) => vec![realm.clone()],
        None => realms(base).await?,
    };
    match query.session {
        Some(session) => of_session(base, &realms, session, query).await,
        None => of_realms(base, &realms, query).await,
    }
}

async fn of_session(
    base: &Base,
    realms: &[Realm],
    session: SessionId,
    query: &EventQuery,
) -> Result<Page<Event>, Fault> {
    let mut events = Vec::new();
    for realm in realms {
        let range = Some(("begins_with(sk, :event)", vec![(":event", text("event/"))]));
        let question = Question { range, ..Question::all(keys::session(realm, &session)) };
        for item in ask_partition(base, &question).await? {
            events.extend(read_events(&item)?);
        }
    }
    Ok(query.page(events))
}

async fn of_realms(base: &Base, realms: &[Realm], query: &EventQuery) -> Result<Page<Event>, Fault> {
    let start = match query.after {
        Some(after) => find(base, realms, after).await?,
        None => Start::Beginning,
    };
    let wanted = query.limit.number() + 1;
    let logs = realms.iter().map(|realm| of_realm(base, realm, query, &start, wanted));
    let mut placed: Vec<_> = try_join_all(logs).await?.into_iter().flatten().collect();
    placed.sort_by(|(one, _), (other, _)| one.cmp(other));
    if let Some((place, event)) = placed.get(query.limit.number() - 1) {
        base.places.lock().remember(event.id, place.clone());
    }
    Ok(Page::in_order(placed.into_iter().map(|(_, event)| event).collect(), query.limit))
}

async fn of_realm(
    base: &Base,
    realm: &Realm,
    query: &EventQuery,
    start: &Start,
    wanted: usize,
) -> Result<Vec<(Place, Event)>, Fault> {
    let mut after = match start {
        Start::Beginning => 0,
        Start::After(place) if place.realm == *realm => place.number - 1,
        Start::After(place) => first_since(base, realm, place.at.minus(SKEW)).await? - 1,
        Start::Since(at) => first_since(base, realm, at.minus(SKEW)).await? - 1,
    };
    let is_after = |place: &Place, event: &Event| match start {
        Start::Beginning => true,
        Start::After(start) => place > start,
        Start::Since(_) => query.after.is_none_or(|after| event.id > after),
    };
    let mut found = Vec::new();
    loop {
        let (entries, is_last) = entries(base, realm, after).await?;
        after = entries.last().map_or(after, |entry| entry.number);
        for Entry { number, at, events, .. } in entries {
            for (index, event) in events.into_iter().enumerate() {
                let place = Place { at, realm: realm.clone(), number, index };
                if is_after(&place, &event) && query.matches(&event) {
                    found.push((place, event));
                }
            }
        }
        if is_last || found.len() >= wanted {
            return Ok(found);
        }
    }
}

/// Finds where an event is.
async fn find(base: &Base, realms: &[Realm], event: EventId) -> Result<Start, Fault> {
    if let Some(place) = base.places.lock().find(event) {
        return Ok(Start::After(place));
    }
    let at = event.at();
    for realm in realms.iter().filter(|_| !event.is_instant()) {
        let mut after = first_since(base, realm, at.minus(SKEW)).await? - 1;
        loop {
            let (entries, is_last) = entries(base, realm, after).await?;
            for entry in &entries {
                if let Some(index) = entry.events.iter().position(|found| found.id == event) {
                    let place = Place { at: entry.at, realm: realm.clone(), number: entry.number, index };
                    return Ok(Start::After(place));
                }
            }
            match entries.last() {
                Some(entry) if !is_last && entry.at <= at.plus(SKEW) => after = entry.number,
                _ => break,
            }
        }
    }
    Ok(Start::Since(at))
}

/// Returns the first number of a log that was drawn at an instant or later, or the one that will be drawn next.
async fn first_since(base: &Base, realm: &Realm, at: Timestamp) -> Result<u64, Fault> {
    let (mut low, mut high) = (1, last(base, realm).await? + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        match read(base, realm, middle, None, Some(1)).await?.first() {
            Some(entry) if entry.at < at => low = entry.number + 1,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// Returns the entries after a number, and whether these are the last.
///
/// A number that is missing may be in use by a write under way. It is waited for a moment, and then taken away from it.
async fn entries(base: &Base, realm: &Realm, after: u64) -> Result<(Vec<Entry>, bool), Fault> {
    let read_on = read(base, realm, after + 1, None, Some(AT_ONCE)).await?;
    let is_last = read_on.len() < AT_ONCE;
    let mut entries = Vec::with_capacity(read_on.len());
    let mut next = after + 1;
    for entry in read_on {
        let number = entry.number;
        if let Some(drawn) = entry.before.filter(|drawn| number > next && !is_settled(base, *drawn)) {
            let first = next.max(number.saturating_sub(MOST_OPEN));
            entries.extend(settle(base, realm, first, number - 1, drawn).await?);
        }
        entries.push(entry);
        next = number + 1;
    }
    Ok((entries, is_last))
}

fn is_settled(base: &Base, drawn: Timestamp) -> bool {
    base.now().is_some_and(|now| now.since(drawn) > SETTLED_AFTER)
}

/// Sees that the numbers from one to another are used, or never will be; returns what there is.
async fn settle(base: &Base, realm: &Realm, first: u64, last: u64, drawn: Timestamp) -> Result<Vec<Entry>, Fault> {
    let patience = tokio::time::Instant::now() + GRACE;
    let mut pause = Pause::new();
    loop {
        let there = read(base, realm, first, Some(last), None).await?;
        let missing = (first..=last).filter(|number| there.iter().all(|entry| entry.number != *number));
        let missing: Vec<_> = missing.collect();
        if missing.is_empty() {
            return Ok(there);
        }
        if tokio::time::Instant::now() < patience {
            pause.wait().await;
            continue;
        }
        for some in missing.chunks(16) {
            try_join_all(some.iter().map(|number| take_away(base, realm, *number, drawn))).await?;
        }
        return read(base, realm, first, Some(last), None).await;
    }
}

/// Reads entries from a number on, up to another or so many.
async fn read(
    base: &Base,
    realm: &Realm,
    from: u64,
    to: Option<u64>,
    most: Option<usize>,
) -> Result<Vec<Entry>, Fault> {
    let to = to.unwrap_or(u64::MAX);
    let range =
        ("sk BETWEEN :from AND :to", vec![(":from", text(keys::numbered(from))), (":to", text(keys::numbered(to)))]);
    let question = Question { range: Some(range), most, ..Question::all(keys::log(realm)) };
    ask_partition(base, &question).await?.iter().map(entry).collect()
}

fn entry(item: &Item) -> Result<Entry, Fault> {
    let number = item::read_text(item, SORT).and_then(|number| number.parse().ok());
    let at = item::read_number(item, AT).map(Timestamp::from_millis);
    let (Some(number), Some(at)) = (number, at) else { return Err(damaged(item)) };
    let before = item::read_number(item, BEFORE).map(Timestamp::from_millis);
    Ok(Entry { number, at, before, events: read_events(item)? })
}

fn read_events(item: &Item) -> Result<Vec<Event>, Fault> {
    let events = item::read_text(item, EVENTS).and_then(|events| serde_json::from_str(events).ok());
    events.ok_or_else(|| damaged(item))
}

fn damaged(item: &Item) -> Fault {
    Fault::Item(item::key_of(item).map_or_else(String::new, |key| key.to_string()))
}
