use std::cmp::Reverse;
use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use compact_str::CompactString;
use ipnet::IpNet;
use serde::{Deserialize, Serialize};

use crate::event::{Event, EventId, EventKind};
use crate::id::{SessionId, decode};
use crate::name::{Profile, Realm, Subject};
use crate::record::{Level, Record};
use crate::time::Timestamp;

/// How many items a page has at the most: 1 to 1,000, by default 100.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PageLimit(u16);

impl PageLimit {
    /// The most that a page can have: 1,000 items.
    pub const MOST: Self = Self(1000);

    /// Returns the limit with this number, or nothing if it is 0 or above 1,000.
    pub const fn new(number: u16) -> Option<Self> {
        if number == 0 || number > Self::MOST.0 { None } else { Some(Self(number)) }
    }

    /// Returns the number.
    pub const fn number(self) -> usize {
        self.0 as usize
    }
}

impl Default for PageLimit {
    fn default() -> Self {
        Self(100)
    }
}

/// Where a page ended: opaque text that the same question takes up again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(CompactString);

/// The error of going on from a cursor that this question did not give.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a cursor that this listing gave")]
pub struct InvalidCursor;

impl Cursor {
    /// Returns the cursor with this text; at most 64 bytes of it are meaningful.
    ///
    /// # Errors
    ///
    /// [`InvalidCursor`] if it is empty or longer than 64 bytes.
    pub fn new(text: &str) -> Result<Self, InvalidCursor> {
        if text.is_empty() || text.len() > 64 { Err(InvalidCursor) } else { Ok(Self(text.into())) }
    }

    /// Returns the text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the cursor after a record in the order of [`Store::list`](super::Store::list).
    pub fn after_record(record: &Record) -> Self {
        let mut bytes = [0; 24];
        bytes[..8].copy_from_slice(&record.created_at.as_millis().to_be_bytes());
        bytes[8..].copy_from_slice(record.id.as_bytes());
        Self(URL_SAFE_NO_PAD.encode(bytes).into())
    }

    /// Reads what [`Cursor::after_record`] wrote: the creation and id of the last record that was listed.
    ///
    /// # Errors
    ///
    /// [`InvalidCursor`] if it did not write this.
    pub fn record(&self) -> Result<(Timestamp, SessionId), InvalidCursor> {
        let bytes: [u8; 24] = decode(self.0.as_bytes()).ok_or(InvalidCursor)?;
        let (created_at, id) = bytes.split_first_chunk::<8>().ok_or(InvalidCursor)?;
        let id = <[u8; 16]>::try_from(id).map_err(|_| InvalidCursor)?;
        Ok((Timestamp::from_millis(u64::from_be_bytes(*created_at)), SessionId::from_bytes(id)))
    }

    /// Returns the cursor after an event.
    pub fn after_event(event: &Event) -> Self {
        Self(compact_str::format_compact!("{}", event.id))
    }

    /// Reads what [`Cursor::after_event`] wrote: the name of the last event that was listed.
    ///
    /// # Errors
    ///
    /// [`InvalidCursor`] if it did not write this.
    pub fn event(&self) -> Result<EventId, InvalidCursor> {
        self.0.parse().map_err(|_| InvalidCursor)
    }
}

impl fmt::Display for Cursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Cursor {
    type Err = InvalidCursor;

    fn from_str(text: &str) -> Result<Self, InvalidCursor> {
        Self::new(text)
    }
}

/// Some of the items that match, and where the next are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Page<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where to go on, if there may be more.
    pub next: Option<Cursor>,
}

impl<T> Page<T> {
    /// Returns a page without items.
    pub const fn empty() -> Self {
        Self { items: Vec::new(), next: None }
    }
}

impl Page<Record> {
    /// Returns the first page of records that were found newest first, at least one more than `limit` if there are more.
    ///
    /// They may come from several listings, one for each realm: `(realm, created_at, id)` is the index, so a listing of all
    /// realms asks for each and takes the newest. Two records of the same instant and id are never on two pages, since a
    /// cursor could not stand between them.
    pub fn newest(mut records: Vec<Record>, limit: PageLimit) -> Self {
        let place = |record: &Record| (record.created_at, record.id);
        records.sort_by_key(|record| Reverse(place(record)));
        if records.len() <= limit.number() {
            return Self { items: records, next: None };
        }
        let first_left_off = place(&records[limit.number()]);
        let whole = records.iter().take(limit.number()).filter(|record| place(record) != first_left_off).count();
        records.truncate(if whole == 0 { limit.number() } else { whole });
        let next = records.last().map(Cursor::after_record);
        Self { items: records, next }
    }
}

impl Page<Event> {
    /// Returns the first page of events that were found in their order, at least one more than `limit` if there are more.
    pub fn in_order(mut events: Vec<Event>, limit: PageLimit) -> Self {
        let has_more = events.len() > limit.number();
        events.truncate(limit.number());
        let next = events.last().filter(|_| has_more).map(Cursor::after_event);
        Self { items: events, next }
    }
}

