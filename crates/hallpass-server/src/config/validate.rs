use hallpass::SessionsBuilder;

use super::{Config, Demand, Tokens, WebhookConfig};
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
        found.extend(self.broken_tokens());
        if self.admin_listen.is_some_and(|address| address == self.listen && address.port() != 0) {
            found.push(broken("admin_listen", "this is the address of `listen`; leave it out to serve all on one"));
        }
        if self.policy.preset.is_some() {
            found.push(broken("policy.preset", "name the preset of this policy with `profile`"));
        }
        if self.asks_for(Demand::Pepper) && self.pepper_file.is_none() {
            found.push(Broken {
                hint: Some("make one with: openssl rand -out pepper 32".to_owned()),
                ..broken("profile", "this preset asks for a pepper: set `pepper_file`")
            });
        }
        if self.asks_for(Demand::SealedRecords) && self.sealing_key_files.0.is_empty() {
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
        if let Err(error) = self.carrier() {
            found.push(broken("cookie", error.to_string()));
        }
        found.extend(self.jwt.broken().into_iter().map(|(key, rule)| broken(format!("jwt.{key}"), rule)));
        let forward_auth = self.forward_auth.broken().into_iter();
        found.extend(forward_auth.map(|(key, rule)| broken(format!("forward_auth.{key}"), rule)));
        found.extend(self.audit.broken().into_iter().map(|(key, rule)| broken(format!("audit.{key}"), rule)));
        found.extend(self.tls.broken().into_iter().map(|(key, rule)| broken(format!("tls.{key}"), rule)));
        found.extend(self.broken_webhooks());
        found.extend(self.limits.broken().into_iter().map(|(key, rule)| broken(format!("limits.{key}"), rule)));
        found
    }

    /// Returns what is wrong with those that are to be told of events.
    fn broken_webhooks(&self) -> Vec<Broken> {
        let mut found = Vec::new();
        if self.webhooks.len() > WebhookConfig::MOST {
            found.push(broken("webhooks", format!("there are at most {}", WebhookConfig::MOST)));
        }
        if !self.webhooks.is_empty() && !stores::keeps_settings(&self.store) {
            found.push(broken("webhooks", "this store does not remember what was delivered"));
        }
        for (number, webhook) in self.webhooks.iter().enumerate() {
            let of = |key: &str| format!("webhooks.{number}.{key}");
            found.extend(webhook.broken().into_iter().map(|(key, rule)| broken(of(key), rule)));
            if self.webhooks[..number].iter().any(|other| other.name == webhook.name) {
                found.push(broken(of("name"), "another one has this name"));
            }
        }
        found
    }

    /// Returns what hinders that self-contained tokens are made as asked.
    fn broken_tokens(&self) -> Vec<Broken> {
        let mut found = Vec::new();
        if !(1..=31_536_000).contains(&self.key_rotation) {
            found.push(broken("key_rotation", "this is 1 to 31,536,000 seconds"));
        } else if self.tokens != Tokens::None && self.keys_at_once() > 60 {
            let rule = "so many keys would have to be kept at once that there is no room for them: this is too short";
            found.push(broken("key_rotation", rule));
        }
        let has_pairs = self.signing_key.is_some() || !self.signing_key_files.0.is_empty();
        let sealing_key = Some("make one with: openssl rand -out sealing-key 32".to_owned());
        match self.tokens {
            Tokens::None => return found,
            Tokens::Jwt if has_pairs => {
                if self.jwt.algorithm.is_some() {
                    found.push(broken("jwt.algorithm", "this is for keys that are made here; those that are given say it"));
                }
            }
            Tokens::Jwt if !stores::keeps_settings(&self.store) => found.push(Broken {
                hint: Some("make one with: openssl genpkey -algorithm ed25519 -out signing-key.pem".to_owned()),
                ..broken("tokens", "this store keeps no keys to sign with: set `signing_key_files`")
            }),
            Tokens::Jwt if self.needs_sealing_key() => found.push(Broken {
                hint: sealing_key,
                ..broken(
                    "tokens",
                    "keys to sign with are kept sealed: set `sealing_key_files`, or `signing_key_files` to give your own",
                )
            }),
            Tokens::Sealed if !stores::keeps_settings(&self.store) => {
                found.push(broken("tokens", "sealed tokens need a store that keeps what is revoked, and this one does not"));
            }
            Tokens::Sealed if self.needs_sealing_key() => found.push(Broken {
                hint: sealing_key,
                ..broken("tokens", "keys to seal with are kept sealed themselves: set `sealing_key_files`")
            }),
            Tokens::Jwt | Tokens::Sealed => {}
        }
        if self.tokens == Tokens::Jwt && self.jwt.issuer.is_none() && !self.listen.ip().is_loopback() {
            found.push(Broken {
                hint: Some("such as https://login.example".to_owned()),
                ..broken("jwt.issuer", "this is missing: the address that clients have of this service")
            });
        }
        if self.tokens == Tokens::Sealed {
            let is_limited =
                |policies: Vec<(_, hallpass::Policy)>| policies.iter().any(|(_, policy)| policy.limit().is_some());
            if self.policies().is_ok_and(is_limited) {
                found.push(broken(
                    "tokens",
                    "sessions that their clients hold cannot be counted: take `most_sessions` away, or a preset that asks for it",
                ));
            }
            if self.demo {
                found.push(broken(
                    "demo",
                    "the demo lists sessions, and those that their clients hold cannot be listed",
                ));
            }
        }
        found
    }

    /// Tells whether keys would be kept without one to seal them. What is in memory needs none.
    fn needs_sealing_key(&self) -> bool {
        self.sealing_key_files.0.is_empty() && self.store != "memory:"
    }
}
