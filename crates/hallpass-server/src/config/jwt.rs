use std::fmt;
use std::time::Duration;

use hallpass::KeyAlgorithm;
use serde::{Deserialize, Serialize};

/// The access tokens that go with [`Tokens::Jwt`](super::Tokens::Jwt).
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct JwtConfig {
    /// Who issues them (`iss`): the address that clients have of this service, which its metadata are made of. The address
    /// that it listens on if nobody says and that is on loopback.
    pub issuer: Option<String>,
    /// Whom they are for (`aud`); the issuer if nobody says.
    pub audience: Option<String>,
    /// For how many seconds they are good: 1 to 3,600; 300 if nobody says.
    pub lifetime: u64,
    /// What keys that are made here are for; `EdDSA` if nobody says. Keys from files say it themselves.
    pub algorithm: Option<SigningAlgorithm>,
    /// For how many seconds others may keep the published keys, and so long before a new one signs it is published: 0 to
    /// 86,400; 300 if nobody says.
    pub max_age: u64,
}

/// What a signing key that is made here is for.
///
/// Secrets (HS256) are not among them: whoever verified could also sign, and there would be nothing to publish.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[non_exhaustive]
pub enum SigningAlgorithm {
    /// Ed25519.
    #[default]
    #[serde(rename = "EdDSA")]
    EdDsa,
    /// ECDSA over P-256 with SHA-256.
    #[serde(rename = "ES256")]
    Es256,
}

impl From<SigningAlgorithm> for KeyAlgorithm {
    fn from(algorithm: SigningAlgorithm) -> Self {
        match algorithm {
            SigningAlgorithm::EdDsa => Self::EdDsa,
            SigningAlgorithm::Es256 => Self::Es256,
        }
    }
}

impl fmt::Display for SigningAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        KeyAlgorithm::from(*self).fmt(f)
    }
}

impl JwtConfig {
    /// Returns what is out of its bounds, by its key.
    pub(super) fn broken(&self) -> Vec<(&'static str, &'static str)> {
        let is_name = |name: &Option<String>| name.as_ref().is_none_or(|name| (1..=255).contains(&name.len()));
        let broken = [
            ("issuer", !self.issuer.as_deref().is_none_or(is_address), ADDRESS),
            ("audience", !is_name(&self.audience), "this is 1 to 255 bytes"),
            ("lifetime", !(1..=3600).contains(&self.lifetime), "this is 1 to 3,600 seconds"),
            ("max_age", self.max_age > 86_400, "this is 0 to 86,400 seconds"),
        ];
        broken.into_iter().filter(|(_, is_broken, _)| *is_broken).map(|(key, _, rule)| (key, rule)).collect()
    }

    pub(crate) fn lifetime(&self) -> Duration {
        Duration::from_secs(self.lifetime)
    }

    pub(crate) fn max_age(&self) -> Duration {
        Duration::from_secs(self.max_age)
    }
}

const ADDRESS: &str = "this is a URL such as https://login.example, without query, fragment or a slash at its end";

/// Tells whether this can be an issuer (RFC 8414, section 2), plain HTTP allowed for trying out.
fn is_address(text: &str) -> bool {
    let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
    let is_plain =
        |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'?' | b'#' | b'"' | b'\\' | b'<' | b'>' | b'@');
    rest.is_some_and(|rest| {
        !rest.is_empty() && !rest.starts_with('/') && !rest.ends_with('/') && rest.bytes().all(is_plain)
    }) && text.len() <= 255
}

impl Default for JwtConfig {
    fn default() -> Self {
        Self { issuer: None, audience: None, lifetime: 300, algorithm: None, max_age: 300 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issuer_is_a_url_that_paths_can_be_put_behind() {
        for good in ["https://login.example", "http://127.0.0.1:7070", "https://example.org/login"] {
            assert!(is_address(good), "{good}");
        }
        for bad in ["", "login", "https://", "https:///x", "https://a/", "https://a?b", "https://a#b", "https://a b"] {
            assert!(!is_address(bad), "{bad}");
        }
    }
}
