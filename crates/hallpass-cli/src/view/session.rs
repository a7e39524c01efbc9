use std::net::IpAddr;

use hallpass::{
    Actor, EndReason, Method, Note, Profile, Realm, Record, SessionId, SessionState, Sessions, Subject, Timestamp,
};
use serde::{Deserialize, Serialize};

use crate::output::{Cell, Column, Tone, Zone, relative, visible};

/// A session as the service's API writes it: never a token, a secret or a hash.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SessionView {
    pub(crate) id: SessionId,
    pub(crate) realm: Realm,
    pub(crate) subject: Option<Subject>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) impersonator: Option<Subject>,
    pub(crate) state: String,
    pub(crate) created_at: Timestamp,
    pub(crate) authenticated_at: Option<Timestamp>,
    pub(crate) seen_at: Timestamp,
    pub(crate) idle_expires_at: Option<Timestamp>,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) renewed_at: Option<Timestamp>,
    pub(crate) generation: Option<u32>,
    pub(crate) version: u64,
    pub(crate) profile: Profile,
    pub(crate) level: u8,
    #[serde(default)]
    pub(crate) methods: Vec<Method>,
    pub(crate) client: Client,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) ended: Option<Ended>,
}

/// The client that a session was made for.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Client {
    pub(crate) ip: Option<IpAddr>,
    pub(crate) user_agent: Option<Note>,
    pub(crate) label: Option<Note>,
}

/// When, why and by whom a session was ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Ended {
    pub(crate) at: Timestamp,
    pub(crate) reason: EndReason,
    pub(crate) actor: Actor,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) note: Option<Note>,
}

impl SessionView {
    /// Returns what the service would answer about a record.
    pub(crate) fn of(record: &Record, sessions: &Sessions) -> Self {
        let view = hallpass_server::SessionView::of(sessions, record);
        let ended = view.ended;
        Self {
            id: view.id,
            realm: view.realm.clone(),
            subject: view.subject.cloned(),
            impersonator: view.impersonator.cloned(),
            state: view.state.to_owned(),
            created_at: view.created_at,
            authenticated_at: view.authenticated_at,
            seen_at: view.seen_at,
            idle_expires_at: view.idle_expires_at,
            expires_at: view.expires_at,
            renewed_at: view.renewed_at,
            generation: view.generation,
            version: view.version,
            profile: view.profile.clone(),
            level: view.level,
            methods: view.methods.to_vec(),
            client: Client {
                ip: view.client.ip,
                user_agent: view.client.user_agent.cloned(),
                label: view.client.label.cloned(),
            },
            ended: ended.map(|ended| Ended {
                at: ended.at,
                reason: ended.reason,
                actor: ended.actor,
                note: ended.note.cloned(),
            }),
        }
    }

    /// Tells whether it is over.
    pub(crate) fn is_ended(&self) -> bool {
        self.state == SessionState::Ended.as_str()
    }

    /// Returns when it ends unless something happens; nothing if it has ended.
    pub(crate) fn ends_at(&self) -> Option<Timestamp> {
        // A locked session is past its idle time and waits until the other.
        let is_locked = self.state == SessionState::Locked.as_str();
        let idle = self.idle_expires_at.filter(|_| !is_locked);
        [idle, self.expires_at].into_iter().flatten().min()
    }

    /// Returns the reason that it ended for, if that was written down.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.ended.as_ref().map(|ended| ended.reason.as_str())
    }

    fn tone(&self) -> Tone {
        match self.state.as_str() {
            "active" => Tone::Good,
            "locked" => Tone::Warning,
            _ => Tone::Faint,
        }
    }

    fn state_words(&self) -> String {
        match self.reason() {
            Some(reason) => format!("{} ({})", visible(&self.state), visible(reason)),
            None => visible(&self.state),
        }
    }

    fn subject_words(&self) -> Option<String> {
        let subject = visible(self.subject.as_ref()?.as_str());
        Some(match &self.impersonator {
            Some(name) => format!("{subject} (by {})", visible(name.as_str())),
            None => subject,
        })
    }

    fn client_words(&self) -> Option<String> {
        let Client { ip, user_agent, label } = &self.client;
        let name = label.as_ref().or(user_agent.as_ref()).map(|note| visible(note.as_str()));
        match (ip, name) {
            (Some(ip), Some(name)) => Some(format!("{ip} {name}")),
            (Some(ip), None) => Some(ip.to_string()),
            (None, name) => name,
        }
    }
}

