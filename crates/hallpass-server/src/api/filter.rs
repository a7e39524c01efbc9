use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use hallpass::{Cursor, Level, Note, PageLimit, Profile, Query, States, Subject, Timestamp};
use ipnet::IpNet;
use serde::{Deserialize, Deserializer};
use utoipa::{IntoParams, ToSchema};

use crate::wire::{Params, Problem};

/// Which sessions; everything that is set must hold.
#[derive(Debug, Clone, Default, Deserialize, ToSchema, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct Filter {
    /// Of this subject.
    #[schema(value_type = Option<String>)]
    #[param(value_type = Option<String>, max_length = 255)]
    subject: Option<Subject>,
    /// Made for a client with this address, or with one in this range (CIDR).
    #[schema(value_type = Option<String>)]
    #[param(value_type = Option<String>, example = "198.51.100.0/24")]
    ip: Option<Range>,
    /// Made for a client whose description contains this, in any case: 1 to 512 bytes.
    #[schema(value_type = Option<String>)]
    #[param(value_type = Option<String>, max_length = 512)]
    user_agent: Option<Note>,
    /// Made after this instant.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[param(value_type = Option<String>)]
    created_after: Option<Timestamp>,
    /// Last used before this instant.
    #[schema(value_type = Option<String>, format = DateTime)]
    #[param(value_type = Option<String>)]
    seen_before: Option<Timestamp>,
    /// Authenticated at exactly this level: 0 to 9.
    #[schema(value_type = Option<u8>, maximum = 9)]
    #[param(value_type = Option<u8>, maximum = 9)]
    level: Option<Level>,
    /// Made under this profile.
    #[schema(value_type = Option<String>)]
    #[param(value_type = Option<String>)]
    profile: Option<Profile>,
    /// In one of these states: `active`, `locked` and `ended`, separated by commas. What is over counts as ended at once,
    /// and is listed as such after the next sweep.
    #[serde(default, deserialize_with = "states")]
    #[schema(value_type = Option<String>, examples("active,locked"))]
    #[param(value_type = Option<String>, example = "active,ended")]
    state: Option<States>,
}

impl Filter {
    /// Takes the filter out of a query.
    pub(crate) fn take(params: &mut Params) -> Result<Self, Problem> {
        let level = params.parse::<u8>("level")?.map(Level::try_from).transpose();
        Ok(Self {
            subject: params.parse("subject")?,
            ip: params.parse("ip")?,
            user_agent: params.parse("user_agent")?,
            created_after: params.parse("created_after")?,
            seen_before: params.parse("seen_before")?,
            level: level.map_err(|error| Problem::field("level", format!("This is wrong: {error}.")))?,
            profile: params.parse("profile")?,
            state: params.parse("state")?,
        })
    }

    /// Takes the states out of a query, for the sessions of a subject.
    pub(super) fn of_subject(subject: Subject, params: &mut Params) -> Result<Self, Problem> {
        Ok(Self { subject: Some(subject), state: params.parse("state")?, ..Self::default() })
    }

    /// Returns what the sessions are asked for, [`states`](Filter::states) apart.
    pub(crate) fn query(&self) -> Query {
        let mut query = Query::default();
        query.subject.clone_from(&self.subject);
        query.ip = self.ip.map(|range| range.0);
        query.user_agent = self.user_agent.as_ref().map(ToString::to_string);
        query.created_after = self.created_after;
        query.seen_before = self.seen_before;
        query.level = self.level;
        query.profile.clone_from(&self.profile);
        query
    }

    /// Returns in which states.
    pub(crate) fn states(&self) -> States {
        self.state.unwrap_or_default()
    }
}

/// Takes cursor and limit out of a query.
pub(crate) fn take_page(params: &mut Params) -> Result<(Option<Cursor>, PageLimit), Problem> {
    let limit = match params.take("limit") {
        None => PageLimit::default(),
        Some(text) => {
            let limit = text.parse().ok().and_then(PageLimit::new);
            limit.ok_or_else(|| Problem::field("limit", "This is 1 to 1,000."))?
        }
    };
    Ok((params.parse("cursor")?, limit))
}

/// Refuses a cursor that no listing of sessions gave.
pub(super) fn check_cursor(cursor: Option<&Cursor>) -> Result<(), Problem> {
    let checked = cursor.map(Cursor::record).transpose();
    checked.map(drop).map_err(|error| Problem::field("cursor", format!("This is {error}.")))
}

/// A range of addresses, or one.
#[derive(Debug, Clone, Copy)]
struct Range(IpNet);

#[derive(Debug)]
struct InvalidRange;

impl fmt::Display for InvalidRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("neither an address nor a range such as 198.51.100.0/24")
    }
}

impl FromStr for Range {
    type Err = InvalidRange;

    fn from_str(text: &str) -> Result<Self, InvalidRange> {
        let range = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        range.map(Self).map_err(|_| InvalidRange)
    }
}

impl<'de> Deserialize<'de> for Range {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

fn states<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<States>, D::Error> {
    let text = Option::<std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
    text.map(|text| text.parse()).transpose().map_err(serde::de::Error::custom)
}
