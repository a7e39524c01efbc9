use std::borrow::Cow;
use std::fmt;

/// What bytes were read as, or were to be written as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// A cookie of express-session.
    ExpressCookie,
    /// JSON, in any framework's spelling.
    Json,
    /// Text that was signed by `django.core.signing`.
    DjangoSigned,
    /// What a cache of Django holds, before it is known how it was serialised.
    DjangoCache,
    /// Python's pickle.
    Pickle,
    /// `MessagePack`.
    MessagePack,
    /// Compressed bytes, with any of the compressors of django-redis.
    Compressed,
    /// A cookie of Spring Session.
    SpringCookie,
    /// The fields of a session in Spring Session.
    SpringFields,
    /// Java's own serialisation.
    Jdk,
    /// A value of gorilla/securecookie.
    SecureCookie,
    /// Go's gob.
    Gob,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ExpressCookie => "express-session cookie",
            Self::Json => "JSON",
            Self::DjangoSigned => "Django signed text",
            Self::DjangoCache => "Django cache value",
            Self::Pickle => "pickle",
            Self::MessagePack => "MessagePack",
            Self::Compressed => "compressed value",
            Self::SpringCookie => "Spring Session cookie",
            Self::SpringFields => "Spring Session fields",
            Self::Jdk => "JDK serialisation",
            Self::SecureCookie => "securecookie",
            Self::Gob => "gob",
        })
    }
}

/// The error of reading or writing another framework's session; names the format and, where it has one, the offset.
///
/// Whatever could not be read is left where it is: an error is never a reason to drop or replace what is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: Kind,
    format: Format,
    at: Option<usize>,
    what: Cow<'static, str>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Malformed,
    TooLarge,
    Foreign,
    Forged,
    Expired,
    ReadOnly,
}

impl Error {
    pub(crate) fn malformed(format: Format, at: usize, what: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: Kind::Malformed, format, at: Some(at), what: what.into() }
    }

    pub(crate) fn too_large(format: Format, at: usize, what: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: Kind::TooLarge, format, at: Some(at), what: what.into() }
    }

    /// A class that is not known: its name comes from whoever wrote the bytes, so it is cut and escaped.
    pub(crate) fn foreign(format: Format, at: usize, class: &str) -> Self {
        let name: String = class.chars().take(120).flat_map(char::escape_default).collect();
        Self {
            kind: Kind::Foreign,
            format,
            at: Some(at),
            what: format!("{name} is of a class that is not known").into(),
        }
    }

    pub(crate) fn forged(format: Format) -> Self {
        Self { kind: Kind::Forged, format, at: None, what: "the signature is of none of the keys".into() }
    }

    pub(crate) fn expired(format: Format) -> Self {
        Self { kind: Kind::Expired, format, at: None, what: "its time is over".into() }
    }

    pub(crate) fn read_only(format: Format, what: impl Into<Cow<'static, str>>) -> Self {
        Self { kind: Kind::ReadOnly, format, at: None, what: what.into() }
    }

    /// Returns what was read or written.
    pub fn format(&self) -> Format {
        self.format
    }

    /// Returns the offset in bytes at which reading stopped, if it was at a certain byte.
    ///
    /// It counts from the start of what has this [`format`](Self::format): behind a signature, a base64 or a compression,
    /// that is what they were taken off from.
    pub fn offset(&self) -> Option<usize> {
        self.at
    }

    /// Tells whether the bytes are not of their format at all.
    pub fn is_malformed(&self) -> bool {
        self.kind == Kind::Malformed
    }

    /// Tells whether the bytes, or what they stand for, are beyond the [`Limits`](crate::Limits), or beyond what the
    /// framework would accept when writing.
    pub fn is_too_large(&self) -> bool {
        self.kind == Kind::TooLarge
    }

    /// Tells whether the bytes are in order but hold an object of a class that is not known. It was not constructed; what
    /// is stored can be listed, kept and revoked, and not be read or changed.
    pub fn is_foreign(&self) -> bool {
        self.kind == Kind::Foreign
    }

    /// Tells whether nobody who has one of the keys signed it.
    pub fn is_forged(&self) -> bool {
        self.kind == Kind::Forged
    }

    /// Tells whether it was signed longer ago than is accepted.
    pub fn is_expired(&self) -> bool {
        self.kind == Kind::Expired
    }

    /// Tells whether it can be read and not be written: nothing was written.
    pub fn is_read_only(&self) -> bool {
        self.kind == Kind::ReadOnly
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.format)?;
        if let Some(at) = self.at {
            write!(f, " at byte {at}")?;
        }
        write!(f, ": {}", self.what)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_format_and_the_offset() {
        let error = Error::malformed(Format::Pickle, 17, "there is no such opcode");
        assert_eq!(error.to_string(), "pickle at byte 17: there is no such opcode");
        assert_eq!(
            Error::forged(Format::SecureCookie).to_string(),
            "securecookie: the signature is of none of the keys"
        );
    }

    #[test]
    fn a_class_is_named_without_control_characters_and_in_short() {
        let error = Error::foreign(Format::Jdk, 4, &format!("\u{1b}[31m{}", "x".repeat(500)));
        assert!(error.is_foreign());
        assert!(error.to_string().starts_with("JDK serialisation at byte 4: \\u{1b}[31mxxx"), "{error}");
        assert!(error.to_string().len() < 200);
    }
}
