//! What several calls take.

use std::net::IpAddr;
use std::time::Duration;

use axum::http::HeaderMap;
use hallpass::{Caller, Client, IdempotencyKey, Level, Method, Note, Profile, Record, Sessions, SignIn, Timestamp};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use crate::data::Object;
use crate::keys::KeyHolder;
use crate::view;
use crate::wire::Problem;

/// The first instant of the year 2000: whatever is before it is a mistake, such as seconds taken for milliseconds.
const OLDEST: Timestamp = Timestamp::from_millis(946_684_800_000);
/// How much the clock of an application may be ahead of this one; what is ahead of it counts as now.
const CLOCKS_DIFFER: Duration = Duration::from_mins(1);

/// What is known of the client that a session is for.
#[derive(Debug, Clone, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct ClientInput {
    /// Its address.
    #[schema(value_type = Option<String>, examples("198.51.100.7"))]
    ip: Option<IpAddr>,
    /// Its description of itself: 1 to 512 bytes.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 512)]
    user_agent: Option<Note>,
    /// What its user would call it: 1 to 512 bytes; made of `user_agent` if nobody says.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 512)]
    label: Option<Note>,
}

/// How a subject proved who they are, as the application checked it.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Authentication {
    /// The methods, such as `pwd`, `otp` or `hwk` (RFC 8176): at most 16.
    #[serde(default)]
    #[schema(value_type = Vec<String>, max_items = 16, examples(json!(["pwd", "otp"])))]
    methods: Vec<Method>,
    /// How strong the proof is: 0 to 9; 1 if nobody says.
    #[schema(value_type = Option<u8>, maximum = 9)]
    level: Option<Level>,
    /// When it was; now if nobody says. Not before the year 2000, nor more than a minute after now.
    #[schema(value_type = Option<String>, format = DateTime)]
    at: Option<Timestamp>,
}

/// What a token must come with, beyond being good.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Requirement {
    /// The least level: 0 to 9.
    #[schema(value_type = Option<u8>, maximum = 9)]
    level: Option<Level>,
    /// In how many of the last seconds the authentication must have been.
    fresh_within: Option<u32>,
}

impl ClientInput {
    pub(super) fn client(self) -> Client {
        let label = self.label.or_else(|| self.user_agent.as_ref().and_then(|agent| view::label(agent.as_str())));
        Client { ip: self.ip, user_agent: self.user_agent, label }
    }
}

impl Authentication {
    /// Says in a sign-in what was proved; the time is checked, since it decides how long the session lives.
    pub(super) fn apply(self, sign_in: &mut SignIn, now: Timestamp) -> Result<(), Problem> {
        if self.methods.len() > Record::MOST_METHODS {
            return Err(Problem::field("authentication.methods", "These are at most 16."));
        }
        if self.at.is_some_and(|at| at < OLDEST || at > now.plus(CLOCKS_DIFFER)) {
            let detail = "This is a time from the year 2000 on, and not in the future.";
            return Err(Problem::field("authentication.at", detail));
        }
        sign_in.methods = self.methods;
        sign_in.level = self.level.unwrap_or(Level::ONE_FACTOR);
        sign_in.at = self.at;
        Ok(())
    }
}

impl Requirement {
    pub(super) fn is_met(self, record: &Record, now: Timestamp) -> bool {
        let is_fresh = |within: u32| {
            let within = Duration::from_secs(within.into());
            record.authenticated_at.is_some_and(|at| now.since(at) <= within)
        };
        self.level.is_none_or(|level| record.level >= level) && self.fresh_within.is_none_or(is_fresh)
    }
}

/// Says in events where the client is that an application calls for.
pub(super) fn note_client(caller: &mut Caller, client: &Client) {
    caller.origin.ip = client.ip;
    caller.origin.user_agent.clone_from(&client.user_agent);
}

/// Returns the profile that a call names, if it is configured.
pub(super) fn profile(sessions: &Sessions, named: Option<Profile>, remember: bool) -> Result<Option<Profile>, Problem> {
    match (named, remember) {
        (Some(_), true) => Err(Problem::field("remember", "This is for calls that name no profile.")),
        (None, true) => Ok(Some(Profile::remember())),
        (Some(profile), false) if !sessions.has_profile(&profile) => {
            Err(Problem::field("profile", "There is no profile of this name."))
        }
        (named, false) => Ok(named),
    }
}

/// Reads the data that a session is to have.
pub(super) fn data(json: &RawValue) -> Result<bytes::Bytes, Problem> {
    let object = Object::read(json).map_err(|error| Problem::field("data", error.to_string()))?;
    object.to_bytes().map_err(|error| Problem::internal().caused_by(error))
}

/// Reads the key by which a retry is recognised, for this call of this caller.
pub(super) fn idempotency(
    headers: &HeaderMap,
    holder: &KeyHolder,
    call: &str,
) -> Result<Option<IdempotencyKey>, Problem> {
    let mut values = headers.get_all("idempotency-key").iter();
    let (value, more) = (values.next(), values.next());
    let Some(value) = value else { return Ok(None) };
    let bytes = value.as_bytes();
    let is_plain = (1..=255).contains(&bytes.len()) && bytes.iter().all(u8::is_ascii_graphic);
    if more.is_some() || !is_plain {
        return Err(Problem::field("Idempotency-Key", "This is one header of 1 to 255 visible ASCII characters."));
    }
    let named = [call.as_bytes(), b"\0", bytes].concat();
    Ok(Some(IdempotencyKey::new(holder.hash.as_bytes(), &holder.info.realm, &named)))
}
