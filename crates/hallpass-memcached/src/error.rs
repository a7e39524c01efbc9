use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use hallpass::{StoreError, StoreFault};

use crate::stored::CorruptValue;
use crate::url::InvalidUrl;

/// Why a store could not be opened; names the server and says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL does not name servers.
    #[error(transparent)]
    Url(#[from] InvalidUrl),
    /// The options cannot be used.
    #[error("{0}")]
    Options(&'static str),
    /// No server can be reached.
    #[error("{place}: cannot be reached ({source}); check the address, and that the server runs and takes connections")]
    Away {
        /// The server.
        place: String,
        /// What the system or the server said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server refuses the user or the password.
    #[error("{place}: refuses the user or the password; check both, and the file that the server has of them (-Y)")]
    Refused {
        /// The server.
        place: String,
    },
    /// The server is older than the store can use.
    #[error("{place}: runs version {version}; the store needs Memcached 1.6.18")]
    TooOld {
        /// The server.
        place: String,
        /// The version that it tells.
        version: String,
    },
    /// The server was started without compare-and-set.
    #[error("{place}: was started without compare-and-set; start it without -C")]
    NoCas {
        /// The server.
        place: String,
    },
}

impl OpenError {
    pub(crate) fn new(place: &str, fault: Fault) -> Self {
        let place = place.to_owned();
        match fault {
            Fault::TooOld(version) => Self::TooOld { place, version },
            Fault::NoCas => Self::NoCas { place },
            Fault::Refused => Self::Refused { place },
            fault => Self::Away { place, source: fault.into() },
        }
    }
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Away { .. } | OpenError::Refused { .. } => Self::unavailable(error),
            _ => Self::unsupported(error),
        }
    }
}

/// What can go wrong with a question to a server.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{0}")]
    Io(Arc<io::Error>),
    #[error("no answer within {0:?}")]
    Late(Duration),
    #[error("the connection was lost before the answer came: what was asked may have been done")]
    Lost,
    #[error("the connections are closed")]
    Closed,
    #[error("the server answers something else than was asked: {0}")]
    Answer(&'static str),
    #[error("the server says {0:?}")]
    Server(String),
    #[error("the server has no memory left, and throws nothing away")]
    NoMemory,
    #[error("the record is larger than the server takes; start it with a larger -I, or keep less in a session")]
    TooLarge,
    #[error(
        "the record has {bytes} bytes, and the server takes {most}; start it with a larger -I, or keep less in a session"
    )]
    LargerThan { bytes: usize, most: usize },
    #[error("the server refuses the user or the password")]
    Refused,
    #[error("the server runs version {0}, and the store needs Memcached 1.6.18")]
    TooOld(String),
    #[error("the server was started without compare-and-set")]
    NoCas,
    #[error("under the key {key} is no record: {source}")]
    Value { key: String, source: CorruptValue },
    #[error("under the key {0} is no number")]
    Number(String),
}

impl Fault {
    /// Tells whether the server keeps its word, so that the connection is as good as before.
    pub(crate) fn leaves_the_connection(&self) -> bool {
        matches!(self, Self::NoMemory | Self::TooLarge)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Io(Arc::new(error))
    }
}

impl StoreFault for Fault {
    fn is_corrupt(&self) -> bool {
        matches!(self, Self::Value { .. } | Self::Number(_))
    }

    fn is_unsupported(&self) -> bool {
        matches!(self, Self::TooLarge | Self::LargerThan { .. })
    }
}
