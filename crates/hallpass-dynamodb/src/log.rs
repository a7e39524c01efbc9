use std::collections::VecDeque;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{ReturnValue, ReturnValuesOnConditionCheckFailure, TransactWriteItem};
use hallpass::{Event, EventId, Realm, SessionId, Timestamp};

use crate::base::Base;
use crate::commit::{self, Committed};
use crate::error::Fault;
use crate::index::note_realm;
use crate::item::{self, Item, instant, keyed, number, text};
use crate::keys::{FORGET_AT, Key, PARTITION};

/// What one item of events can hold, with room for its other attributes.
const MOST_BYTES: usize = 300 * 1024;
/// How many places are remembered, the latest.
const MOST_PLACES: usize = 512;

const NUMBER: &str = "number";
pub(crate) const AT: &str = "at";
pub(crate) const BEFORE: &str = "before";
pub(crate) const EVENTS: &str = "events";

/// Where an event is in the log of its realm.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Place {
    /// The server's time when the number was drawn; it never goes back within a realm.
    pub(crate) at: Timestamp,
    pub(crate) realm: Realm,
    pub(crate) number: u64,
    /// Which of the events that came together.
    pub(crate) index: usize,
}

/// Where events are after which somebody may go on.
#[derive(Debug, Default)]
pub(crate) struct Places {
    latest: VecDeque<(EventId, Place)>,
}

impl Places {
    pub(crate) fn find(&self, event: EventId) -> Option<Place> {
        self.latest.iter().rev().find(|(id, _)| *id == event).map(|(_, place)| place.clone())
    }

    pub(crate) fn remember(&mut self, event: EventId, place: Place) {
        self.latest.push_back((event, place));
        if self.latest.len() > MOST_PLACES {
            self.latest.pop_front();
        }
    }
}

/// Keeps events that come with no change of a session.
pub(crate) async fn append(base: &Base, events: &[Event]) -> Result<(), Fault> {
    base.in_time(async {
        for event in events {
            note_realm(base, &event.realm).await?;
        }
        loop {
            let Drawing { parts, .. } = draw_for(base, events).await?;
            if parts.is_empty() || matches!(commit::commit(base, parts).await?, Committed::Applied) {
                return Ok(());
            }
        }
    })
    .await
}

/// The parts of a transaction that keep events, and the numbers that they were given.
#[derive(Debug, Default)]
pub(crate) struct Drawing {
    pub(crate) parts: Vec<TransactWriteItem>,
    pub(crate) numbers: Vec<(Realm, u64, Timestamp)>,
}

/// Draws for these events the next numbers of the logs of their realms.
///
/// A number that is drawn and not used leaves a gap, and whoever reads waits, and closes it: a transaction that comes later
/// with this number is refused, and draws again. So nobody who reads on from a number ever misses one below it.
pub(crate) async fn draw_for(base: &Base, events: &[Event]) -> Result<Drawing, Fault> {
    let Drawing { mut parts, mut numbers } = Drawing::default();
    for (realm, events) in by(events, |event| event.realm.clone()) {
        let chunks = chunks(&events)?;
        let latest = events.iter().map(|event| event.at).max().unwrap_or(Timestamp::UNIX_EPOCH);
        let drawn = draw(base, &realm, chunks.len(), latest).await?;
        let mut before = drawn.before;
        for (events, ahead) in chunks.into_iter().zip(0..) {
            let number = drawn.first.saturating_add(ahead);
            let mut item = kept(base, &Key::in_log(&realm, number), &events, drawn.at)?;
            item.extend(before.map(|before| (BEFORE.to_owned(), instant(before))));
            parts.push(commit::create(base, item)?);
            numbers.push((realm.clone(), number, drawn.at));
            before = Some(drawn.at);
            for (session, events) in by(&events, |event| event.session) {
                let Some(session): Option<SessionId> = session else { continue };
                let key = Key::event_of_session(&realm, &session, number);
                parts.push(commit::put(base, kept(base, &key, &events, drawn.at)?)?);
            }
        }
    }
    Ok(Drawing { parts, numbers })
}

/// Gives numbers back that will not be used, so that nobody who reads waits for them. If that fails, readers do it.
pub(crate) async fn give_back(base: &Base, numbers: Vec<(Realm, u64, Timestamp)>) {
    for (realm, number, at) in numbers {
        if let Err(fault) = take_away(base, &realm, number, at).await {
            tracing::debug!(error = %fault, "a number without events could not be given back");
        }
    }
}

