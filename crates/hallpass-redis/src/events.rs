use std::collections::{HashMap, HashSet};

use hallpass::{Event, EventId, EventQuery, Page, Realm, SessionId};

use crate::error::Fault;
use crate::index::{note_realm, realms};
use crate::link::Way;
use crate::member::whose;
use crate::open::Base;
use crate::records::answered;
use crate::script::APPEND;

/// How many pointers are read at once.
const AT_ONCE: usize = 500;
/// How much earlier than its own time an event may have come, by clocks that differ.
const SKEW: u64 = 10 * 60 * 1000;

/// Where something is in a stream: the time of the server in milliseconds, and a number within that.
type Place = (u64, u64);

/// Where the event itself is.
enum Home {
    /// Among those of a session.
    Session(SessionId),
    /// Here: it came with no change of a session.
    Here(Vec<u8>),
}

/// An entry of the stream of a realm: it tells enough to see whether the event is wanted.
struct Pointer {
    place: Place,
    event: EventId,
    home: Home,
    subject: String,
    kind: String,
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
        events.extend(of_sessions(base, realm, &[session]).await?.into_iter().flatten());
    }
    Ok(query.page(events))
}

async fn of_realms(base: &Base, realms: &[Realm], query: &EventQuery) -> Result<Page<Event>, Fault> {
    let from = match query.after {
        Some(after) => find(base, realms, after).await?,
        None => (0, 0),
    };
    // Streams count for themselves, so that events of two realms can have the same place: their names tell them apart.
    let before = if from.1 > 0 { (from.0, from.1 - 1) } else { (from.0.saturating_sub(1), u64::MAX) };
    let wanted = query.limit.number() + 2;
    let mut placed = Vec::new();
    for realm in realms {
        placed.extend(of_realm(base, realm, query, before, wanted).await?);
    }
    placed.retain(|(place, event)| query.after.is_none_or(|after| (*place, event.id) > (from, after)));
    placed.sort_by_key(|(place, event)| (*place, event.id));
    Ok(Page::in_order(placed.into_iter().map(|(_, event)| event).collect(), query.limit))
}

async fn of_realm(
    base: &Base,
    realm: &Realm,
    query: &EventQuery,
    from: Place,
    wanted: usize,
) -> Result<Vec<(Place, Event)>, Fault> {
    let mut found = Vec::new();
    let mut from = from;
    loop {
        let pointers = pointers(base, realm, &format!("({}-{}", from.0, from.1), "+", AT_ONCE, false).await?;
        let is_last = pointers.len() < AT_ONCE;
        if let Some(last) = pointers.last() {
            from = last.place;
        }
        let matching: Vec<_> = pointers.into_iter().filter(|pointer| is_wanted(pointer, query)).collect();
        found.extend(resolve(base, realm, matching).await?);
        if is_last || found.len() >= wanted {
            return Ok(found);
        }
    }
}

fn is_wanted(pointer: &Pointer, query: &EventQuery) -> bool {
    query.subject.as_ref().is_none_or(|subject| subject.as_str() == pointer.subject)
        && query.kind.as_ref().is_none_or(|kind| kind.as_str() == pointer.kind)
}

/// Reads the events that pointers lead to. One that leads nowhere is of a change that was not applied, or of an event
/// that its session does not keep any more.
async fn resolve(base: &Base, realm: &Realm, pointers: Vec<Pointer>) -> Result<Vec<(Place, Event)>, Fault> {
    let sessions = pointers.iter().filter_map(|pointer| match pointer.home {
        Home::Session(session) => Some(session),
        Home::Here(_) => None,
    });
    let sessions: Vec<_> = sessions.collect::<HashSet<_>>().into_iter().collect();
    let events = of_sessions(base, realm, &sessions).await?.into_iter().flatten();
    let mut events: HashMap<_, _> = events.map(|event| (event.id, event)).collect();
    let mut found = Vec::new();
    for Pointer { place, event, home, .. } in pointers {
        let event = match home {
            Home::Session(_) => events.remove(&event),
            Home::Here(text) => Some(read(&text, &base.keys.stream(realm))?),
        };
        found.extend(event.map(|event| (place, event)));
    }
    Ok(found)
}

fn read(text: &[u8], key: &str) -> Result<Event, Fault> {
    serde_json::from_slice(text).map_err(|_| Fault::Event(key.to_owned()))
}

