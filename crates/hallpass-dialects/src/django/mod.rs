//! Django 4.2 to 5.2: the backends `db`, `cache`, `cached_db`, `file` and `signed_cookies`.
//!
//! ```
//! use hallpass_dialects::django::Django;
//! use hallpass_dialects::{Dialect as _, Secret, Stored};
//!
//! let django = Django::db([Secret::new("django-insecure-open-vectors-key-0123456789abcdef")]);
//! let column = "eyJ1c2VyIjoiYWxpY2UiLCJ2aWV3cyI6MX0:1vb66i:xGyves15LD6hK0b0xzqtZeB1veB7OhRCrBH7YvolD0g";
//! let mut session = django.read(&Stored::Bytes(column.into()))?;
//! assert_eq!(session.at(&["user"]).and_then(|user| user.as_str()), Some("alice"));
//!
//! session.attributes.insert("_auth_user_id", "42".into());
//! let written = django.write(&session, 1_767_225_600_000)?;
//! assert_eq!(django.user(&django.read(&written)?).map(|user| user.id), Some("42".to_owned()));
//! # Ok::<(), hallpass_dialects::Error>(())
//! ```
//!
//! # What is stored besides
//!
//! The end of a row is in its column `expire_date`: set [`Times::expires_at_ms`](crate::Times::expires_at_ms) to it after
//! reading, before asking whether the session lives. A file ends by its time of change; where that is not given, the
//! time of its signature counts.
//!
//! # Python's own types
//!
//! What a cache holds of them is [tagged](crate::Value::Tagged): `tuple`, `set`, `frozenset`, `bytearray`,
//! `datetime.datetime`, `datetime.date`, `datetime.time`, `datetime.timedelta` (in microseconds), `datetime.timezone`,
//! `zoneinfo.ZoneInfo`, `decimal.Decimal`, `uuid.UUID`. A pickle with any other class is refused as
//! [foreign](crate::Error::is_foreign), whole: it can be listed and revoked, and is never changed.

mod cookie;
mod keys;
mod signing;
mod times;
mod user;
mod values;

use self::signing::Signer;
pub use self::values::Cache;
use crate::cookie::{CookieOptions, SameSite};
use crate::credential::Credential;
use crate::crypto::Secret;
use crate::dialect::{Dialect, Held, Keep, Presented, Stored};
use crate::error::Error;
use crate::framework::Framework;
use crate::limits::Limits;
use crate::session::{Session, User};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Backend {
    Db,
    Cache,
    CachedDb,
    File,
    SignedCookies,
}

/// How Django writes sessions.
///
/// | what | default |
/// | --- | --- |
/// | [`cookie_name`](Self::cookie_name) | `sessionid` |
/// | [`cookie_age_s`](Self::cookie_age_s) | 1,209,600: two weeks |
/// | [`cookie_options`](Self::cookie_options) | `HttpOnly`, `Path=/`, `SameSite=Lax` |
/// | [`cache_key`](Self::cache_key) | no prefix, version 1 |
#[derive(Debug, Clone)]
pub struct Django {
    backend: Backend,
    secrets: Vec<Secret>,
    signer: Signer,
    cookie_name: String,
    cookie_age_s: i64,
    cookie: CookieOptions,
    cache: Cache,
    cache_prefix: String,
    cache_version: u32,
    limits: Limits,
}

impl Django {
    const DB_SALT: &str = "django.contrib.sessions.SessionStore";
    const COOKIE_SALT: &str = "django.contrib.sessions.backends.signed_cookies";

    /// Returns the backend `db`, with `SECRET_KEY` and then `SECRET_KEY_FALLBACKS`.
    pub fn db(secrets: impl IntoIterator<Item = Secret>) -> Self {
        Self::new(Backend::Db, secrets, Self::DB_SALT)
    }

    /// Returns the backend `cache`; nothing in it is signed.
    pub fn cache(cache: Cache) -> Self {
        Self { cache, ..Self::new(Backend::Cache, [], Self::DB_SALT) }
    }

    /// Returns the backend `cached_db`, which keeps a session twice: in a row, which is what
    /// [`write`](Dialect::write) writes, and in a cache, which [`write_copy`](Self::write_copy) does.
    ///
    /// Keys are those of the cache; that of the row is the credential. Both are [read](Dialect::read), and both have to
    /// go when a session is revoked.
    pub fn cached_db(secrets: impl IntoIterator<Item = Secret>, cache: Cache) -> Self {
        Self { cache, ..Self::new(Backend::CachedDb, secrets, Self::DB_SALT) }
    }

