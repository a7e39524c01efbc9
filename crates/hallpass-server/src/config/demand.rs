use std::fmt;
use std::time::Duration;

use hallpass::{Overflow, Policy, PolicyBuilder};
use serde::ser::SerializeMap as _;
use serde::{Serialize, Serializer};

use super::{Config, SameSiteConfig};

/// One thing that a preset asks for, how strongly, and by which source.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Rule {
    /// What is asked for.
    #[serde(flatten)]
    pub demand: Demand,
    /// How strongly.
    pub strength: Strength,
    /// Where that is written, or why it was chosen.
    pub source: &'static str,
}

/// How strongly a source asks for something (RFC 2119).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Strength {
    /// The standard has no number: the value is our own judgement.
    Judgement,
    /// The standard recommends it.
    Should,
    /// The standard requires it.
    Shall,
}

impl Strength {
    /// Returns its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Judgement => "judgement",
            Self::Should => "should",
            Self::Shall => "shall",
        }
    }
}

/// What a preset asks for. A duration or a number is the most that keeps to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Demand {
    /// A session goes unused for no longer.
    Idle(Duration),
    /// A session lives no longer.
    Absolute(Duration),
    /// A token is used for no longer.
    Renewal(Duration),
    /// A subject has no more sessions at once; the oldest ends.
    Sessions(u32),
    /// A session that is unused for too long locks or ends.
    Lock,
    /// A token does not outlive the browser.
    BrowserSession,
    /// The cookie goes over TLS only.
    SecureCookie,
    /// The cookie is kept to one host, by its name.
    HostCookie,
    /// The cookie goes with no more requests from other sites.
    SameSite(SameSiteConfig),
    /// Tokens cannot be computed from the store.
    Pepper,
    /// Attributes and clients cannot be read in the store.
    SealedRecords,
}

impl Demand {
    /// Returns what it is about, in the words of the configuration where they say the same.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle(_) => "idle",
            Self::Absolute(_) => "absolute",
            Self::Renewal(_) => "renewal",
            Self::Sessions(_) => "most_sessions",
            Self::Lock => "lock_when_idle",
            Self::BrowserSession => "browser_session",
            Self::SecureCookie => "cookie.secure",
            Self::HostCookie => "cookie.host_prefix",
            Self::SameSite(_) => "cookie.same_site",
            Self::Pepper => "pepper_file",
            Self::SealedRecords => "sealing_key_files",
        }
    }

    /// Tells whether it is asked of each policy, and not of the whole configuration.
    pub const fn is_of_policy(self) -> bool {
        match self {
            Self::Idle(_)
            | Self::Absolute(_)
            | Self::Renewal(_)
            | Self::Sessions(_)
            | Self::Lock
            | Self::BrowserSession => true,
            Self::SecureCookie | Self::HostCookie | Self::SameSite(_) | Self::Pepper | Self::SealedRecords => false,
        }
    }

    /// Makes a policy that is being built keep to it.
    pub(super) fn shape(self, builder: PolicyBuilder) -> PolicyBuilder {
        match self {
            Self::Idle(most) => builder.idle(most),
            Self::Absolute(most) => builder.absolute(most),
            Self::Renewal(most) => builder.renewal(most),
            Self::Sessions(most) => builder.limit(most, Overflow::EvictOldest),
            Self::Lock => builder.lock_when_idle(),
            // What a builder starts with, and what no policy decides.
            _ => builder,
        }
    }

    /// Returns what `policy` and `config` have in its place.
    pub fn found(self, policy: &Policy, config: &Config) -> Found {
        let yes_or_no = |keeps| Found { value: Value::Flag(keeps), keeps };
        match self {
            Self::Idle(most) => Found::length(policy.idle(), most),
            Self::Absolute(most) => Found::length(policy.absolute(), most),
            Self::Renewal(most) => Found::length(policy.renewal(), most),
            Self::Sessions(most) => {
                let limit = policy.limit().map(|limit| limit.most);
                Found { value: Value::Number(limit), keeps: limit.is_some_and(|limit| limit <= most) }
            }
            // Where it does not lock, it ends, which is stricter.
            Self::Lock => Found { value: Value::Flag(policy.terms().locks), keeps: true },
            Self::BrowserSession => yes_or_no(!policy.is_persistent()),
            Self::SecureCookie => yes_or_no(!config.cookie.danger_plain_http),
            Self::HostCookie => {
                let name = config.cookie.name.as_deref();
                yes_or_no(!config.cookie.danger_plain_http && name.is_none_or(|name| name.starts_with("__Host-")))
            }
            Self::SameSite(most) => {
                let same_site = config.same_site();
                Found { value: Value::SameSite(same_site), keeps: same_site <= most }
            }
            Self::Pepper => yes_or_no(config.pepper_file.is_some()),
            Self::SealedRecords => yes_or_no(!config.sealing_key_files.0.is_empty() && !config.danger_unsealed),
        }
    }

    /// Returns the value that is asked for.
    pub const fn value(self) -> Value {
        match self {
            Self::Idle(most) | Self::Absolute(most) | Self::Renewal(most) => Value::Length(most),
            Self::Sessions(most) => Value::Number(Some(most)),
            Self::SameSite(most) => Value::SameSite(most),
            Self::Lock
            | Self::BrowserSession
            | Self::SecureCookie
            | Self::HostCookie
            | Self::Pepper
            | Self::SealedRecords => Value::Flag(true),
        }
    }
}

