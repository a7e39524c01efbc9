use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hallpass::{InvalidCursor, StoreError};
use hallpass_sql::{CorruptRow, NewerSchema};
use tokio_postgres::error::SqlState;

use crate::tls::TlsError;
use crate::url::InvalidUrl;

/// Why a store could not be opened; names the server, never a password, and says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The URL names no store.
    #[error(transparent)]
    Url(#[from] InvalidUrl),
    /// The server did not answer, or ended the connection.
    #[error("{server}: the server is away ({source}); start it, or check the address")]
    Away {
        /// The server.
        server: String,
        /// What happened.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server refused the user, the password or the database.
    #[error(
        "{server}: the server refused to let this user in ({source}); check user, password, database and pg_hba.conf"
    )]
    Refused {
        /// The server.
        server: String,
        /// What the server said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The user may not make or use the tables.
    #[error(
        "{server}: this user may not do that ({source}); let it own the schema hallpass, or make that once as an \
             owner of the database: CREATE SCHEMA hallpass AUTHORIZATION the_user"
    )]
    NotPermitted {
        /// The server.
        server: String,
        /// What the server said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// There are no tables, and none were to be made.
    #[error("{server}: there is no store here; check the database, or start the service once to make one")]
    Missing {
        /// The server.
        server: String,
    },
    /// The tables were made by a later release.
    #[error("{server}: made by a later release: {source}; use that release, or another database")]
    Newer {
        /// The server.
        server: String,
        /// Which schemas there are.
        source: NewerSchema,
    },
    /// The server or database cannot hold a store.
    #[error("{server}: {problem}")]
    Unfit {
        /// The server.
        server: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// Something else failed.
    #[error("{server}: {source}")]
    Failed {
        /// The server.
        server: String,
        /// What the server or the driver said.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl OpenError {
    pub(crate) fn of(server: &str, fault: Fault) -> Self {
        let server = server.to_owned();
        match fault {
            Fault::Unfit(problem) => return Self::Unfit { server, problem },
            Fault::Newer(source) => return Self::Newer { server, source },
            Fault::Missing => return Self::Missing { server },
            _ => {}
        }
        let code = fault.code().map(str::to_owned);
        let is_encryption = matches!(fault, Fault::Tls(_));
        let source = Box::new(fault);
        match code.as_deref() {
            None if !is_encryption => Self::Away { server, source },
            Some("42501") => Self::NotPermitted { server, source },
            Some(code) if ["08", "53", "57"].iter().any(|class| code.starts_with(class)) => {
                Self::Away { server, source }
            }
            Some(code) if ["28", "3D"].iter().any(|class| code.starts_with(class)) => Self::Refused { server, source },
            _ => Self::Failed { server, source },
        }
    }
}

impl From<OpenError> for StoreError {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Url(_) | OpenError::Newer { .. } | OpenError::Unfit { .. } => Self::unsupported(error),
            _ => Self::unavailable(error),
        }
    }
}

/// What went wrong with a question or a write.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{}{}", Said(.0), advice(.0))]
    Postgres(#[from] tokio_postgres::Error),
    #[error("no answer within {0:?}; what was asked may still happen")]
    Slow(Duration),
    #[error("it only reads: it is a standby, or was made one; name the primary, or several hosts")]
    StandBy,
    #[error("{0}")]
    Recent(Arc<Fault>),
    #[error("a row is damaged: {0}; restore a backup, or remove the row")]
    Row(#[from] CorruptRow),
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("{0}")]
    Unfit(String),
    #[error(transparent)]
    Newer(#[from] NewerSchema),
    #[error("there is no schema hallpass")]
    Missing,
}

/// What the server said: its message, and not what it repeats of values.
struct Said<'a>(&'a tokio_postgres::Error);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(said) = self.0.as_db_error() {
            return write!(f, "{} ({})", said.message(), said.code().code());
        }
        write!(f, "{}", self.0)?;
        let source = self.0.source();
        source.map_or(Ok(()), |source| write!(f, ": {source}"))
    }
}

fn advice(error: &tokio_postgres::Error) -> &'static str {
    match error.code().map(SqlState::code) {
        Some("53100") => "; free space on its disk",
        Some("53300") => "; raise max_connections, or lower connections= in the URL",
        Some("57014") => "; the server is too busy, or another transaction holds the row",
        Some("42P01" | "42703" | "3F000") => "; the tables were changed by hand: restore a backup",
        Some("XX001" | "XX002") => "; stop the service and restore a backup",
        _ => "",
    }
}

impl Fault {
    fn code(&self) -> Option<&str> {
        match self {
            Self::Postgres(error) => error.code().map(SqlState::code),
            Self::Recent(fault) => fault.code(),
            _ => None,
        }
    }

    /// Tells whether the connection was lost, so that the next one may have an answer.
    pub(crate) fn is_lost(&self) -> bool {
        match self {
            Self::Postgres(error) => error.is_closed() || self.code().is_none_or(|code| code.starts_with("57P")),
            _ => false,
        }
    }

    /// Tells whether the connection is not to be used again.
    pub(crate) fn is_distrusted(&self) -> bool {
        // A plan or statement that is not there any more: the tables changed under it. 25006: it only reads by now.
        self.is_lost()
            || matches!(self, Self::Slow(_) | Self::StandBy)
            || matches!(self.code(), Some("0A000" | "26000" | "25006"))
    }

    fn is_corrupt(&self) -> bool {
        match self {
            Self::Row(_) => true,
            Self::Recent(fault) => fault.is_corrupt(),
            // Tables that are not ours, and damage on the disk.
            _ => self.code().is_some_and(|code| matches!(code, "42P01" | "42703" | "3F000" | "XX001" | "XX002")),
        }
    }
}

/// A fault and the server that has it.
#[derive(Debug)]
struct Trouble {
    server: Arc<str>,
    fault: Fault,
}

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.server, self.fault)
    }
}

impl Error for Trouble {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.fault)
    }
}

impl Fault {
    pub(crate) fn at(self, server: &Arc<str>) -> StoreError {
        let trouble = Trouble { server: Arc::clone(server), fault: self };
        match &trouble.fault {
            Fault::Cursor(_) => StoreError::unsupported(trouble),
            fault if fault.is_corrupt() => StoreError::corrupt(trouble),
            _ => StoreError::unavailable(trouble),
        }
    }
}