    /// Returns the backend `file`; the key is the name of the file.
    pub fn file(secrets: impl IntoIterator<Item = Secret>) -> Self {
        Self::new(Backend::File, secrets, Self::DB_SALT)
    }

    /// Returns the backend `signed_cookies`: the cookie carries the session.
    ///
    /// # Security
    ///
    /// Such a session cannot be ended before its time: whoever kept the cookie is signed in again with it.
    pub fn signed_cookies(secrets: impl IntoIterator<Item = Secret>) -> Self {
        Self::new(Backend::SignedCookies, secrets, Self::COOKIE_SALT)
    }

    fn new(backend: Backend, secrets: impl IntoIterator<Item = Secret>, salt: &str) -> Self {
        let secrets: Vec<Secret> = secrets.into_iter().collect();
        let cookie = CookieOptions {
            path: Some("/".to_owned()),
            is_http_only: true,
            same_site: Some(SameSite::Lax),
            ..CookieOptions::default()
        };
        Self {
            backend,
            signer: Signer::new(&secrets, salt),
            secrets,
            cookie_name: "sessionid".to_owned(),
            cookie_age_s: 1_209_600,
            cookie,
            cache: Cache::default(),
            cache_prefix: String::new(),
            cache_version: 1,
            limits: Limits::default(),
        }
    }

    /// Sets the class of a session store of the application's own, which rows and files are signed under; `SessionStore`
    /// is Django's.
    #[must_use]
    pub fn store_class(self, name: &str) -> Self {
        Self { signer: Signer::new(&self.secrets, &format!("django.contrib.sessions.{name}")), ..self }
    }

    /// Sets `SESSION_COOKIE_NAME`.
    #[must_use]
    pub fn cookie_name(self, name: impl Into<String>) -> Self {
        Self { cookie_name: name.into(), ..self }
    }

    /// Sets `SESSION_COOKIE_AGE`, in seconds.
    #[must_use]
    pub fn cookie_age_s(self, cookie_age_s: i64) -> Self {
        Self { cookie_age_s, ..self }
    }

    /// Sets `SESSION_COOKIE_DOMAIN`, `_PATH`, `_SECURE`, `_HTTPONLY` and `_SAMESITE`.
    #[must_use]
    pub fn cookie_options(self, cookie: CookieOptions) -> Self {
        Self { cookie, ..self }
    }

    /// Sets `KEY_PREFIX` and `VERSION` of the cache.
    #[must_use]
    pub fn cache_key(self, prefix: impl Into<String>, version: u32) -> Self {
        Self { cache_prefix: prefix.into(), cache_version: version, ..self }
    }

    /// Sets how much is read.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Writes the copy that `cached_db` keeps in its cache, where Python's types are kept that a row has not.
    ///
    /// # Errors
    ///
    /// As [`write`](Dialect::write).
    pub fn write_copy(&self, session: &Session) -> Result<Stored, Error> {
        self.write_cached(session)
    }
}

impl Dialect for Django {
    fn framework(&self) -> Framework {
        Framework::Django
    }

    fn presented(&self, header: &[u8], now_ms: i64) -> Vec<Result<Presented, Error>> {
        self.read_cookie(header, now_ms).into_iter().collect()
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
        self.read_stored(stored)
    }

    fn write(&self, session: &Session, now_ms: i64) -> Result<Stored, Error> {
        match self.backend {
            Backend::Cache => self.write_cached(session),
            Backend::Db | Backend::CachedDb | Backend::File | Backend::SignedCookies => {
                self.seal(session, now_ms).map(|text| Stored::Bytes(text.into_bytes()))
            }
        }
    }

    fn user(&self, session: &Session) -> Option<User> {
        user::find(session)
    }

    fn is_live(&self, session: &Session, now_ms: i64) -> bool {
        self.lives(session, now_ms)
    }

    fn touch(&self, _: &mut Session, _: i64) -> bool {
        // Django notes the use of a session only when it saves it for another reason.
        false
    }

    fn keep(&self, session: &Session, now_ms: i64) -> Keep {
        self.keep_for(session, now_ms)
    }

    fn set_cookie(&self, held: Held<'_>, session: &Session, now_ms: i64) -> Result<String, Error> {
        self.write_cookie(held, session, now_ms)
    }

    fn removal_cookie(&self) -> String {
        self.removal()
    }
}