/// The columns of a listing.
pub(crate) const SESSION_COLUMNS: [Column; 9] = [
    Column::new("ID"),
    Column::new("SUBJECT").least(8),
    Column::new("STATE"),
    Column::new("LAST SEEN"),
    Column::new("ENDS").rank(1),
    Column::new("CREATED").rank(3),
    Column::new("LEVEL").rank(5),
    Column::new("PROFILE").rank(4),
    Column::new("CLIENT").least(12).rank(2),
];

/// Returns a session's row in a listing.
pub(crate) fn session_row(session: &SessionView, now: Timestamp) -> Vec<Cell> {
    let ends = session.ends_at().map(|at| relative(at, now));
    vec![
        Cell::new(session.id.to_string(), Tone::Strong),
        Cell::or_dash(session.subject_words()),
        Cell::new(session.state_words(), session.tone()),
        relative(session.seen_at, now).into(),
        Cell::or_dash(ends),
        relative(session.created_at, now).into(),
        session.level.to_string().into(),
        session.profile.to_string().into(),
        Cell::or_dash(session.client_words()),
    ]
}

/// Returns what there is to know of a session, as names and words.
pub(crate) fn session_facts(session: &SessionView, zone: &Zone, now: Timestamp) -> Vec<(&'static str, String)> {
    let when = |at: Timestamp| format!("{} ({})", zone.show(at), relative(at, now));
    let mut facts = vec![
        ("id", session.id.to_string()),
        ("realm", session.realm.to_string()),
        ("subject", session.subject.as_ref().map_or_else(|| "nobody yet".to_owned(), |name| visible(name.as_str()))),
    ];
    facts.extend(session.impersonator.as_ref().map(|name| ("impersonated by", visible(name.as_str()))));
    facts.push(("state", Tone::paint(session.tone(), &session.state_words())));
    facts.push(("created", when(session.created_at)));
    facts.extend(session.authenticated_at.map(|at| ("authenticated", when(at))));
    facts.push(("last seen", when(session.seen_at)));
    facts.extend(session.renewed_at.map(|at| ("renewed", when(at))));
    facts.extend(session.idle_expires_at.map(|at| ("ends if unused", when(at))));
    facts.extend(session.expires_at.map(|at| ("ends at the latest", when(at))));
    facts.push(("profile", session.profile.to_string()));
    let methods: Vec<_> = session.methods.iter().map(ToString::to_string).collect();
    let methods = if methods.is_empty() { String::new() } else { format!(" ({})", methods.join(", ")) };
    facts.push(("level", format!("{}{methods}", session.level)));
    facts.extend(session.generation.map(|generation| ("generation", generation.to_string())));
    facts.push(("version", session.version.to_string()));
    let Client { ip, user_agent, label } = &session.client;
    facts.extend(label.as_ref().map(|label| ("client", visible(label.as_str()))));
    facts.extend(ip.map(|ip| ("address", ip.to_string())));
    facts.extend(user_agent.as_ref().map(|agent| ("user agent", visible(agent.as_str()))));
    if let Some(Ended { at, reason, actor, note }) = &session.ended {
        facts.push(("ended", when(*at)));
        facts.push(("reason", visible(reason.as_str())));
        facts.push(("ended by", visible(actor.as_str())));
        facts.extend(note.as_ref().map(|note| ("note", visible(note.as_str()))));
    }
    facts
}