/// Which records to list; everything that is set must hold.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Query {
    /// Of this realm only.
    pub realm: Option<Realm>,
    /// Of this subject only.
    pub subject: Option<Subject>,
    /// Made for a client with an address in this range.
    pub ip: Option<IpNet>,
    /// Made for a client whose description contains this, in any case.
    pub user_agent: Option<String>,
    /// Made after this instant.
    pub created_after: Option<Timestamp>,
    /// Last used before this instant.
    pub seen_before: Option<Timestamp>,
    /// Whose stored `expires_at` is at or before this instant.
    pub expires_by: Option<Timestamp>,
    /// Whose stored `expires_at` is after this instant.
    pub expires_after: Option<Timestamp>,
    /// Authenticated at exactly this level.
    pub level: Option<Level>,
    /// Made under this profile.
    pub profile: Option<Profile>,
    /// Only those that were ended, or only those that were not.
    pub ended: Option<bool>,
    /// Where the page before ended.
    pub after: Option<Cursor>,
    /// How many records at the most.
    pub limit: PageLimit,
}

impl Query {
    /// Returns the question for all sessions of a subject.
    pub fn of_subject(realm: Realm, subject: Subject) -> Self {
        Self { realm: Some(realm), subject: Some(subject), ..Self::default() }
    }

    /// Tells whether a record matches, cursor and limit apart: for stores without a query language.
    pub fn matches(&self, record: &Record) -> bool {
        let Self { realm, subject, ip, user_agent, created_after, seen_before, expires_by, expires_after, .. } = self;
        realm.as_ref().is_none_or(|realm| *realm == record.realm)
            && subject.as_ref().is_none_or(|subject| record.subject.as_ref() == Some(subject))
            && ip.is_none_or(|range| record.client.ip.is_some_and(|ip| range.contains(&ip)))
            && user_agent.as_ref().is_none_or(|part| contains(record, part))
            && created_after.is_none_or(|at| record.created_at > at)
            && seen_before.is_none_or(|at| record.seen_at < at)
            && expires_by.is_none_or(|at| record.expires_at <= at)
            && expires_after.is_none_or(|at| record.expires_at > at)
            && self.level.is_none_or(|level| record.level == level)
            && self.profile.as_ref().is_none_or(|profile| *profile == record.profile)
            && self.ended.is_none_or(|ended| record.ended.is_some() == ended)
    }
}

fn contains(record: &Record, part: &str) -> bool {
    let agent = record.client.user_agent.as_ref();
    agent.is_some_and(|agent| agent.as_str().to_lowercase().contains(&part.to_lowercase()))
}

/// Which events to list; everything that is set must hold.
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct EventQuery {
    /// Of this realm only.
    pub realm: Option<Realm>,
    /// Of this subject only.
    pub subject: Option<Subject>,
    /// Of this session only.
    pub session: Option<SessionId>,
    /// Of this kind only.
    pub kind: Option<EventKind>,
    /// Taken in after this event.
    pub after: Option<EventId>,
    /// How many events at the most.
    pub limit: PageLimit,
}

impl EventQuery {
    /// Returns the question for what happened to a session.
    pub fn of_session(realm: Realm, session: SessionId) -> Self {
        Self { realm: Some(realm), session: Some(session), ..Self::default() }
    }

    /// Returns the page of what one session keeps, which is given whole and in its order.
    pub fn page(&self, mut events: Vec<Event>) -> Page<Event> {
        if let Some(after) = self.after {
            match events.iter().rposition(|event| event.id == after) {
                Some(place) => drop(events.drain(..=place)),
                // It is not kept any more, or of another session.
                None => events.retain(|event| event.id > after),
            }
        }
        events.retain(|event| self.matches(event));
        Page::in_order(events, self.limit)
    }

    /// Tells whether an event matches, `after` and limit apart: for stores without a query language.
    pub fn matches(&self, event: &Event) -> bool {
        self.realm.as_ref().is_none_or(|realm| *realm == event.realm)
            && self.subject.as_ref().is_none_or(|subject| event.subject.as_ref() == Some(subject))
            && self.session.is_none_or(|session| event.session == Some(session))
            && self.kind.as_ref().is_none_or(|kind| *kind == event.kind)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: u128, kind: EventKind) -> Event {
        let mut event = Event::new(kind, Realm::default(), Timestamp::UNIX_EPOCH);
        event.id = EventId::from_number(number);
        event
    }

    #[test]
    fn a_page_of_events_goes_on_where_the_one_before_ended() {
        let kept = || {
            let number = |(number, kind)| event(number, kind);
            [(5, EventKind::Created), (9, EventKind::Renewed), (7, EventKind::Renewed), (8, EventKind::Revoked)]
                .map(number)
                .to_vec()
        };
        let mut query = EventQuery { limit: PageLimit::new(2).expect("small"), ..EventQuery::default() };
        let numbers = |page: &Page<Event>| page.items.iter().map(|event| event.id.number()).collect::<Vec<_>>();
        let first = query.page(kept());
        assert_eq!(
            (numbers(&first), first.next.map(|next| next.event())),
            (vec![5, 9], Some(Ok(EventId::from_number(9))))
        );
        query.after = Some(EventId::from_number(9));
        let last = query.page(kept());
        assert_eq!((numbers(&last), last.next), (vec![7, 8], None));
        query.kind = Some(EventKind::Renewed);
        assert_eq!(numbers(&query.page(kept())), [7]);
        query.after = Some(EventId::from_number(6));
        assert_eq!(numbers(&query.page(kept())), [9, 7], "what is not kept any more stands where its name does");
    }
}
