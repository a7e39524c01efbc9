use serde::Serialize;

/// What a look at the server behind a store found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize)]
#[non_exhaustive]
pub struct Checkup {
    /// The server and its version, such as `Redis 7.0.15`; nothing where there is none.
    pub server: Option<String>,
    /// What is worth knowing, in the order in which it is to be told.
    pub findings: Vec<Finding>,
}

/// One thing that a [`Checkup`] found.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// What it is about, in a word or two.
    pub topic: &'static str,
    /// Whether something is to be done.
    pub health: Health,
    /// What was found, in one sentence or less.
    pub found: String,
    /// What to do, if anything.
    pub advice: Option<&'static str>,
}

/// Whether something endangers sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// It is as it should be.
    Good,
    /// It is worth a look.
    Warning,
    /// Sessions can be lost, or come back after their end.
    Danger,
}

impl Health {
    /// Returns the word for it: `good`, `warning` or `danger`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Warning => "warning",
            Self::Danger => "danger",
        }
    }
}

impl Finding {
    /// Returns something that is as it should be.
    pub fn good(topic: &'static str, found: impl Into<String>) -> Self {
        Self { topic, health: Health::Good, found: found.into(), advice: None }
    }

    /// Returns something that is worth a look.
    pub fn warning(topic: &'static str, found: impl Into<String>, advice: &'static str) -> Self {
        Self { topic, health: Health::Warning, found: found.into(), advice: Some(advice) }
    }

    /// Returns something that endangers sessions.
    pub fn danger(topic: &'static str, found: impl Into<String>, advice: &'static str) -> Self {
        Self { topic, health: Health::Danger, found: found.into(), advice: Some(advice) }
    }
}
