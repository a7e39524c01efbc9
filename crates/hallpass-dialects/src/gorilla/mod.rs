//! gorilla/sessions 1.2 to 1.4: `CookieStore`, `FilesystemStore`, boj/redistore and rbcervilla/redisstore.
//!
//! ```
//! use hallpass_dialects::gorilla::Gorilla;
//! use hallpass_dialects::{Dialect as _, Held, Presented, Secret, Session, Value};
//!
//! let keys = [(Secret::new("a key of 32 or 64 random bytes..."), None)];
//! let gorilla = Gorilla::cookie_store("session-name", keys);
//! let mut session = Session::new();
//! session.attributes.insert("user", "alice".into());
//! session.attributes.insert("visits", Value::tagged("int64", Value::Int(3)));
//! let line = gorilla.set_cookie(Held::Carries, &session, 0)?;
//!
//! let header = line.split(';').next().unwrap_or_default();
//! let [Ok(Presented::Carries(read))] = &gorilla.presented(header.as_bytes(), 0)[..] else { panic!() };
//! assert_eq!(read.attributes.get("visits"), session.attributes.get("visits"));
//! assert_eq!(gorilla.user(read).map(|user| user.id), Some("alice".to_owned()));
//! # Ok::<(), hallpass_dialects::Error>(())
//! ```
//!
//! # Go's own types
//!
//! `bool`, `int`, `float64`, `string`, `[]uint8`, `[]interface {}` and `map[string]interface {}` are plain values; all
//! other basic types, slices of them, `map[interface {}]interface {}` and `time.Time` are
//! [tagged](crate::Value::Tagged) with their names. A program of Go reads only what it has registered with
//! `gob.Register`: of these, `map[…]` and `time.Time` may not be. Everything else is [opaque](crate::Value::Opaque), keeps
//! its own definition, and is written again beside whatever else was changed.

mod cookie;
mod keys;
mod securecookie;
mod times;
mod user;
mod values;

use self::securecookie::SecureCookie;
use crate::cookie::{CookieOptions, SameSite};
use crate::credential::Credential;
use crate::crypto::Secret;
use crate::dialect::{Dialect, Held, Keep, Presented, Stored};
use crate::error::Error;
use crate::framework::Framework;
use crate::limits::Limits;
use crate::session::{Session, User};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Home {
    Cookie,
    File,
    /// boj/redistore.
    Redistore,
    /// rbcervilla/redisstore.
    RedisStore,
}

/// How a store in Redis turns values into bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Serializer {
    /// `GobSerializer`.
    #[default]
    Gob,
    /// `JSONSerializer` of boj/redistore: every number is a `float64`.
    Json,
}

/// How gorilla/sessions writes sessions.
///
/// | what | default |
/// | --- | --- |
/// | [`max_age_s`](Self::max_age_s) | 2,592,000: 30 days, of the cookie and of what is stored |
/// | [`codec_max_age_s`](Self::codec_max_age_s) | the same, of what is read |
/// | [`max_length`](Self::max_length) | 4,096 |
/// | [`cookie_options`](Self::cookie_options) | `Path=/`; of `CookieStore` also `Secure` and `SameSite=None` (1.3) |
/// | [`prefix`](Self::prefix) | `session_`, of rbcervilla/redisstore `session:` |
/// | [`user_names`](Self::user_names) | `user_id`, `user` |
#[derive(Debug, Clone)]
pub struct Gorilla {
    home: Home,
    name: String,
    codec: SecureCookie,
    serializer: Serializer,
    cookie: CookieOptions,
    max_age_s: i64,
    /// For how long what has a `MaxAge` of 0 is kept, where it is kept.
    zero_age_s: Option<i64>,
    prefix: String,
    user_names: Vec<String>,
    limits: Limits,
}

impl Gorilla {
    /// Returns `CookieStore` for the cookie `name`, with pairs of a hash key and maybe a block key: the first pair
    /// writes, all read.
    pub fn cookie_store(name: &str, keys: impl IntoIterator<Item = (Secret, Option<Secret>)>) -> Self {
        let store = Self::new(Home::Cookie, name, keys);
        let cookie = CookieOptions { is_secure: true, same_site: Some(SameSite::None), ..store.cookie.clone() };
        store.cookie_options(cookie)
    }