/// As its name and what is asked.
impl Serialize for Demand {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(2))?;
        map.serialize_entry("name", self.name())?;
        map.serialize_entry("asked", &self.value())?;
        map.end()
    }
}

/// In words, such as `a session goes unused for 15m at most`.
impl fmt::Display for Demand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.value();
        match self {
            Self::Idle(_) => write!(f, "a session goes unused for {value} at most"),
            Self::Absolute(_) => write!(f, "a session lives for {value} at most"),
            Self::Renewal(_) => write!(f, "a token is used for {value} at most"),
            Self::Sessions(_) => write!(f, "a subject has {value} at once at most"),
            Self::Lock => f.write_str("an unused session locks, or ends"),
            Self::BrowserSession => f.write_str("a token does not outlive the browser"),
            Self::SecureCookie => f.write_str("the cookie goes over TLS only"),
            Self::HostCookie => f.write_str("the cookie's name begins with __Host-"),
            Self::SameSite(_) => write!(f, "the cookie has SameSite={value}"),
            Self::Pepper => f.write_str("a pepper that the store never sees"),
            Self::SealedRecords => f.write_str("what the store keeps is sealed"),
        }
    }
}

/// What is in the place of a demand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Found {
    /// The value.
    #[serde(rename = "here")]
    pub value: Value,
    /// Whether it keeps to the demand.
    pub keeps: bool,
}

impl Found {
    fn length(length: Duration, most: Duration) -> Self {
        Self { value: Value::Length(length), keeps: length <= most }
    }
}

/// A value of a policy, as people and programs read it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(untagged)]
#[non_exhaustive]
pub enum Value {
    /// A length of time; seconds for programs.
    #[serde(serialize_with = "seconds")]
    Length(Duration),
    /// A number of sessions; none means any number.
    Number(Option<u32>),
    /// Whether something is so.
    Flag(bool),
    /// Which requests from other sites a cookie goes with.
    SameSite(SameSiteConfig),
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length(length) => write!(f, "{}", Length(*length)),
            Self::Number(Some(1)) => f.write_str("1 session"),
            Self::Number(Some(most)) => write!(f, "{most} sessions"),
            Self::Number(None) => f.write_str("any number"),
            Self::Flag(is_so) => f.write_str(if *is_so { "yes" } else { "no" }),
            Self::SameSite(SameSiteConfig::Strict) => f.write_str("Strict"),
            Self::SameSite(SameSiteConfig::Lax) => f.write_str("Lax"),
            Self::SameSite(SameSiteConfig::None) => f.write_str("None"),
        }
    }
}

/// A length of time by its units that are not zero: `1h 30m`.
struct Length(Duration);

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        let parts =
            [(seconds / 86_400, "d"), (seconds / 3600 % 24, "h"), (seconds / 60 % 60, "m"), (seconds % 60, "s")];
        let mut shown = parts.iter().filter(|(number, _)| *number > 0);
        let Some((number, unit)) = shown.next() else { return f.write_str("0s") };
        write!(f, "{number}{unit}")?;
        shown.try_for_each(|(number, unit)| write!(f, " {number}{unit}"))
    }
}

fn seconds<S: Serializer>(length: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_u64(length.as_secs())
}