/// Reads the events that each of some sessions keeps.
async fn of_sessions(base: &Base, realm: &Realm, sessions: &[SessionId]) -> Result<Vec<Vec<Event>>, Fault> {
    if sessions.is_empty() {
        return Ok(Vec::new());
    }
    let keys: Vec<_> = sessions.iter().map(|session| base.keys.events(realm, session)).collect();
    let questions = keys.iter().map(|key| {
        let mut command = redis::cmd("LRANGE");
        command.arg(key).arg(0).arg(-1);
        command
    });
    let answers = base.link.ask_all(&questions.collect::<Vec<_>>()).await?;
    let of_one = |(answer, key): (_, &String)| {
        let texts: Vec<Vec<u8>> = answered(answer)?;
        texts.iter().map(|text| read(text, key)).collect()
    };
    answers.into_iter().zip(&keys).map(of_one).collect()
}

/// Finds where an event is in its stream, from the end: who asks for what came after it mostly asks for the latest.
async fn find(base: &Base, realms: &[Realm], event: EventId) -> Result<Place, Fault> {
    let millis = event.at().as_millis();
    for realm in realms.iter().filter(|_| !event.is_instant()) {
        let mut end = "+".to_owned();
        loop {
            let pointers = pointers(base, realm, &end, "-", AT_ONCE, true).await?;
            if let Some(found) = pointers.iter().find(|pointer| pointer.event == event) {
                return Ok(found.place);
            }
            let Some(first) = pointers.last().filter(|first| first.place.0 + SKEW >= millis) else { break };
            end = format!("({}-{}", first.place.0, first.place.1);
        }
    }
    Ok((millis.saturating_sub(1), u64::MAX))
}

/// Reads pointers from `start` on, towards the end of the stream or, reversed, towards its beginning.
async fn pointers(
    base: &Base,
    realm: &Realm,
    start: &str,
    end: &str,
    count: usize,
    reversed: bool,
) -> Result<Vec<Pointer>, Fault> {
    type Entry = (String, Vec<(String, Vec<u8>)>);
    let mut command = redis::cmd(if reversed { "XREVRANGE" } else { "XRANGE" });
    command.arg(base.keys.stream(realm)).arg(start).arg(end).arg("COUNT").arg(count);
    let entries: Vec<Entry> = answered(base.link.ask(&command).await?)?;
    entries.iter().map(|(place, fields)| pointer(place, fields).ok_or(Fault::Answer("it is no pointer"))).collect()
}

fn pointer(place: &str, fields: &[(String, Vec<u8>)]) -> Option<Pointer> {
    let (millis, number) = place.split_once('-')?;
    let field = |name: &str| fields.iter().find(|(found, _)| found == name).map(|(_, value)| &value[..]);
    let text = |name: &str| Some(str::from_utf8(field(name)?).ok()?.to_owned());
    Some(Pointer {
        place: (millis.parse().ok()?, number.parse().ok()?),
        home: match field("s") {
            Some(session) => Home::Session(SessionId::from_bytes(session.try_into().ok()?)),
            None => Home::Here(field("t")?.to_vec()),
        },
        event: EventId::from_number(u128::from_be_bytes(field("e")?.try_into().ok()?)),
        subject: text("u")?,
        kind: text("k")?,
    })
}

/// Returns what the script takes of each event for its pointer.
pub(crate) fn pointer_arguments(event: &Event) -> [Vec<u8>; 3] {
    [event.id.number().to_be_bytes().to_vec(), whose(event.subject.as_ref()).into(), event.kind.as_str().into()]
}

/// Keeps events that come with no change of a session, in the stream of their realm.
pub(crate) async fn append(base: &Base, events: &[Event]) -> Result<(), Fault> {
    for events in events.chunk_by(|one, other| one.realm == other.realm) {
        let Some(first) = events.first() else { continue };
        note_realm(base, &first.realm).await?;
        let mut arguments = vec![base.events_per_realm.to_string().into_bytes()];
        for event in events {
            arguments.extend(pointer_arguments(event));
            arguments.push(to_text(event)?);
        }
        base.link.run(&APPEND, &[base.keys.stream(&first.realm)], &arguments, Way::Write).await?;
    }
    Ok(())
}

/// Writes an event as it is kept.
pub(crate) fn to_text(event: &Event) -> Result<Vec<u8>, Fault> {
    serde_json::to_vec(event).map_err(|_| Fault::Answer("an event is JSON"))
}
