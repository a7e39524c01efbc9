use super::{Gorilla, Home};
use crate::cookie::{self, unquoted};
use crate::credential::Credential;
use crate::date;
use crate::dialect::{Held, Presented};
use crate::error::{Error, Format};
use crate::format::gob;
use crate::session::Session;

impl Gorilla {
    /// Reads the cookie: of several with the same name the first counts, as `Request.Cookie` of Go has it.
    pub(super) fn read_cookie(&self, header: &[u8], now_ms: i64) -> Option<Result<Presented, Error>> {
        let (_, value) = cookie::pairs(header).find(|(name, _)| *name == self.name.as_bytes())?;
        let value = unquoted(value);
        let at_s = Some(now_ms.div_euclid(1000));
        Some(match self.home {
            Home::Cookie => self.open(value, at_s).map(|session| Presented::Carries(Box::new(session))),
            Home::RedisStore => self.credential_from(String::from_utf8(value.to_vec()).unwrap_or_default()),
            Home::File | Home::Redistore => {
                let read = |payload: &[u8]| gob::read_string(payload, &self.limits);
                self.codec.open(&self.name, value, at_s, read).and_then(|(id, _)| self.credential_from(id))
            }
        })
    }

    fn credential_from(&self, id: String) -> Result<Presented, Error> {
        let credential = Some(id).filter(|id| self.is_id(id)).and_then(Credential::new).map(Presented::Points);
        credential.ok_or_else(|| Error::malformed(Format::SecureCookie, 0, "it is no name of a session"))
    }

    pub(super) fn write_cookie(&self, held: Held<'_>, session: &Session, now_ms: i64) -> Result<String, Error> {
        let at_s = now_ms.div_euclid(1000);
        let value = match (self.home, held) {
            (Home::Cookie, Held::Carries) => self.seal(session, at_s)?,
            (Home::RedisStore, Held::Points(credential)) => credential.danger_expose().to_owned(),
            (Home::File | Home::Redistore, Held::Points(credential)) => {
                self.codec.seal(&self.name, gob::write_string(credential.danger_expose()), at_s)?
            }
            (Home::Cookie, Held::Points(_)) | (_, Held::Carries) => {
                return Err(Error::read_only(Format::SecureCookie, "sessions of this store are not held so"));
            }
        };
        Ok(self.line(&value, self.max_age_s, now_ms))
    }

    pub(super) fn removal(&self) -> String {
        self.line("", -1, 0)
    }

    /// Writes the header as `http.SetCookie` of Go does.
    fn line(&self, value: &str, max_age_s: i64, now_ms: i64) -> String {
        let options = &self.cookie;
        let (expires, max_age) = match max_age_s {
            1.. => (Some(date::http(now_ms.saturating_add(max_age_s.saturating_mul(1000)))), Some(max_age_s)),
            0 => (None, None),
            _ => (Some("Thu, 01 Jan 1970 00:00:01 GMT".to_owned()), Some(0)),
        };
        let attributes = [
            options.path.as_ref().map(|path| format!("Path={path}")),
            options.domain.as_ref().map(|domain| format!("Domain={}", domain.trim_start_matches('.'))),
            expires.map(|expires| format!("Expires={expires}")),
            max_age.map(|max_age| format!("Max-Age={max_age}")),
            options.is_http_only.then(|| "HttpOnly".to_owned()),
            options.is_secure.then(|| "Secure".to_owned()),
            options.same_site.map(|same_site| format!("SameSite={}", same_site.as_str())),
            options.is_partitioned.then(|| "Partitioned".to_owned()),
        ];
        format!("{}={value}{}", self.name, cookie::attributes(attributes))
    }
}
