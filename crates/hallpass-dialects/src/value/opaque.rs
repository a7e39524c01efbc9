use std::fmt;

use super::Value;

/// An object that is kept and not understood well enough to be written anew: a class of Java, a struct of Go.
///
/// Its bytes go back as they came. It is never constructed, and nothing of it is ever executed.
#[derive(Clone, PartialEq)]
pub struct Opaque {
    class: Box<str>,
    bytes: Box<[u8]>,
    view: Value,
}

impl Opaque {
    pub(crate) fn new(class: &str, bytes: &[u8], view: Value) -> Self {
        Self { class: class.into(), bytes: bytes.into(), view }
    }

    /// Returns the name of its class, as whoever wrote it named it.
    pub fn class(&self) -> &str {
        &self.class
    }

    /// Returns the bytes that stand for it where it was read; none if it is part of another opaque value, which has them.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns what of it could be read, for people and to find a user by; [`Value::Null`] if nothing.
    pub fn view(&self) -> &Value {
        &self.view
    }
}

impl fmt::Debug for Opaque {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({} bytes) {:?}", self.class, self.bytes.len(), self.view)
    }
}
