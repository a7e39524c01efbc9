use std::error::Error;
use std::fmt;

/// Why a store could not do what was asked; its source is for the log, never for a client.
#[derive(Debug)]
pub struct StoreError {
    kind: Kind,
    source: Box<dyn Error + Send + Sync>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Unavailable,
    Unsupported,
    Corrupt,
}

impl StoreError {
    /// Returns the error of a store that is away, full, or too slow, or whose outcome is not known.
    pub fn unavailable(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: Kind::Unavailable, source: source.into() }
    }

    /// Returns the error of a store that cannot do this at all.
    pub fn unsupported(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: Kind::Unsupported, source: source.into() }
    }

    /// Returns the error of a store that holds something else than records.
    pub fn corrupt(source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self { kind: Kind::Corrupt, source: source.into() }
    }

    /// Tells whether trying again later may help.
    pub fn is_unavailable(&self) -> bool {
        self.kind == Kind::Unavailable
    }

    /// Tells whether this store can never do it.
    pub fn is_unsupported(&self) -> bool {
        self.kind == Kind::Unsupported
    }

    /// Tells whether what is stored is damaged.
    pub fn is_corrupt(&self) -> bool {
        self.kind == Kind::Corrupt
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let what = match self.kind {
            Kind::Unavailable => "the session store is unavailable",
            Kind::Unsupported => "the session store cannot do this",
            Kind::Corrupt => "the session store holds something that is not a session",
        };
        write!(f, "{what}: {}", self.source)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&*self.source)
    }
}
