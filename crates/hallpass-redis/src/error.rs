use std::error::Error;
use std::time::Duration;

use hallpass::{InvalidCursor, StoreError, StoreFault};
use redis::{ErrorKind, RedisError, ServerErrorKind};

use crate::stored::CorruptValue;
use crate::url::InvalidUrl;

/// Why a store could not be opened; names the server and says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL does not name a server.
    #[error(transparent)]
    Url(#[from] InvalidUrl),
    /// The prefix has braces, which would decide about the slots of a cluster.
    #[error("the prefix of keys is at most 64 letters, digits and signs without braces")]
    Prefix,
    /// The server cannot be reached.
    #[error("{place}: cannot be reached ({source}); check the address, and that the server runs and takes connections")]
    Away {
        /// The server.
        place: String,
        /// What the system or the server said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server refuses the user or the password.
    #[error("{place}: refuses the user or the password ({source}); check both, and the rules of that user")]
    Refused {
        /// The server.
        place: String,
        /// What the server said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server is older than the store can use.
    #[error("{place}: runs version {version}; the store needs Redis 6.2 or Valkey")]
    TooOld {
        /// The server.
        place: String,
        /// The version that it tells.
        version: String,
    },
    /// A certificate or key cannot be read.
    #[error("{place}: the certificates cannot be used ({source}); they are to be PEM files")]
    Certificates {
        /// The server.
        place: String,
        /// What is wrong.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl OpenError {
    pub(crate) fn new(place: &str, fault: Fault) -> Self {
        let place = place.to_owned();
        match fault {
            Fault::TooOld(version) => Self::TooOld { place, version },
            fault if fault.is_refusal() => Self::Refused { place, source: fault.into() },
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

/// What can go wrong with a question to the server.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{0}")]
    Redis(#[from] RedisError),
    #[error("no answer within {0:?}")]
    Late(Duration),
    #[error("it is a replica, which takes no writes")]
    Replica,
    #[error("it is loading its data")]
    Loading,
    #[error("it runs version {0}, and the store needs Redis 6.2 or Valkey")]
    TooOld(String),
    #[error("no sentinel knows the primary of {0}")]
    NoPrimary(String),
    #[error("{acknowledged} of {wanted} replicas took the write in time: it may be lost if the server is")]
    NotReplicated { acknowledged: u32, wanted: u32 },
    #[error("the connections are closed")]
    Closed,
    #[error("the server answers something else than was asked: {0}")]
    Answer(&'static str),
    #[error("under the key {key} is no record: {source}")]
    Value { key: String, source: CorruptValue },
    #[error("an event of the session in {0} cannot be read")]
    Event(String),
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
}

impl Fault {
    /// Tells whether the connection is no good any more.
    pub(crate) fn is_of_connection(&self) -> bool {
        match self {
            Self::Redis(error) => error.is_unrecoverable_error() || error.is_io_error() || self.is_of_role(),
            Self::Late(_) => true,
            _ => false,
        }
    }

    /// Tells whether the server takes no writes, or does not answer yet: another one may.
    fn is_of_role(&self) -> bool {
        matches!(
            self.kind(),
            Some(ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown | ServerErrorKind::BusyLoading)
        )
    }

    /// Tells whether the question was certainly not acted upon, and may be soon, or by another server.
    pub(crate) fn is_not_done(&self) -> bool {
        let is_redirected = matches!(
            self.kind(),
            Some(
                ServerErrorKind::Moved
                    | ServerErrorKind::Ask
                    | ServerErrorKind::TryAgain
                    | ServerErrorKind::ClusterDown
            )
        );
        let is_without_node =
            matches!(self, Self::Redis(error) if error.kind() == ErrorKind::ClusterConnectionNotFound);
        self.is_of_role() || is_redirected || is_without_node
    }

    fn kind(&self) -> Option<ServerErrorKind> {
        match self {
            Self::Redis(error) => match error.kind() {
                ErrorKind::Server(kind) => Some(kind),
                _ => None,
            },
            _ => None,
        }
    }

    pub(crate) fn is_unknown_script(&self) -> bool {
        self.kind() == Some(ServerErrorKind::NoScript)
    }

    fn is_refusal(&self) -> bool {
        let Self::Redis(error) = self else { return false };
        error.kind() == ErrorKind::AuthenticationFailed
            || matches!(error.code(), Some("NOAUTH" | "WRONGPASS" | "NOPERM"))
    }
}

impl StoreFault for Fault {
    fn is_corrupt(&self) -> bool {
        match self {
            Self::Value { .. } | Self::Event(_) => true,
            // The key of a record holds something else.
            Self::Redis(error) => error.code() == Some("WRONGTYPE"),
            _ => false,
        }
    }

    fn is_unsupported(&self) -> bool {
        matches!(self, Self::Cursor(_) | Self::TooOld(_))
    }
}
