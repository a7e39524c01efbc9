use super::{Backend, Django};
use crate::dialect::Stored;
use crate::error::{Error, Format};
use crate::format::json::{self, Spelling};
use crate::format::{compress, msgpack, pickle};
use crate::session::{Session, Times};
use crate::value::{Map, Value};

use super::times;

/// Where [`Session::own`] says how a signed text, and a value of a cache, were serialised.
const SIGNED_AS: &str = "signed_as";
const CACHED_AS: &str = "cached_as";
const PICKLE: &str = "pickle";
const JSON: &str = "json";
const MESSAGE_PACK: &str = "msgpack";

/// How a cache keeps its values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Cache {
    /// Django's own `RedisCache`: pickle, protocol 5.
    #[default]
    BuiltIn,
    /// django-redis: pickle, protocol 4.
    DjangoRedis,
    /// django-redis with its `JSONSerializer`.
    DjangoRedisJson,
    /// django-redis with its `MSGPackSerializer`, which is only read.
    DjangoRedisMessagePack,
}

impl Django {
    pub(super) fn read_stored(&self, stored: &Stored) -> Result<Session, Error> {
        let bytes = stored.bytes();
        let bytes =
            bytes.ok_or_else(|| Error::malformed(Format::DjangoCache, 0, "Django keeps a session in one piece"))?;
        match self.backend {
            Backend::Cache => self.read_cached(bytes),
            // Signed text begins with a letter or a point, and no value of a cache does.
            Backend::CachedDb if !is_signed(bytes) => self.read_cached(bytes),
            // A file that was made and not yet written is an empty session.
            Backend::File if bytes.is_empty() => Ok(Session::new()),
            Backend::Db | Backend::CachedDb | Backend::File | Backend::SignedCookies => self.open(bytes),
        }
    }

    /// Reads signed text.
    pub(super) fn open(&self, text: &[u8]) -> Result<Session, Error> {
        let signed = self.signer.open(text, &self.limits)?;
        // Only PickleSerializer, which went with Django 5, begins so.
        let (value, serializer) = match signed.payload.first() {
            Some(0x80) => (pickle::read(&signed.payload, &self.limits)?, PICKLE),
            _ => (json::read(&from_latin1(&signed.payload), Spelling::Python, &self.limits)?, JSON),
        };
        let mut session = session(value, Format::DjangoSigned)?;
        session.own.insert(SIGNED_AS, serializer.into());
        session.times.signed_at_ms = Some(signed.at_s.saturating_mul(1000));
        Ok(session)
    }

    /// Writes signed text.
    pub(super) fn seal(&self, session: &Session, now_ms: i64) -> Result<String, Error> {
        let value = Value::Map(session.attributes.clone());
        let payload = match session.own.get(SIGNED_AS) {
            Some(serializer) if serializer.is(PICKLE) => pickle::write(&value, 5, &self.limits)?,
            _ => json::write(&value, Spelling::Python)?,
        };
        self.signer.seal(&self.limits.admit(Format::DjangoSigned, payload)?, now_ms.div_euclid(1000))
    }

    fn read_cached(&self, bytes: &[u8]) -> Result<Session, Error> {
        let plain = compress::plain(bytes, &self.limits)?;
        let (value, serializer) = match plain.first() {
            Some(b'{') => (json::read(&plain, Spelling::PythonSpaced, &self.limits)?, JSON),
            // An empty map of MessagePack has the first byte of a pickle, and nothing behind it.
            Some(0x81..=0x8f | 0xde | 0xdf) => (msgpack::read(&plain, &self.limits)?, MESSAGE_PACK),
            Some(0x80) if plain.len() == 1 => (msgpack::read(&plain, &self.limits)?, MESSAGE_PACK),
            // Both kinds of cache keep numbers as digits.
            Some(b'-' | b'0'..=b'9') => return Err(Error::malformed(Format::DjangoCache, 0, "it is a number")),
            _ => (pickle::read(&plain, &self.limits)?, PICKLE),
        };
        let mut session = session(value, Format::DjangoCache)?;
        session.own.insert(CACHED_AS, serializer.into());
        Ok(session)
    }

    pub(super) fn write_cached(&self, session: &Session) -> Result<Stored, Error> {
        let value = Value::Map(session.attributes.clone());
        // What was read in one way is written so: whoever configured another one here would sign everybody out.
        let serializer = session.own.get(CACHED_AS).and_then(Value::as_str).unwrap_or(match self.cache {
            Cache::BuiltIn | Cache::DjangoRedis => PICKLE,
            Cache::DjangoRedisJson => JSON,
            Cache::DjangoRedisMessagePack => MESSAGE_PACK,
        });
        let bytes = match serializer {
            PICKLE => pickle::write(&value, if self.cache == Cache::BuiltIn { 5 } else { 4 }, &self.limits)?,
            JSON => json::write(&value, Spelling::PythonSpaced)?,
            _ => return Err(Error::read_only(Format::MessagePack, "it is only read")),
        };
        self.limits.admit(Format::DjangoCache, bytes).map(Stored::Bytes)
    }
}

fn is_signed(bytes: &[u8]) -> bool {
    bytes.first().is_some_and(|first| first.is_ascii_alphanumeric() || *first == b'.')
        && memchr::memchr_iter(b':', bytes).count() == 2
        && bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b".:-_=".contains(byte))
}

fn session(value: Value, format: Format) -> Result<Session, Error> {
    let Value::Map(attributes) = value else {
        return Err(Error::malformed(format, 0, "a session is a dict"));
    };
    let times = Times { expires_at_ms: expiry(&attributes), ..Times::default() };
    Ok(Session { attributes, times, own: Map::new() })
}

fn expiry(attributes: &Map) -> Option<i64> {
    attributes.get("_session_expiry").and_then(times::expires_at_ms)
}

fn from_latin1(bytes: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    if bytes.is_ascii() {
        return bytes.into();
    }
    bytes.iter().copied().map(char::from).collect::<String>().into_bytes().into()
}
