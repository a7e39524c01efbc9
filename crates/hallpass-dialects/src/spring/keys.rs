use super::{Repository, Spring, times};
use crate::credential::Credential;
use crate::crypto;
use crate::error::Error;
use crate::session::{Session, User};
use crate::value::Value;

const PRINCIPAL: &str = "org.springframework.session.FindByIndexNameSessionRepository.PRINCIPAL_NAME_INDEX_NAME";

impl Spring {
    pub(super) fn key_of(&self, credential: &Credential) -> String {
        let id = credential.danger_expose();
        match self.repository {
            Repository::Jdbc => id.to_owned(),
            _ => format!("{}:sessions:{id}", self.namespace),
        }
    }

    pub(super) fn credential_of(&self, key: &[u8]) -> Option<Credential> {
        let key = str::from_utf8(key).ok()?;
        let id = match self.repository {
            Repository::Jdbc => key.trim_end(),
            _ => key.strip_prefix(&self.namespace)?.strip_prefix(":sessions:")?,
        };
        Some(id).filter(|id| is_id(id)).and_then(Credential::new)
    }

    /// Returns the key whose end Redis tells as the end of a session: of repositories with an index.
    pub fn expiry_key(&self, credential: &Credential) -> Option<String> {
        let is_indexed = matches!(self.repository, Repository::Indexed | Repository::ReactiveIndexed);
        is_indexed.then(|| format!("{}:sessions:expires:{}", self.namespace, credential.danger_expose()))
    }

    /// Returns the key of the set of what ends in the same minute, and the member that stands for a session in it.
    ///
    /// # Errors
    ///
    /// None that a text could have; as [`write`](crate::Dialect::write).
    pub fn expirations(&self, credential: &Credential, session: &Session) -> Result<Option<(String, Vec<u8>)>, Error> {
        let minute_ms = times::expiry_minute_ms(session).filter(|_| self.repository == Repository::Indexed);
        let Some(minute_ms) = minute_ms else { return Ok(None) };
        let member = self.bytes(&Value::from(format!("expires:{}", credential.danger_expose())))?;
        Ok(Some((format!("{}:expirations:{minute_ms}", self.namespace), member)))
    }

    /// Returns the key of the set of a user's sessions, and the member that stands for a session in it.
    ///
    /// # Errors
    ///
    /// None that a text could have; as [`write`](crate::Dialect::write).
    pub fn principal_index(&self, credential: &Credential, user: &User) -> Result<Option<(String, Vec<u8>)>, Error> {
        let index = match self.repository {
            Repository::Indexed => "index",
            Repository::ReactiveIndexed => "sessions:index",
            Repository::Redis | Repository::Reactive | Repository::Jdbc => return Ok(None),
        };
        let member = self.bytes(&Value::from(credential.danger_expose()))?;
        Ok(Some((format!("{}:{index}:{PRINCIPAL}:{}", self.namespace, user.id), member)))
    }
}

/// An id has no colon, which ends it in the names of events; and beside the sessions is what says when they end.
pub(super) fn is_id(id: &str) -> bool {
    !id.is_empty() && id != "expirations" && !id.bytes().any(|byte| byte == b':' || byte.is_ascii_control())
}

/// A random UUID (RFC 9562, section 5.4).
pub(super) fn new_credential() -> Credential {
    let mut bytes = crypto::random::<16>();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = format!("{:032x}", u128::from_be_bytes(bytes));
    let id = [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-");
    Credential::new(id).expect("36 characters")
}
