//! express-session 1.17 to 1.19 with connect-redis 7 to 10.
//!
//! ```
//! use hallpass_dialects::express::Express;
//! use hallpass_dialects::{Dialect as _, Presented, Secret, Stored};
//!
//! let express = Express::new([Secret::new("keyboard cat")]);
//! let header = b"connect.sid=s%3APXgtDXxjBoQbl1P-3UriNGEUItlYQw7L.AHhwCUz7KVJwoT84Tgatbe0QFVB%2F79KLBfmXk1yWtWQ";
//! let [Ok(Presented::Points(credential))] = &express.presented(header, 0)[..] else { panic!() };
//! assert_eq!(express.key(credential), "sess:PXgtDXxjBoQbl1P-3UriNGEUItlYQw7L");
//!
//! let stored = br#"{"cookie":{"originalMaxAge":null,"expires":null},"passport":{"user":7}}"#;
//! let session = express.read(&Stored::Bytes(stored.to_vec()))?;
//! assert_eq!(express.user(&session).map(|user| user.id), Some("7".to_owned()));
//! # Ok::<(), hallpass_dialects::Error>(())
//! ```

mod cookie;
mod keys;
mod times;
mod user;
mod values;

use crate::credential::Credential;
use crate::crypto::{Mac, Secret};
use crate::dialect::{Dialect, Held, Keep, Presented, Stored};
use crate::error::Error;
use crate::framework::Framework;
use crate::limits::Limits;
use crate::session::{Session, User};

/// How express-session and connect-redis write sessions.
///
/// | what | default |
/// | --- | --- |
/// | [`cookie_name`](Self::cookie_name) | `connect.sid` |
/// | [`prefix`](Self::prefix) | `sess:` |
/// | [`ttl_s`](Self::ttl_s) | 86,400, for sessions whose cookie has no `expires` |
/// | [`user_path`](Self::user_path) | `passport.user` |
#[derive(Debug, Clone)]
pub struct Express {
    /// The first signs, all verify.
    macs: Vec<Mac>,
    cookie_name: String,
    prefix: String,
    ttl_s: Option<i64>,
    user_path: Vec<String>,
    limits: Limits,
}

impl Express {
    /// Returns the dialect with these secrets, in the order of the option `secret`: the first signs, all verify.
    pub fn new(secrets: impl IntoIterator<Item = Secret>) -> Self {
        Self {
            macs: secrets.into_iter().map(|secret| Mac::new(secret.expose())).collect(),
            cookie_name: "connect.sid".to_owned(),
            prefix: "sess:".to_owned(),
            ttl_s: Some(86_400),
            user_path: ["passport", "user"].map(str::to_owned).to_vec(),
            limits: Limits::default(),
        }
    }

    /// Sets the name of the cookie: the option `name`.
    #[must_use]
    pub fn cookie_name(self, name: impl Into<String>) -> Self {
        Self { cookie_name: name.into(), ..self }
    }

    /// Sets what keys begin with: the option `prefix` of connect-redis.
    #[must_use]
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// Sets how many seconds sessions are kept whose cookie has no `expires`: the option `ttl`, or none with `disableTTL`.
    #[must_use]
    pub fn ttl_s(self, ttl_s: Option<i64>) -> Self {
        Self { ttl_s, ..self }
    }

    /// Sets under which names the user is found.
    #[must_use]
    pub fn user_path(self, path: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { user_path: path.into_iter().map(Into::into).collect(), ..self }
    }

    /// Sets how much is read.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }
}

impl Dialect for Express {
    fn framework(&self) -> Framework {
        Framework::Express
    }

    fn presented(&self, header: &[u8], _: i64) -> Vec<Result<Presented, Error>> {
        self.read_cookie(header).map(|read| read.map(Presented::Points)).into_iter().collect()
    }

    fn key(&self, credential: &Credential) -> String {
        self.key_of(credential)
    }

    fn credential(&self, key: &[u8]) -> Option<Credential> {
        self.credential_of(key)
    }

    fn new_credential(&self) -> Credential {
        keys::new_credential()
    }

    fn read(&self, stored: &Stored) -> Result<Session, Error> {
        values::read(stored, &self.limits)
    }

    fn write(&self, session: &Session, _: i64) -> Result<Stored, Error> {
        values::write(session, &self.limits)
    }

    fn user(&self, session: &Session) -> Option<User> {
        user::find(session, &self.user_path)
    }

    fn is_live(&self, _: &Session, _: i64) -> bool {
        true
    }

    fn touch(&self, session: &mut Session, now_ms: i64) -> bool {
        times::touch(session, now_ms);
        false
    }

    fn keep(&self, session: &Session, now_ms: i64) -> Keep {
        times::keep(session, self.ttl_s, now_ms)
    }

    fn set_cookie(&self, held: Held<'_>, session: &Session, _: i64) -> Result<String, Error> {
        self.write_cookie(held, session)
    }

    fn removal_cookie(&self) -> String {
        format!("{}=; Path=/; Expires=Thu, 01 Jan 1970 00:00:00 GMT; HttpOnly", self.cookie_name)
    }
}
