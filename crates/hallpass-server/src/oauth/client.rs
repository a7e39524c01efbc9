use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hallpass::{Caller, Sessions};
use zeroize::Zeroizing;

use super::{Form, Refused};
use crate::app::App;
use crate::wire::{Authorized, Serve, decode};

/// A client that proved to be one: by an API key as `Bearer`, or by HTTP Basic with its realm as name and an API key of it
/// as password (RFC 6749, section 2.3.1).
pub(crate) struct OauthClient {
    key: Authorized<Serve>,
    /// What it is told by if it claims to be another.
    challenge: &'static str,
}

const BASIC: &str = "Basic realm=\"hallpass\", charset=\"UTF-8\"";
/// A key was shown, and is none (RFC 6750, section 3.1).
const BEARER: &str = "Bearer realm=\"hallpass\", error=\"invalid_token\"";

/// What a client proves itself with.
struct Credentials {
    client: Option<String>,
    key: Zeroizing<String>,
    challenge: &'static str,
}

impl Credentials {
    fn of(headers: &HeaderMap) -> Result<Self, Refused> {
        let mut values = headers.get_all(header::AUTHORIZATION).iter();
        let (value, more) = (values.next(), values.next());
        let value = value.ok_or_else(|| Refused::invalid_client(BASIC))?;
        if more.is_some() {
            return Err(Refused::invalid_request("There is more than one header `Authorization`."));
        }
        let text = value.to_str().map_err(|_| Refused::invalid_client(BASIC))?;
        let (scheme, rest) = text.split_once(' ').ok_or_else(|| Refused::invalid_client(BASIC))?;
        let rest = rest.trim_start_matches(' ');
        if scheme.eq_ignore_ascii_case("bearer") {
            return Ok(Self { client: None, key: Zeroizing::new(rest.to_owned()), challenge: BEARER });
        }
        let pair = scheme.eq_ignore_ascii_case("basic").then(|| pair(rest)).flatten();
        let (client, key) = pair.ok_or_else(|| Refused::invalid_client(BASIC))?;
        Ok(Self { client: Some(client), key, challenge: BASIC })
    }
}

/// Takes name and password apart, each of which is encoded as in a form.
fn pair(text: &str) -> Option<(String, Zeroizing<String>)> {
    let bytes = Zeroizing::new(STANDARD.decode(text).ok()?);
    let (name, password) = str::from_utf8(&bytes).ok()?.split_once(':')?;
    Some((decode(name)?, Zeroizing::new(decode(password)?)))
}

impl OauthClient {
    pub(super) fn sessions(&self) -> &Sessions {
        self.key.sessions()
    }

    /// Returns the caller as the person whose token the client passes on.
    pub(super) fn user(&self) -> Caller {
        self.key.user()
    }

    /// Refuses a form in which the client is another, or proves itself a second time.
    pub(super) fn check(&self, form: &Form) -> Result<(), Refused> {
        if form.optional("client_secret").is_some() || form.optional("client_assertion").is_some() {
            return Err(Refused::invalid_request("A client proves itself in the header `Authorization` alone."));
        }
        match form.optional("client_id") {
            Some(client) if client != self.sessions().realm().as_str() => Err(Refused::invalid_client(self.challenge)),
            _ => Ok(()),
        }
    }
}

impl FromRequestParts<Arc<App>> for OauthClient {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Refused> {
        let Credentials { client, key, challenge } = Credentials::of(&parts.headers)?;
        let key = match Authorized::by_key(&key, parts, app).await {
            Ok(key) => key,
            Err(problem) => {
                return Err(match problem.code() {
                    "bad_api_key" => Refused::invalid_client(challenge),
                    "insufficient_role" => Refused::unauthorized_client(),
                    _ => problem.into(),
                });
            }
        };
        if client.is_some_and(|client| client != key.sessions().realm().as_str()) {
            return Err(Refused::invalid_client(challenge));
        }
        Ok(Self { key, challenge })
    }
}

impl std::fmt::Debug for OauthClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("OauthClient").field(self.sessions().realm()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn name_and_password_are_taken_apart_at_the_first_colon_and_decoded() {
        let read = |text: &str| pair(&STANDARD.encode(text)).map(|(name, key)| (name, key.to_string()));
        assert_eq!(read("shop:hpk_a"), Some(("shop".to_owned(), "hpk_a".to_owned())));
        assert_eq!(read("a%3Ab:c:d"), Some(("a:b".to_owned(), "c:d".to_owned())));
        assert_eq!(read("shop"), None);
        assert_eq!(pair("!"), None);
        assert_eq!(pair(&STANDARD.encode(b"a:\xff")), None);
    }
}
