use hallpass::{
    Actor, EndReason, Event, EventId, EventKind, InvalidName, Note, Profile, Realm, SessionId, Subject, Timestamp,
};

use crate::value::{CorruptRow, Value};

/// How many columns an event has, its number in the order of intake apart.
const EVENT_VALUES: usize = 15;

/// The columns of an event, in the order of [`event_values`].
pub const EVENT_COLUMNS: [&str; EVENT_VALUES] = [
    "id",
    "at",
    "kind",
    "realm",
    "session",
    "subject",
    "actor",
    "reason",
    "note",
    "request_id",
    "ip",
    "user_agent",
    "level",
    "profile",
    "route",
];

/// Returns the values of an event's row, in the order of [`EVENT_COLUMNS`].
pub fn event_values(event: &Event) -> [Value; EVENT_VALUES] {
    [
        Value::bytes(&event.id.number().to_be_bytes()),
        event.at.into(),
        Value::Text(event.kind.as_str().to_owned()),
        Value::Text(event.realm.as_str().to_owned()),
        event.session.map_or(Value::Null, |session| Value::bytes(session.as_bytes())),
        Value::text(event.subject.as_ref().map(Subject::as_str)),
        Value::Text(event.actor.as_str().to_owned()),
        Value::text(event.reason.as_ref().map(EndReason::as_str)),
        Value::text(event.note.as_ref().map(Note::as_str)),
        Value::text(event.origin.request_id.as_ref().map(Note::as_str)),
        event.origin.ip.map_or(Value::Null, |ip| Value::Text(ip.to_string())),
        Value::text(event.origin.user_agent.as_ref().map(Note::as_str)),
        event.level.map_or(Value::Null, |level| Value::Integer(level.into())),
        Value::text(event.profile.as_ref().map(Profile::as_str)),
        Value::text(event.origin.route.as_ref().map(Note::as_str)),
    ]
}

/// What a store reads of an event's row.
#[derive(Debug, Clone)]
pub struct StoredEvent<'a> {
    /// The column `id`.
    pub id: &'a [u8],
    /// The column `at`.
    pub at: Timestamp,
    /// The column `kind`.
    pub kind: &'a str,
    /// The column `realm`.
    pub realm: &'a str,
    /// The column `session`.
    pub session: Option<&'a [u8]>,
    /// The column `subject`.
    pub subject: Option<&'a str>,
    /// The column `actor`.
    pub actor: &'a str,
    /// The column `reason`.
    pub reason: Option<&'a str>,
    /// The column `note`.
    pub note: Option<&'a str>,
    /// The column `request_id`.
    pub request_id: Option<&'a str>,
    /// The column `ip`.
    pub ip: Option<&'a str>,
    /// The column `user_agent`.
    pub user_agent: Option<&'a str>,
    /// The column `level`.
    pub level: Option<i64>,
    /// The column `profile`.
    pub profile: Option<&'a str>,
    /// The column `route`.
    pub route: Option<&'a str>,
}

impl StoredEvent<'_> {
    /// Returns the event.
    ///
    /// # Errors
    ///
    /// [`CorruptRow`] if a column holds something else than an event has there.
    pub fn to_event(&self) -> Result<Event, CorruptRow> {
        let id = <[u8; 16]>::try_from(self.id).map_err(|_| CorruptRow::Column("id"))?;
        let realm = name("realm", Some(self.realm), Realm::new)?.ok_or(CorruptRow::Column("realm"))?;
        let id = EventId::from_number(u128::from_be_bytes(id));
        let mut event = Event::named(id, EventKind::from_word(self.kind), realm, self.at);
        event.session = self.session.map(session).transpose()?;
        event.subject = name("subject", self.subject, Subject::new)?;
        event.actor = name("actor", Some(self.actor), Actor::new)?.ok_or(CorruptRow::Column("actor"))?;
        event.reason = self.reason.map(EndReason::from_word);
        event.note = name("note", self.note, Note::new)?;
        event.origin.request_id = name("request_id", self.request_id, Note::new)?;
        event.origin.ip = self.ip.map(str::parse).transpose().map_err(|_| CorruptRow::Column("ip"))?;
        event.origin.user_agent = name("user_agent", self.user_agent, Note::new)?;
        event.level = self.level.map(u8::try_from).transpose().map_err(|_| CorruptRow::Column("level"))?;
        event.profile = name("profile", self.profile, Profile::new)?;
        event.origin.route = name("route", self.route, Note::new)?;
        Ok(event)
    }
}

fn session(bytes: &[u8]) -> Result<SessionId, CorruptRow> {
    bytes.try_into().map(SessionId::from_bytes).map_err(|_| CorruptRow::Column("session"))
}

fn name<'a, T>(
    column: &'static str,
    text: Option<&'a str>,
    new: impl FnOnce(&'a str) -> Result<T, InvalidName>,
) -> Result<Option<T>, CorruptRow> {
    text.map(new).transpose().map_err(|_| CorruptRow::Column(column))
}
