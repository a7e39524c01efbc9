//! Spring Session 3.0 to 4.1: Redis with and without an index, reactive and not, and JDBC.
//!
//! ```
//! use hallpass_dialects::spring::{Repository, Serializer, Spring};
//! use hallpass_dialects::{Dialect as _, Presented, Session, Stored};
//!
//! let spring = Spring::new(Repository::Redis, Serializer::Json);
//! let header = b"SESSION=OGY5YzFmMGUtMTExMS00MjIyLTgzMzMtNDQ0NDU1NTU2NjY2";
//! let [Ok(Presented::Points(credential))] = &spring.presented(header, 0)[..] else { panic!() };
//! assert_eq!(spring.key(credential), "spring:session:sessions:8f9c1f0e-1111-4222-8333-444455556666");
//!
//! let field = |name: &str, value: &str| (name.to_owned(), value.as_bytes().to_vec());
//! let session = spring.read(&Stored::Fields(vec![
//!     field("creationTime", "1767225600000"),
//!     field("lastAccessedTime", "1767225600000"),
//!     field("maxInactiveInterval", "1800"),
//!     field("sessionAttr:user", "\"alice\""),
//! ]))?;
//! assert_eq!(session.at(&["user"]).and_then(|user| user.as_str()), Some("alice"));
//! assert!(!spring.is_live(&session, 1_767_225_600_000 + 1_800_000));
//! # Ok::<(), hallpass_dialects::Error>(())
//! ```
//!
//! # Attributes
//!
//! Each attribute is a value of its own. Text, `Integer`, `Boolean`, `Double`, `ArrayList` and `HashMap` are plain;
//! `Long` and the other numbers are [tagged](crate::Value::Tagged); these can be written. Everything else is
//! [opaque](crate::Value::Opaque): its fields can be looked at, its bytes go back as they came, and no class is ever
//! looked up.
//!
//! # What is stored besides
//!
//! With JDBC the times are columns: set [`Session::times`](crate::Session::times) from them after reading. With an index,
//! [`Spring::expiry_key`], [`Spring::expirations`] and [`Spring::principal_index`] name what has to be written too.

mod cookie;
mod jackson;
mod keys;
mod times;
mod user;
mod values;

use crate::cookie::{CookieOptions, SameSite};
use crate::credential::Credential;
use crate::dialect::{Dialect, Held, Keep, Presented, Stored};
use crate::error::Error;
use crate::framework::Framework;
use crate::limits::Limits;
use crate::session::{Session, User};

/// Which of Spring Session's repositories keeps the sessions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Repository {
    /// `RedisSessionRepository`, Spring Boot's default.
    Redis,
    /// `RedisIndexedSessionRepository`.
    Indexed,
    /// `ReactiveRedisSessionRepository`.
    Reactive,
    /// `ReactiveRedisIndexedSessionRepository`.
    ReactiveIndexed,
    /// `JdbcIndexedSessionRepository`.
    Jdbc,
}

/// How values become bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Serializer {
    /// Java's own serialisation.
    #[default]
    Jdk,
    /// `GenericJackson2JsonRedisSerializer`.
    Json,
}

/// How Spring Session writes sessions.
///
/// | what | default |
/// | --- | --- |
/// | [`namespace`](Self::namespace) | `spring:session` |
/// | [`cookie_name`](Self::cookie_name) | `SESSION` |
/// | [`cookie_options`](Self::cookie_options) | `Path=/`, `HttpOnly`, `SameSite=Lax` |
/// | [`base64`](Self::base64) | yes; not in `WebFlux`, where the repositories are reactive |
/// | [`idle_s`](Self::idle_s) | 1,800, of sessions that do not say it themselves |
#[derive(Debug, Clone)]
pub struct Spring {
    repository: Repository,
    serializer: Serializer,
    namespace: String,
    cookie_name: String,
    cookie: CookieOptions,
    cookie_max_age_s: Option<i64>,
    is_base64: bool,
    jvm_route: Option<String>,
    idle_s: i64,
    limits: Limits,
}

impl Spring {
    /// Returns the dialect of a repository and a serializer.
    pub fn new(repository: Repository, serializer: Serializer) -> Self {
        Self {
            repository,
            serializer,
            namespace: "spring:session".to_owned(),
            cookie_name: "SESSION".to_owned(),
            cookie: CookieOptions {
                path: Some("/".to_owned()),
                is_http_only: true,
                same_site: Some(SameSite::Lax),
                ..CookieOptions::default()
            },
            cookie_max_age_s: None,
            is_base64: !matches!(repository, Repository::Reactive | Repository::ReactiveIndexed),
            jvm_route: None,
            idle_s: 1800,
            limits: Limits::default(),
        }
    }

    /// Sets `redisNamespace`.
    #[must_use]
    pub fn namespace(self, namespace: impl Into<String>) -> Self {
        Self { namespace: namespace.into(), ..self }
    }

    /// Sets `cookieName`.
    #[must_use]
    pub fn cookie_name(self, name: impl Into<String>) -> Self {
        Self { cookie_name: name.into(), ..self }
    }

    /// Sets the attributes of the cookie.
    #[must_use]
    pub fn cookie_options(self, cookie: CookieOptions) -> Self {
        Self { cookie, ..self }
    }

    /// Sets `cookieMaxAge`, in seconds; without it the cookie goes when the browser is closed.
    #[must_use]
    pub fn cookie_max_age_s(self, max_age_s: Option<i64>) -> Self {
        Self { cookie_max_age_s: max_age_s, ..self }
    }

    /// Sets `useBase64Encoding`.
    #[must_use]
    pub fn base64(self, is_base64: bool) -> Self {
        Self { is_base64, ..self }
    }

    /// Sets `jvmRoute`, which stands behind the id in cookies.
    #[must_use]
    pub fn jvm_route(self, route: impl Into<String>) -> Self {
        Self { jvm_route: Some(route.into()), ..self }
    }

    /// Sets `defaultMaxInactiveInterval`, in seconds; negative is for ever.
    #[must_use]
    pub fn idle_s(self, idle_s: i64) -> Self {
        Self { idle_s, ..self }
    }

    /// Sets how much is read.
    #[must_use]
    pub fn limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Returns which repository keeps the sessions.
    pub fn repository(&self) -> Repository {
        self.repository
    }

    /// Returns a new session, with the three times that every session of Spring has.
    pub fn new_session(&self, now_ms: i64) -> Session {
        let mut session = Session::new();
        session.times.created_at_ms = Some(now_ms);
        session.times.seen_at_ms = Some(now_ms);
        session.times.idle_s = Some(self.idle_s);
        session
    }
}

impl Dialect for Spring {
    fn framework(&self) -> Framework {
        Framework::Spring
    }

    fn presented(&self, header: &[u8], _: i64) -> Vec<Result<Presented, Error>> {
        self.read_cookies(header)
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

    fn write(&self, session: &Session, _: i64) -> Result<Stored, Error> {
        self.write_stored(session)
    }

    fn user(&self, session: &Session) -> Option<User> {
        user::find(session)
    }

    fn is_live(&self, session: &Session, now_ms: i64) -> bool {
        times::lives(session, now_ms)
    }

    fn touch(&self, session: &mut Session, now_ms: i64) -> bool {
        times::touch(session, now_ms)
    }

    fn keep(&self, session: &Session, now_ms: i64) -> Keep {
        self.keep_for(session, now_ms)
    }

    fn set_cookie(&self, held: Held<'_>, _: &Session, now_ms: i64) -> Result<String, Error> {
        self.write_cookie(held, now_ms)
    }

    fn removal_cookie(&self) -> String {
        self.removal()
    }
}
