use super::{Gorilla, Home, Serializer};
use crate::dialect::Stored;
use crate::error::{Error, Format};
use crate::format::gob;
use crate::format::json::{self, Spelling};
use crate::session::Session;
use crate::value::{Map, Value};

/// boj/redistore takes no longer value, unless `SetMaxLength` says so.
const LONGEST: usize = 4096;

impl Gorilla {
    pub(super) fn read_stored(&self, stored: &Stored) -> Result<Session, Error> {
        let bytes = stored.bytes();
        let bytes = bytes.ok_or_else(|| Error::malformed(Format::Gob, 0, "gorilla keeps a session in one piece"))?;
        match self.home {
            Home::File | Home::Cookie => self.open(bytes, None),
            Home::Redistore | Home::RedisStore => self.values(bytes).map(session),
        }
    }

    pub(super) fn write_stored(&self, session: &Session, now_s: i64) -> Result<Stored, Error> {
        match self.home {
            Home::File | Home::Cookie => self.seal(session, now_s).map(|text| Stored::Bytes(text.into_bytes())),
            Home::RedisStore => self.serialised(&session.attributes).map(Stored::Bytes),
            Home::Redistore => {
                let bytes = self.serialised(&session.attributes)?;
                let longest = if self.codec.max_length == 0 { usize::MAX } else { self.codec.max_length.max(LONGEST) };
                if bytes.len() > longest {
                    let what = format!("it would have {} bytes, and redistore takes {longest}", bytes.len());
                    return Err(Error::too_large(Format::Gob, longest, what));
                }
                Ok(Stored::Bytes(bytes))
            }
        }
    }

    /// Opens what is signed, and maybe encrypted.
    pub(super) fn open(&self, text: &[u8], now_s: Option<i64>) -> Result<Session, Error> {
        let read = |payload: &[u8]| gob::read_map(payload, &self.limits);
        let (attributes, at_s) = self.codec.open(&self.name, text, now_s, read)?;
        let mut session = session(attributes);
        session.times.signed_at_ms = Some(at_s.saturating_mul(1000));
        Ok(session)
    }

    pub(super) fn seal(&self, session: &Session, now_s: i64) -> Result<String, Error> {
        self.codec.seal(&self.name, gob::write_map(&session.attributes, &self.limits)?, now_s)
    }

    fn values(&self, bytes: &[u8]) -> Result<Map, Error> {
        match self.serializer {
            Serializer::Gob => gob::read_map(bytes, &self.limits),
            Serializer::Json => match json::read(bytes, Spelling::Go, &self.limits)? {
                Value::Map(map) => Ok(map),
                _ => Err(Error::malformed(Format::Json, 0, "a session is an object")),
            },
        }
    }

    fn serialised(&self, attributes: &Map) -> Result<Vec<u8>, Error> {
        match self.serializer {
            Serializer::Gob => gob::write_map(attributes, &self.limits),
            Serializer::Json => json::write(&Value::Map(attributes.clone()), Spelling::Go),
        }
    }
}

fn session(attributes: Map) -> Session {
    Session { attributes, ..Session::new() }
}
