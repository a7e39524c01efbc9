use super::{Repository, Serializer, Spring, jackson};
use crate::dialect::Stored;
use crate::error::{Error, Format};
use crate::format::jdk;
use crate::session::{Session, Times};
use crate::value::{Map, Value};

/// What the names of attributes begin with in a hash.
const ATTRIBUTE: &str = "sessionAttr:";
/// Where [`Session::own`] says that Java's own serialisation was met: it is kept, whatever is configured here.
const SERIALISED_AS: &str = "serialised_as";
const JDK_MAGIC: u8 = 0xac;
const CREATED: &str = "creationTime";
const SEEN: &str = "lastAccessedTime";
const IDLE: &str = "maxInactiveInterval";

impl Spring {
    pub(super) fn read_stored(&self, stored: &Stored) -> Result<Session, Error> {
        let Stored::Fields(fields) = stored else {
            return Err(Error::malformed(Format::SpringFields, 0, "Spring keeps a session in fields"));
        };
        let mut session = Session::new();
        let mut attributes = Vec::with_capacity(fields.len());
        let mut own = Vec::new();
        let size: usize = fields.iter().map(|(name, bytes)| name.len() + bytes.len()).sum();
        if size > self.limits.bytes {
            return Err(Error::too_large(Format::SpringFields, self.limits.bytes, format!("it has {size} bytes")));
        }
        for (name, bytes) in fields {
            let attribute =
                if self.repository == Repository::Jdbc { Some(name.as_str()) } else { name.strip_prefix(ATTRIBUTE) };
            match attribute {
                // What was removed stays as an empty value; to Spring, null is the same.
                Some(attribute) => match self.value(bytes)? {
                    Value::Null => {}
                    value => attributes.push((attribute.into(), value)),
                },
                None => own.push((name.as_str(), bytes)),
            }
        }
        session.attributes = Map::from_pairs(attributes);
        if fields.iter().any(|(_, bytes)| bytes.first() == Some(&JDK_MAGIC)) {
            session.own.insert(SERIALISED_AS, "jdk".into());
        }
        if self.repository != Repository::Jdbc {
            session.times = self.times(&own)?;
        }
        Ok(session)
    }

    /// Reads the three fields that a session of Spring cannot be without.
    fn times(&self, own: &[(&str, &Vec<u8>)]) -> Result<Times, Error> {
        let number = |name: &'static str| {
            let missing = || Error::malformed(Format::SpringFields, 0, format!("{name} is missing, or no number"));
            let (_, bytes) = own.iter().find(|(own, _)| *own == name).ok_or_else(missing)?;
            self.value(bytes)?.as_int().map(Some).ok_or_else(missing)
        };
        Ok(Times {
            created_at_ms: number(CREATED)?,
            seen_at_ms: number(SEEN)?,
            idle_s: number(IDLE)?,
            ..Times::default()
        })
    }

    pub(super) fn write_stored(&self, session: &Session) -> Result<Stored, Error> {
        if session.own.get(SERIALISED_AS).is_some() && self.serializer != Serializer::Jdk {
            return Self { serializer: Serializer::Jdk, ..self.clone() }.write_stored(session);
        }
        let mut fields = Vec::with_capacity(session.attributes.len() + 3);
        let prefix = if self.repository == Repository::Jdbc { "" } else { ATTRIBUTE };
        if self.repository != Repository::Jdbc {
            // The three are always written together: one without the others is an error in every Spring that reads it.
            let missing = || Error::read_only(Format::SpringFields, "a session has three times");
            let created = session.times.created_at_ms.ok_or_else(missing)?;
            let seen = session.times.seen_at_ms.ok_or_else(missing)?;
            let idle = session.times.idle_s.and_then(|idle| i32::try_from(idle).ok()).ok_or_else(missing)?;
            fields.push((CREATED.to_owned(), self.bytes(&long(created))?));
            fields.push((SEEN.to_owned(), self.bytes(&long(seen))?));
            fields.push((IDLE.to_owned(), self.bytes(&Value::Int(idle.into()))?));
        }
        for (name, value) in session.attributes.iter() {
            let name = match name {
                Value::Text(name) => name.as_str(),
                _ => None,
            };
            let name =
                name.ok_or_else(|| Error::read_only(Format::SpringFields, "the name of an attribute is no text"))?;
            fields.push((format!("{prefix}{name}"), self.attribute(value)?));
        }
        let size: usize = fields.iter().map(|(name, bytes)| name.len() + bytes.len()).sum();
        if size > self.limits.bytes {
            let what = format!("it would have {size} bytes");
            return Err(Error::too_large(Format::SpringFields, self.limits.bytes, what));
        }
        Ok(Stored::Fields(fields))
    }

    /// Returns what is stored for an attribute: what is opaque goes back as it came.
    fn attribute(&self, value: &Value) -> Result<Vec<u8>, Error> {
        match value {
            Value::Null => Ok(Vec::new()),
            Value::Opaque(opaque) if !opaque.bytes().is_empty() => Ok(opaque.bytes().to_vec()),
            value => self.bytes(value),
        }
    }

    pub(super) fn value(&self, bytes: &[u8]) -> Result<Value, Error> {
        // A fleet that changes its serializer has both for a while; their first bytes tell them apart.
        match bytes.first() {
            None => Ok(Value::Null),
            Some(&JDK_MAGIC) => jdk::read(bytes, &self.limits),
            Some(_) if self.serializer == Serializer::Jdk => jdk::read(bytes, &self.limits),
            Some(_) => jackson::read(bytes, &self.limits),
        }
    }

    pub(super) fn bytes(&self, value: &Value) -> Result<Vec<u8>, Error> {
        match self.serializer {
            Serializer::Jdk => jdk::write(value),
            Serializer::Json => jackson::write(value),
        }
    }
}

fn long(number: i64) -> Value {
    Value::tagged("java.lang.Long", Value::Int(number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dialect::Dialect as _;

    #[test]
    fn an_attribute_that_is_null_is_one_that_was_removed() {
        for (serializer, null) in [(Serializer::Jdk, &b"\xac\xed\0\x05p"[..]), (Serializer::Json, b" null")] {
            for bytes in [&b""[..], null] {
                let spring = Spring::new(Repository::Jdbc, serializer);
                let stored = Stored::Fields(vec![("name".to_owned(), bytes.to_vec())]);
                assert!(spring.read(&stored).unwrap().attributes.is_empty(), "{bytes:?}");
            }
        }
    }

    #[test]
    fn what_would_be_too_long_to_be_read_is_not_written() {
        let spring = Spring::new(Repository::Jdbc, Serializer::Jdk);
        let mut session = Session::new();
        for name in ["a", "b", "c"] {
            session.attributes.insert(name, "x".repeat(1 << 20).into());
        }
        assert!(spring.write(&session, 0).unwrap_err().is_too_large());
    }
}