    /// Returns `FilesystemStore`; the key is the name of the file.
    pub fn filesystem_store(name: &str, keys: impl IntoIterator<Item = (Secret, Option<Secret>)>) -> Self {
        Self::new(Home::File, name, keys)
    }

    /// Returns boj/redistore.
    pub fn redistore(name: &str, keys: impl IntoIterator<Item = (Secret, Option<Secret>)>) -> Self {
        Self::new(Home::Redistore, name, keys)
    }

    /// Returns rbcervilla/redisstore, which signs nothing: the cookie is the name in the store.
    ///
    /// # Security
    ///
    /// That store itself takes any name from a client, and saves under it (session fixation). Here only names are taken
    /// that have the shape of its own; who saves under a name has to have found it in the store.
    pub fn redisstore(name: &str) -> Self {
        Self { prefix: "session:".to_owned(), ..Self::new(Home::RedisStore, name, []) }
    }

    fn new(home: Home, name: &str, keys: impl IntoIterator<Item = (Secret, Option<Secret>)>) -> Self {
        Self {
            home,
            name: name.to_owned(),
            codec: SecureCookie::new(keys),
            serializer: Serializer::default(),
            cookie: CookieOptions { path: Some("/".to_owned()), ..CookieOptions::default() },
            max_age_s: 2_592_000,
            zero_age_s: None,
            prefix: "session_".to_owned(),
            user_names: ["user_id", "user"].map(str::to_owned).to_vec(),
            limits: Limits::default(),
        }
    }

    /// Sets `Options.MaxAge`, in seconds: what the cookie and the store are told.
    #[must_use]
    pub fn max_age_s(self, max_age_s: i64) -> Self {
        Self { max_age_s, ..self }
    }

    /// Sets `SecureCookie.MaxAge`, in seconds: how old what is read may be; 0 is any age.
    #[must_use]
    pub fn codec_max_age_s(mut self, max_age_s: i64) -> Self {
        self.codec.max_age_s = max_age_s;
        self
    }

    /// Sets for how many seconds boj/redistore keeps a session whose `MaxAge` is 0: 1,200 in versions 1.2 and 2.0.1,
    /// not at all in those between.
    #[must_use]
    pub fn zero_age_s(self, zero_age_s: Option<i64>) -> Self {
        Self { zero_age_s, ..self }
    }

    /// Sets `MaxLength`; 0 is without end.
    #[must_use]
    pub fn max_length(mut self, max_length: usize) -> Self {
        self.codec.max_length = max_length;
        self
    }

    /// Sets the attributes of the cookie.
    #[must_use]
    pub fn cookie_options(self, cookie: CookieOptions) -> Self {
        Self { cookie, ..self }
    }

    /// Sets how boj/redistore turns values into bytes.
    #[must_use]
    pub fn serializer(self, serializer: Serializer) -> Self {
        Self { serializer, ..self }
    }

    /// Sets what keys begin with.
    #[must_use]
    pub fn prefix(self, prefix: impl Into<String>) -> Self {
        Self { prefix: prefix.into(), ..self }
    }

    /// Sets under which names the user is looked for.
    #[must_use]
    pub fn user_names(self, names: impl IntoIterator<Item = impl Into<String>>) -> Self {
        Self { user_names: names.into_iter().map(Into::into).collect(), ..self }
    }

    /// Sets how much is read.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }
}

impl Dialect for Gorilla {
    fn framework(&self) -> Framework {
        Framework::Gorilla
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
        self.new_id()
    }

    fn read(&self, stored: &Stored) -> Result<Session, Error> {
        self.read_stored(stored)
    }

    fn write(&self, session: &Session, now_ms: i64) -> Result<Stored, Error> {
        self.write_stored(session, now_ms.div_euclid(1000))
    }

    fn user(&self, session: &Session) -> Option<User> {
        user::find(session, &self.user_names)
    }

    fn is_live(&self, session: &Session, now_ms: i64) -> bool {
        self.lives(session, now_ms)
    }

    fn touch(&self, _: &mut Session, _: i64) -> bool {
        // gorilla/sessions notes the use of a session only when the application saves it.
        false
    }

    fn keep(&self, _: &Session, _: i64) -> Keep {
        self.keep_for()
    }

    fn set_cookie(&self, held: Held<'_>, session: &Session, now_ms: i64) -> Result<String, Error> {
        self.write_cookie(held, session, now_ms)
    }

    fn removal_cookie(&self) -> String {
        self.removal()
    }
}
