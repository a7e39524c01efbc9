use std::fmt::Write as _;

use serde::{Deserialize, Serialize};

/// What is recommended at the end of a walk.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Leaf {
    /// The way of keeping sessions.
    pub pattern: Reasoned,
    /// Where they live, as the service's `store`.
    pub store: Reasoned,
    /// The policy preset.
    pub preset: Reasoned,
    /// Why the timeouts are what they are.
    pub timeouts: String,
    /// What the choice costs, and what it asks for.
    pub caveats: Vec<String>,
    /// The files of 32 random bytes that have to be made beside the configuration.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Further settings of the service, as TOML.
    #[serde(default, skip_serializing)]
    pub settings: String,
}

/// A choice, and its reason in one line.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Reasoned {
    /// What is chosen.
    pub is: String,
    /// Why.
    pub why: String,
}

/// The timeouts of a policy preset, in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Timeouts {
    /// How long a session may go unused.
    pub idle: u64,
    /// How long it lives after its authentication.
    pub absolute: u64,
}

impl Leaf {
    /// Returns the configuration of the service for it.
    pub fn hallpass_toml(&self) -> String {
        let mut text = String::from("# Written by `hallpass advise`; `hallpass config check` reads it.\n");
        for caveat in &self.caveats {
            let _ = writeln!(text, "# - {caveat}");
        }
        for need in &self.needs {
            let _ = writeln!(text, "# Make this file once, and keep it secret: openssl rand -out {need} 32");
        }
        for (key, Reasoned { is, why }) in [("store", &self.store), ("profile", &self.preset)] {
            let _ = writeln!(text, "\n# {why}\n{key} = {}", toml::Value::from(is.as_str()));
        }
        text.push_str(&self.settings);
        text
    }
}
