use hallpass::SessionsBuilder;

use super::{Config, Tokens};
use crate::stores;

/// What is wrong with a configuration whose keys and types are right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    /// The key that it concerns.
    pub(super) key: String,
    pub(super) message: String,
    pub(super) hint: Option<String>,
}

fn broken(key: impl Into<String>, message: impl Into<String>) -> Broken {
    Broken { key: key.into(), message: message.into(), hint: None }
}

impl Config {
    /// Returns what contradicts a bound, or something else that is set.
    pub(super) fn broken(&self) -> Vec<Broken> {
        let mut found = Vec::new();
        if !(SessionsBuilder::LEAST_DATA_LIMIT..=SessionsBuilder::MOST_DATA_LIMIT).contains(&self.data_limit) {
            found.push(broken("data_limit", "this is 1,024 to 1,048,576 bytes"));
        }
        if !(1..=3600).contains(&self.sweep_interval) {
            found.push(broken("sweep_interval", "this is 1 to 3,600 seconds"));
        }
        if let Err(error) = stores::check(&self.store) {
            found.push(broken("store", error.to_string()));
        }
        if self.tokens != Tokens::None {
            found.push(Broken {
                hint: Some("use `none`: every token then points at its session".to_owned()),
                ..broken("tokens", "self-contained tokens are not offered by this version")
            });
        }
        if self.admin_listen.is_some_and(|address| address == self.listen && address.port() != 0) {
            found.push(broken("admin_listen", "this is the address of `listen`; leave it out to serve all on one"));
        }
        if self.policy.preset.is_some() {
            found.push(broken("policy.preset", "name the preset of this policy with `profile`"));
        }
        if self.hides_from_its_store() && self.pepper_file.is_none() {
            found.push(Broken {
                hint: Some("make one with: openssl rand -out pepper 32".to_owned()),
                ..broken("profile", "this preset asks for a pepper: set `pepper_file`")
            });
        }
        if self.hides_from_its_store() && self.sealing_key_files.0.is_empty() {
            found.push(Broken {
                hint: Some("make one with: openssl rand -out sealing-key 32".to_owned()),
                ..broken(
                    "profile",
                    "this preset asks for attributes that the store cannot read: set `sealing_key_files`",
                )
            });
        }
        if self.danger_unsealed && self.sealing_key_files.0.is_empty() {
            found.push(broken("danger_unsealed", "this is of no use without `sealing_key_files`"));
        }
        if self.cache > 65_536 {
            found.push(broken("cache", "this is 0 to 65,536 MiB"));
        }
        if let Err((profile, error)) = self.policies() {
            let is_default = profile == hallpass::Profile::default() && !self.profiles.contains_key(&profile);
            let key = if is_default { "policy".to_owned() } else { format!("profiles.{profile}") };
            found.push(broken(key, error.to_string()));
        }
        if let Err(error) = self.cookie.carrier() {
            found.push(broken("cookie", error.to_string()));
        }
        found.extend(self.limits.broken().into_iter().map(|(key, rule)| broken(format!("limits.{key}"), rule)));
        found
    }
}
