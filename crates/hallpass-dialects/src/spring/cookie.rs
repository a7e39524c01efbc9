use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Spring, keys};
use crate::cookie::{self, unquoted};
use crate::credential::Credential;
use crate::date;
use crate::dialect::{Held, Presented};
use crate::error::{Error, Format};
use crate::format::lenient;

impl Spring {
    /// Reads the cookies: every one of this name, in their order; the first whose session is there counts.
    pub(super) fn read_cookies(&self, header: &[u8]) -> Vec<Result<Presented, Error>> {
        let named = cookie::pairs(header).filter(|(name, _)| *name == self.cookie_name.as_bytes());
        named.map(|(_, value)| self.read_value(unquoted(value)).map(Presented::Points)).collect()
    }

    fn read_value(&self, value: &[u8]) -> Result<Credential, Error> {
        let malformed = |what| Error::malformed(Format::SpringCookie, 0, what);
        let id = if self.is_base64 {
            lenient::java(value).ok_or_else(|| malformed("it is not base64"))?
        } else {
            // What could not stand in a cookie did not come from one of ours.
            let is_plain = |byte: &u8| byte.is_ascii_graphic() && !b"\",;\\".contains(byte);
            Some(value.to_vec())
                .filter(|id| id.iter().all(is_plain))
                .ok_or_else(|| malformed("it is no id of a session"))?
        };
        let id = String::from_utf8(id).map_err(|_| malformed("it is not UTF-8"))?;
        let id = match &self.jvm_route {
            Some(route) => id.strip_suffix(route.as_str()).and_then(|id| id.strip_suffix('.')).unwrap_or(&id),
            None => &id,
        };
        let id = Some(id).filter(|id| keys::is_id(id)).and_then(Credential::new);
        id.ok_or_else(|| malformed("it is no id of a session"))
    }

    pub(super) fn write_cookie(&self, held: Held<'_>, now_ms: i64) -> Result<String, Error> {
        let Held::Points(credential) = held else {
            return Err(Error::read_only(Format::SpringCookie, "a cookie of Spring Session carries no session"));
        };
        let route = self.jvm_route.as_ref().map(|route| format!(".{route}")).unwrap_or_default();
        let id = format!("{}{route}", credential.danger_expose());
        let value = if self.is_base64 { STANDARD.encode(id) } else { id };
        Ok(self.line(&value, self.cookie_max_age_s, now_ms))
    }

    pub(super) fn removal(&self) -> String {
        self.line("", Some(0), 0)
    }

    /// Writes the header as `DefaultCookieSerializer` does.
    fn line(&self, value: &str, max_age_s: Option<i64>, now_ms: i64) -> String {
        let options = &self.cookie;
        let expires = max_age_s.map(|seconds| match seconds {
            0 => "Thu, 1 Jan 1970 00:00:00 GMT".to_owned(),
            _ => date::http(now_ms.saturating_add(seconds.saturating_mul(1000))),
        });
        let attributes = [
            max_age_s.map(|seconds| format!("Max-Age={seconds}")),
            expires.map(|expires| format!("Expires={expires}")),
            options.domain.as_ref().map(|domain| format!("Domain={domain}")),
            options.path.as_ref().map(|path| format!("Path={path}")),
            options.is_secure.then(|| "Secure".to_owned()),
            options.is_http_only.then(|| "HttpOnly".to_owned()),
            options.same_site.map(|same_site| format!("SameSite={}", same_site.as_str())),
            options.is_partitioned.then(|| "Partitioned".to_owned()),
        ];
        format!("{}={value}{}", self.cookie_name, cookie::attributes(attributes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect as _;
    use crate::spring::{Repository, Serializer};

    #[test]
    fn what_lies_beside_the_sessions_is_none() {
        for (repository, header) in [
            (Repository::Indexed, "SESSION=ZXhwaXJhdGlvbnM="),
            // It has no base64.
            (Repository::Reactive, "SESSION=expirations"),
        ] {
            let spring = Spring::new(repository, Serializer::Jdk);
            assert!(spring.presented(header.as_bytes(), 0)[0].is_err(), "{header}");
        }
    }
}
