use hallpass::Level;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::Words;
use crate::forward_auth::{HostPattern, PathPattern};

/// What requests of some hosts, paths and methods need; what is left out, every request has.
///
/// ```
/// use hallpass_server::Config;
///
/// let text = "
/// [[forward_auth.rules]]
/// host = 'shop.example'
/// path = ['/assets/**', '/favicon.ico']
/// access = 'public'
///
/// [[forward_auth.rules]]
/// path = '/admin/**'
/// level = 2
/// fresh_within = 900
/// roles = ['admin']
/// ";
/// assert!(Config::check(text).is_empty());
/// assert_eq!(Config::check("[[forward_auth.rules]]\npath = '/a/../b'")[0].line, 2);
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct RouteRule {
    /// The hosts: a name, or all below one, such as `*.example`; in lower case and without a port.
    #[serde(deserialize_with = "some_words", skip_serializing_if = "Words::is_empty")]
    pub host: Words,
    /// The paths, decoded: `/a` alone, `/a/**` with all below it, and `*` for any one part, as in `/users/*/edit`.
    #[serde(deserialize_with = "some_words", skip_serializing_if = "Words::is_empty")]
    pub path: Words,
    /// The methods; `GET` is also about `HEAD`.
    #[serde(deserialize_with = "some_words", skip_serializing_if = "Words::is_empty")]
    pub methods: Words,
    /// What is needed in general; that somebody has signed in if nobody says.
    pub access: Access,
    /// The least level of the session, 0 to 9.
    pub level: Option<u8>,
    /// In how many of the last seconds the authentication must have been.
    pub fresh_within: Option<u32>,
    /// The roles one of which the subject must have.
    #[serde(deserialize_with = "some_words", skip_serializing_if = "Words::is_empty")]
    pub roles: Words,
}

/// What a rule needs in general.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Access {
    /// Nothing: everybody is let in, as nobody in particular.
    Public,
    /// That somebody has signed in.
    #[default]
    SignedIn,
    /// Nobody is let in.
    Deny,
}

impl RouteRule {
    /// How many there may be.
    pub(super) const MOST: usize = 1000;

    /// Returns what is wrong, by its key.
    pub(crate) fn broken(&self) -> Vec<(&'static str, String)> {
        let mut found = Vec::new();
        for word in self.host.words().filter(|word| HostPattern::parse(word).is_none()) {
            found.push(("host", format!("`{word}` is no host in lower case without a port, nor `*.` and one")));
        }
        for word in self.path.words() {
            if let Err(rule) = PathPattern::parse(word) {
                found.push(("path", format!("`{word}`: {rule}")));
            }
        }
        for word in self.methods.words().filter(|word| !is_method(word)) {
            found.push(("methods", format!("`{word}` is no method in upper case, such as GET")));
        }
        if self.level.is_some_and(|level| Level::new(level).is_none()) {
            found.push(("level", "this is 0 to 9".to_owned()));
        }
        let demands = [
            ("level", self.level.is_some()),
            ("fresh_within", self.fresh_within.is_some()),
            ("roles", !self.roles.is_empty()),
        ];
        if self.access != Access::SignedIn {
            let named = demands.into_iter().filter(|(_, is_there)| *is_there);
            found.extend(named.map(|(key, _)| (key, "this is of no use with such an `access`".to_owned())));
        }
        // Applications read the roles that they are told at the commas.
        if self.roles.words().any(|role| role.is_empty() || role.len() > 255 || role.contains(',')) {
            found.push(("roles", "a role is 1 to 255 bytes, without a comma".to_owned()));
        }
        found
    }
}

/// Reads words of which there is one at least: a list that came out empty would make its rule one about everything.
fn some_words<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Words, D::Error> {
    let words = Words::deserialize(deserializer)?;
    if words.is_empty() {
        return Err(D::Error::custom("an empty list here would stand for everything; leave the key out to say that"));
    }
    Ok(words)
}

fn is_method(word: &str) -> bool {
    (1..=32).contains(&word.len()) && word.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use crate::Config;

    #[test]
    fn an_empty_list_is_not_everything() {
        for key in ["host", "path", "methods", "roles"] {
            for empty in ["[]", "''", "' , '"] {
                let text = format!("[[forward_auth.rules]]\naccess = 'public'\n{key} = {empty}");
                let findings = Config::check(&text);
                assert!(findings.len() == 1 && findings[0].line == 3, "{text}: {findings:?}");
            }
        }
        assert!(Config::check("[[forward_auth.rules]]\nlevel = 2").is_empty());
    }
}
