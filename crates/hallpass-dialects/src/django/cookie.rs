use std::fmt::Write as _;

use super::{Backend, Django};
use crate::cookie;
use crate::credential::Credential;
use crate::date;
use crate::dialect::{Held, Presented};
use crate::error::{Error, Format};
use crate::session::Session;
use crate::value::Value;

/// What browsers keep of a cookie, name and value (RFC 6265, section 6.1).
const LONGEST: usize = 4096;

impl Django {
    /// Reads the cookie: of several with the same name the last counts.
    pub(super) fn read_cookie(&self, header: &[u8], now_ms: i64) -> Option<Result<Presented, Error>> {
        let named = cookie::pairs(header).filter(|(name, _)| name.trim_ascii() == self.cookie_name.as_bytes());
        let value = unquoted(named.last()?.1.trim_ascii());
        if self.backend == Backend::SignedCookies {
            return Some(self.open_cookie(&value, now_ms).map(|session| Presented::Carries(Box::new(session))));
        }
        let key = String::from_utf8(value).ok().filter(|key| key.len() >= 8 && self.may_be_key(key));
        let key = key.and_then(Credential::new).map(Presented::Points);
        Some(key.ok_or_else(|| Error::malformed(Format::DjangoCache, 0, "it is no key of a session")))
    }

    /// Django takes any text of eight characters; behind a file there has to be one that is safe in its name.
    fn may_be_key(&self, key: &str) -> bool {
        self.backend != Backend::File || key.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9'))
    }

    fn open_cookie(&self, text: &[u8], now_ms: i64) -> Result<Session, Error> {
        let session = self.open(text)?;
        let signed_at_ms = session.times.signed_at_ms.unwrap_or(i64::MIN);
        // Also what was signed in the future is taken.
        if now_ms.saturating_sub(signed_at_ms) > self.cookie_age_s.saturating_mul(1000) {
            return Err(Error::expired(Format::DjangoSigned));
        }
        Ok(session)
    }

    pub(super) fn write_cookie(&self, held: Held<'_>, session: &Session, now_ms: i64) -> Result<String, Error> {
        let value = match held {
            Held::Points(credential) => credential.danger_expose().to_owned(),
            Held::Carries => self.seal(session, now_ms)?,
        };
        if self.cookie_name.len() + value.len() > LONGEST {
            let what = format!("it would have {} bytes, and browsers keep {LONGEST}", value.len());
            return Err(Error::too_large(Format::DjangoSigned, LONGEST, what));
        }
        let is_until_closed =
            session.attributes.get("_session_expiry").is_some_and(|age| age.plain() == &Value::Int(0));
        let age_s = if is_until_closed { None } else { Some(self.age_s(session, now_ms)) };
        Ok(self.line(&quoted(&value), age_s.map(|age_s| (age_s, now_ms.saturating_add(age_s.saturating_mul(1000))))))
    }

    pub(super) fn removal(&self) -> String {
        self.line("\"\"", Some((0, 0)))
    }

    /// Writes the header as `SimpleCookie` of Python does: attributes in the order of their names.
    fn line(&self, value: &str, ends: Option<(i64, i64)>) -> String {
        let options = &self.cookie;
        let attributes = [
            options.domain.as_ref().map(|domain| format!("Domain={domain}")),
            ends.map(|(_, at_ms)| format!("expires={}", date::http(at_ms))),
            options.is_http_only.then(|| "HttpOnly".to_owned()),
            ends.map(|(age_s, _)| format!("Max-Age={age_s}")),
            options.path.as_ref().map(|path| format!("Path={path}")),
            options.same_site.map(|same_site| format!("SameSite={}", same_site.as_str())),
            options.is_secure.then(|| "Secure".to_owned()),
        ];
        format!("{}={value}{}", self.cookie_name, cookie::attributes(attributes))
    }
}

/// `_quote` of Python's `http.cookies`.
fn quoted(value: &str) -> String {
    let is_legal = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~:".contains(&byte);
    if !value.is_empty() && value.bytes().all(is_legal) {
        return value.to_owned();
    }
    let mut out = String::from("\"");
    for byte in value.bytes() {
        match byte {
            b'"' | b'\\' => out.extend(['\\', byte.into()]),
            b' '..=b'~' if byte != b',' && byte != b';' => out.push(byte.into()),
            _ => {
                let _ = write!(out, "\\{byte:03o}");
            }
        }
    }
    out + "\""
}

/// `_unquote` of Python's `http.cookies`.
fn unquoted(value: &[u8]) -> Vec<u8> {
    let Some(mut rest) = value.strip_prefix(b"\"").and_then(|value| value.strip_suffix(b"\"")) else {
        return value.to_vec();
    };
    let mut out = Vec::with_capacity(rest.len());
    while let [byte, behind @ ..] = rest {
        rest = behind;
        match (byte, behind) {
            (b'\\', [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', behind @ ..]) => {
                out.push((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0'));
                rest = behind;
            }
            (b'\\', [escaped, behind @ ..]) => {
                out.push(*escaped);
                rest = behind;
            }
            _ => out.push(*byte),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Secret;
    use crate::dialect::Dialect as _;

    #[test]
    fn quotes_are_those_of_python() {
        for (value, written) in
            [("abc-_.:", "abc-_.:"), ("a b", "\"a b\""), ("a\"\\;", "\"a\\\"\\\\\\073\""), ("", "\"\"")]
        {
            assert_eq!(quoted(value), written);
            assert_eq!(unquoted(written.as_bytes()), value.as_bytes());
        }
        assert_eq!(unquoted(b"\"a\\"), b"\"a\\");
    }

    #[test]
    fn the_last_of_two_cookies_counts_and_short_keys_are_none() {
        let django = Django::db([Secret::new("key")]);
        let found = django.presented(b"sessionid=aaaaaaaaaaaa; x=1; sessionid=bbbbbbbbbbbb", 0);
        assert_eq!(found, [Ok(Presented::Points(Credential::new("bbbbbbbbbbbb").unwrap()))]);
        assert!(django.presented(b"sessionid=short", 0)[0].is_err());
        assert!(Django::file([Secret::new("key")]).presented(b"sessionid=../../etc/passwd", 0)[0].is_err());
        assert!(django.presented(b"other=aaaaaaaaaaaa", 0).is_empty());
    }
}
