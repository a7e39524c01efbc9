use hallpass::{EventKind, Realm};
use serde::{Deserialize, Serialize};

use super::{Paths, Words};
use crate::webhooks::Target;

/// Where events are sent as they happen, as [Standard Webhooks](https://www.standardwebhooks.com); see
/// `docs/webhooks.md`.
///
/// ```
/// use hallpass_server::Config;
///
/// let text = "
/// [[webhooks]]
/// name = 'crm'
/// url = 'https://crm.example/hooks/sessions'
/// secret_files = ['crm.secret']
/// kinds = ['revoked', 'replayed']
/// ";
/// assert!(Config::check(text).is_empty());
/// assert_eq!(Config::check(&text.replace("https", "http"))[0].line, 4);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhookConfig {
    /// Its name: 1 to 32 small letters, digits and dashes. What was delivered is remembered under it, so another name
    /// begins anew.
    pub name: String,
    /// Where its receiver listens: an address that begins with `https://`.
    pub url: String,
    /// The files with the secrets that messages are signed with, each `whsec_` and 24 to 64 bytes in Base64: one, or two
    /// while the receiver changes from the one to the other.
    pub secret_files: Paths,
    /// The kinds of events that are sent; all if nobody says.
    pub kinds: Words,
    /// The realm whose events are sent; `default` if nobody says.
    pub realm: Realm,
    /// Whether the receiver may be on this machine or in a private network, and be spoken to over plain HTTP.
    ///
    /// # Security
    ///
    /// Whoever can write this configuration can then reach what only this machine should reach; and whoever is on the way
    /// reads events.
    pub danger_internal: bool,
}

impl WebhookConfig {
    /// How many there may be.
    pub(super) const MOST: usize = 16;

    /// Returns what is wrong, by its key.
    pub(super) fn broken(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=32).contains(&self.name.len()) || !self.name.bytes().all(is_plain) {
            found.push(("name", "this is 1 to 32 small letters, digits and dashes".to_owned()));
        }
        if let Err(rule) = Target::parse(&self.url, self.danger_internal) {
            found.push(("url", rule.to_owned()));
        }
        if !(1..=2).contains(&self.secret_files.0.len()) {
            let rule = "this is one file, or two while the secret changes; make one with: \
                        echo whsec_$(openssl rand -base64 32)";
            found.push(("secret_files", rule.to_owned()));
        }
        for word in self.kinds.words().filter(|word| matches!(EventKind::from_word(word), EventKind::Other(_))) {
            found.push(("kinds", format!("`{word}` is no kind of event")));
        }
        found
    }
}