/// Uses a number, which was drawn by this time, for nothing, unless it is used by now.
pub(crate) async fn take_away(base: &Base, realm: &Realm, number: u64, drawn: Timestamp) -> Result<(), Fault> {
    let mut item = keyed(&Key::in_log(realm, number));
    item.insert(EVENTS.to_owned(), text("[]"));
    item.insert(AT.to_owned(), instant(drawn));
    forgotten_in_time(base, &mut item, drawn);
    let ask = || {
        base.client
            .put_item()
            .table_name(&base.table)
            .set_item(Some(item.clone()))
            .condition_expression(format!("attribute_not_exists({PARTITION})"))
            .send()
    };
    match base.write(ask).await? {
        Ok(_) | Err(PutItemError::ConditionalCheckFailedException(_)) => Ok(()),
        Err(error) => Err(Fault::Lost(error.to_string())),
    }
}

/// Parts events by something, in their order.
fn by<K: PartialEq>(events: &[Event], of: impl Fn(&Event) -> K) -> Vec<(K, Vec<Event>)> {
    let mut groups: Vec<(K, Vec<Event>)> = Vec::new();
    for event in events {
        let key = of(event);
        match groups.iter_mut().find(|(found, _)| *found == key) {
            Some((_, group)) => group.push(event.clone()),
            None => groups.push((key, vec![event.clone()])),
        }
    }
    groups
}

/// Parts events so that each part fits into an item.
fn chunks(events: &[Event]) -> Result<Vec<Vec<Event>>, Fault> {
    let mut chunks: Vec<Vec<Event>> = Vec::new();
    let mut room = 0;
    for event in events {
        let size = to_text(std::slice::from_ref(event))?.len();
        match chunks.last_mut() {
            Some(chunk) if size <= room => chunk.push(event.clone()),
            _ => {
                chunks.push(vec![event.clone()]);
                room = MOST_BYTES;
            }
        }
        room = room.saturating_sub(size);
    }
    Ok(chunks)
}

fn to_text(events: &[Event]) -> Result<String, Fault> {
    serde_json::to_string(events).map_err(|_| Fault::Schema("an event cannot be written as JSON"))
}

fn kept(base: &Base, key: &Key, events: &[Event], at: Timestamp) -> Result<Item, Fault> {
    let mut item = keyed(key);
    item.insert(EVENTS.to_owned(), text(to_text(events)?));
    item.insert(AT.to_owned(), instant(at));
    forgotten_in_time(base, &mut item, at);
    Ok(item)
}

fn forgotten_in_time(base: &Base, item: &mut Item, at: Timestamp) {
    if let Some(keep) = base.keep_events {
        item.insert(FORGET_AT.to_owned(), number(at.plus(keep).as_millis() / 1000 + 1));
    }
}

struct Drawn {
    first: u64,
    at: Timestamp,
    /// When the number before was drawn.
    before: Option<Timestamp>,
}

/// Draws the next numbers of a realm's log.
async fn draw(base: &Base, realm: &Realm, count: usize, latest: Timestamp) -> Result<Drawn, Fault> {
    let key = Key::counter(realm);
    let count = u64::try_from(count).unwrap_or(u64::MAX);
    // A server that tells no time has that of the events.
    let mut at = base.now().unwrap_or(latest);
    loop {
        let ask = || {
            base.client
                .update_item()
                .table_name(&base.table)
                .set_key(Some(keyed(&key)))
                .update_expression("ADD #number :count SET #at = :at")
                .condition_expression("attribute_not_exists(#at) OR #at <= :at")
                .expression_attribute_names("#number", NUMBER)
                .expression_attribute_names("#at", AT)
                .expression_attribute_values(":count", number(count))
                .expression_attribute_values(":at", instant(at))
                .return_values(ReturnValue::AllOld)
                .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
                .send()
        };
        let told = |item: &Item| item::read_number(item, AT).map(Timestamp::from_millis);
        match base.write(ask).await? {
            Ok(answer) => {
                let old = answer.attributes.unwrap_or_default();
                let first = item::read_number(&old, NUMBER).unwrap_or_default() + 1;
                return Ok(Drawn { first, at, before: told(&old) });
            }
            Err(UpdateItemError::ConditionalCheckFailedException(refused)) => {
                // Somebody's clock is ahead of ours.
                let present = refused.item.as_ref().and_then(told);
                at = present.ok_or_else(|| Fault::Item(key.to_string()))?;
            }
            Err(error) => return Err(Fault::Lost(error.to_string())),
        }
    }
}

/// Returns the last number that was drawn.
pub(crate) async fn last(base: &Base, realm: &Realm) -> Result<u64, Fault> {
    let key = keyed(&Key::counter(realm));
    let ask = || base.client.get_item().table_name(&base.table).consistent_read(true).set_key(Some(key.clone())).send();
    let item = base.read(ask).await?.item;
    Ok(item.and_then(|item| item::read_number(&item, NUMBER)).unwrap_or_default())
}
