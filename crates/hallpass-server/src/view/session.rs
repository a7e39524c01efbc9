use std::net::IpAddr;

use hallpass::{
    Actor, EndReason, Method, Note, Policy, Profile, Realm, Record, SessionId, SessionState, Sessions, Subject,
    Timestamp, Verdict,
};
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::readable;

/// A session as JSON; never a token, a secret or a hash.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Session)]
#[non_exhaustive]
pub struct SessionView<'a> {
    /// The session's public name.
    #[schema(value_type = String, min_length = 22, max_length = 22)]
    pub id: SessionId,
    /// The application it belongs to.
    #[schema(value_type = String)]
    pub realm: &'a Realm,
    /// Whose session it is; nobody's while anonymous.
    #[schema(value_type = Option<String>)]
    pub subject: Option<&'a Subject>,
    /// Who really acts, if it is not the subject.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub impersonator: Option<&'a Subject>,
    /// `active`, `locked` or `ended`.
    #[schema(value_type = State)]
    pub state: &'static str,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    pub created_at: Timestamp,
    /// When its subject last proved who they are.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub authenticated_at: Option<Timestamp>,
    /// When it was last used.
    #[schema(value_type = String, format = DateTime)]
    pub seen_at: Timestamp,
    /// When it will have been unused for too long; nothing once it has ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub idle_expires_at: Option<Timestamp>,
    /// When its lifetime is over, whatever happens; nothing once it has ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub expires_at: Option<Timestamp>,
    /// When its present token was made; nothing once it has ended.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub renewed_at: Option<Timestamp>,
    /// How many tokens it had before the present one; nothing once it has ended.
    pub generation: Option<u32>,
    /// How often it was written.
    pub version: u64,
    /// The policy it was made under.
    #[schema(value_type = String)]
    pub profile: &'a Profile,
    /// How strongly its subject authenticated: 0 while anonymous, up to 9.
    pub level: u8,
    /// How its subject authenticated.
    #[schema(value_type = Vec<String>)]
    pub methods: &'a [Method],
    /// The client it was made for.
    pub client: ClientView<'a>,
    /// The attributes, for those who may see them; integers beyond 2^53 are strings.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    pub data: Option<Box<RawValue>>,
    /// When, why and by whom it was ended, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended: Option<EndedView<'a>>,
    /// In a user's own list: whether it is the one that asks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub current: Option<bool>,
}

/// Whether a session is usable.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[allow(dead_code)] // named by the schema only
enum State {
    Active,
    Locked,
    Ended,
}

/// What is known of the client that a session was made for.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[schema(as = Client)]
#[non_exhaustive]
pub struct ClientView<'a> {
    /// Its address.
    #[schema(value_type = Option<String>)]
    pub ip: Option<IpAddr>,
    /// Its description of itself.
    #[schema(value_type = Option<String>)]
    pub user_agent: Option<&'a Note>,
    /// What its user would call it.
    #[schema(value_type = Option<String>)]
    pub label: Option<&'a Note>,
}

/// When, why and by whom a session was ended.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Ended)]
#[non_exhaustive]
pub struct EndedView<'a> {
    /// When it ended.
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Why it ended.
    #[schema(value_type = String, examples("logout", "revoked", "idle", "absolute", "replayed", "replaced", "evicted"))]
    pub reason: EndReason,
    /// Who ended it.
    #[schema(value_type = String)]
    pub actor: Actor,
    /// What they said about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub note: Option<&'a Note>,
}

impl<'a> SessionView<'a> {
    /// Returns the view of a record, without its attributes, as the clock and policies of `sessions` see it.
    pub fn of(sessions: &Sessions, record: &'a Record) -> Self {
        let policy = sessions.policy(&record.profile);
        let (state, ended) = standing(policy, record, sessions.now());
        let is_over = state == SessionState::Ended;
        let deadlines = (!is_over).then(|| policy.deadlines(record));
        let chain = record.chain.as_ref().filter(|_| !is_over);
        Self {
            id: record.id,
            realm: &record.realm,
            subject: record.subject.as_ref(),
            impersonator: record.impersonator.as_ref(),
            state: state.as_str(),
            created_at: record.created_at,
            authenticated_at: record.authenticated_at,
            seen_at: record.seen_at,
            idle_expires_at: deadlines.map(|deadlines| deadlines.idle),
            expires_at: deadlines.map(|deadlines| deadlines.absolute),
            renewed_at: chain.map(|chain| chain.renewed_at),
            generation: chain.map(|chain| chain.generation.number()),
            version: record.version.number(),
            profile: &record.profile,
            level: record.level.number(),
            methods: &record.methods,
            client: ClientView {
                ip: record.client.ip,
                user_agent: record.client.user_agent.as_ref(),
                label: record.client.label.as_ref(),
            },
            data: None,
            ended,
            current: None,
        }
    }

    /// Adds the attributes, for those who may see them.
    ///
    /// # Errors
    ///
    /// If what is stored is not JSON.
    pub fn with_data(mut self, record: &Record) -> serde_json::Result<Self> {
        self.data = Some(data_of(record)?);
        Ok(self)
    }
}

/// Returns whether a record is usable, and how it ended if it did, also if nobody has written that down yet.
fn standing<'a>(policy: &Policy, record: &'a Record, now: Timestamp) -> (SessionState, Option<EndedView<'a>>) {
    if let Some(ended) = &record.ended {
        let ended = EndedView {
            at: ended.at,
            reason: ended.reason.clone(),
            actor: ended.actor.clone(),
            note: ended.note.as_ref(),
        };
        return (SessionState::Ended, Some(ended));
    }
    match policy.judge(record, now) {
        Verdict::Live { .. } => (SessionState::Active, None),
        Verdict::Locked => (SessionState::Locked, None),
        Verdict::Expired(expiry) => {
            let ended = EndedView { at: expiry.at(), reason: expiry.reason(), actor: Actor::policy(), note: None };
            (SessionState::Ended, Some(ended))
        }
    }
}

/// Returns the attributes of a record as they are shown.
pub(crate) fn data_of(record: &Record) -> serde_json::Result<Box<RawValue>> {
    let bytes: &[u8] = if record.data.is_empty() { b"{}" } else { &record.data };
    // Whether it is JSON is checked first: the rest relies on it.
    let raw: &RawValue = serde_json::from_slice(bytes)?;
    match readable(raw.get()) {
        std::borrow::Cow::Borrowed(_) => Ok(raw.to_owned()),
        std::borrow::Cow::Owned(text) => RawValue::from_string(text),
    }
}
