use hallpass::StoreError;

/// The error of reading or changing a session of another framework.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Error(Kind);

#[derive(Debug, thiserror::Error)]
enum Kind {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Dialect(#[from] hallpass_dialects::Error),
    #[error("{0} was changed by somebody else since it was read")]
    Conflict(String),
    #[cfg(feature = "axum")]
    #[error("{0} is not of the type that was asked for, or cannot be stored: {1}")]
    Value(String, serde_json::Error),
    #[error("{0}")]
    Unsupported(&'static str),
}

impl Error {
    pub(crate) fn conflict(name: &str) -> Self {
        Self(Kind::Conflict(name.to_owned()))
    }

    pub(crate) fn unsupported(what: &'static str) -> Self {
        Self(Kind::Unsupported(what))
    }

    #[cfg(feature = "axum")]
    pub(crate) fn value(name: &str, error: serde_json::Error) -> Self {
        Self(Kind::Value(name.to_owned(), error))
    }

    pub(crate) fn answer(what: &'static str) -> Self {
        Self(Kind::Store(StoreError::unavailable(what)))
    }

    /// Tells whether the store cannot be used now: nothing is known of the session, and it may have been written.
    pub fn is_unavailable(&self) -> bool {
        matches!(&self.0, Kind::Store(error) if error.is_unavailable())
    }

    /// Tells whether what a change was made of has changed meanwhile; nothing was written.
    pub fn is_conflict(&self) -> bool {
        matches!(self.0, Kind::Conflict(_))
    }

    /// Tells whether the store, or this way of keeping sessions, cannot do that at all.
    pub fn is_unsupported(&self) -> bool {
        matches!(&self.0, Kind::Unsupported(_)) || matches!(&self.0, Kind::Store(error) if error.is_unsupported())
    }

    /// Returns what was wrong with the bytes, if that was it; nothing was written.
    pub fn dialect(&self) -> Option<&hallpass_dialects::Error> {
        match &self.0 {
            Kind::Dialect(error) => Some(error),
            _ => None,
        }
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self(error.into())
    }
}

impl From<hallpass_dialects::Error> for Error {
    fn from(error: hallpass_dialects::Error) -> Self {
        Self(error.into())
    }
}
