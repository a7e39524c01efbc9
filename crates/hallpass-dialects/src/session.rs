use std::fmt;

use crate::value::{Map, Value};

/// A session of another framework, in neutral words.
#[derive(Clone, PartialEq, Default)]
pub struct Session {
    /// What the application and its framework keep in it, under the names that they use.
    pub attributes: Map,
    /// What is stored about its time.
    pub times: Times,
    /// What is kept beside the attributes, to be written as it was: the cookie's attributes of express-session, and how a
    /// session of Django or Spring was serialised.
    pub own: Map,
}

impl Session {
    /// Returns an empty session.
    pub fn new() -> Self {
        Self::default()
    }

    /// Returns the value at a path of names, such as `["passport", "user"]`.
    pub fn at(&self, path: &[&str]) -> Option<&Value> {
        let (first, others) = path.split_first()?;
        self.attributes.get(first)?.at(others)
    }
}

// Attributes hold what applications put there, also secrets: their names are enough.
impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.attributes.iter().map(|(name, _)| name).collect();
        f.debug_struct("Session").field("attributes", &names).field("times", &self.times).finish_non_exhaustive()
    }
}

/// What is stored about a session's time, in milliseconds since 1970; which of them there are depends on the framework.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Times {
    /// When it was made: Spring.
    pub created_at_ms: Option<i64>,
    /// When it was used last: Spring.
    pub seen_at_ms: Option<i64>,
    /// How long it lives unused, in seconds; negative is for ever: Spring.
    pub idle_s: Option<i64>,
    /// When it ends, as far as its bytes know: Express with a `maxAge`, Django with an expiry of its own.
    pub expires_at_ms: Option<i64>,
    /// When it was signed: Django's signed text, and securecookie.
    pub signed_at_ms: Option<i64>,
}

/// Whose session it is, as the framework says it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct User {
    /// The name or number of the user.
    pub id: String,
    /// Roles or authorities, where they are stored.
    pub roles: Vec<String>,
}

impl User {
    /// Returns the user of a value, if it is text or a whole number.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        let id = match value.plain() {
            Value::Text(text) => text.as_str()?.to_owned(),
            Value::Big(digits) => digits.to_string(),
            _ => value.as_int()?.to_string(),
        };
        (!id.is_empty()).then(|| Self { id, roles: Vec::new() })
    }
}
