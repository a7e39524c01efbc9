use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hallpass::{InvalidCursor, StoreFault};
use hallpass_sql::{CorruptRow, NewerSchema};
use tokio_postgres::error::SqlState;

use crate::tls::TlsError;
use crate::url::InvalidUrl;

/// Why a store could not be opened; names the server, never a password, and says what to do.
pub type OpenError = hallpass_sql::OpenError<InvalidUrl>;

const PERMISSIONS: &str = "pg_hba.conf";
const REMEDY: &str = "let it own the schema hallpass, or make that once as an owner of the database: \
    CREATE SCHEMA hallpass AUTHORIZATION the_user";

/// Returns why the store on this server could not be opened.
pub(crate) fn open_error(server: &str, fault: Fault) -> OpenError {
    let server = server.to_owned();
    match fault {
        Fault::Unfit(problem) => return OpenError::Unfit { server, problem },
        Fault::Newer(source) => return OpenError::Newer { server, source },
        Fault::Missing => return OpenError::Missing { server },
        _ => {}
    }
    let code = fault.code().map(str::to_owned);
    let is_encryption = matches!(fault, Fault::Tls(_));
    let source = Box::new(fault);
    match code.as_deref() {
        None if !is_encryption => OpenError::Away { server, source },
        Some("42501") => OpenError::NotPermitted { server, source, remedy: REMEDY },
        Some(code) if ["08", "53", "57"].iter().any(|class| code.starts_with(class)) => {
            OpenError::Away { server, source }
        }
        Some(code) if ["28", "3D"].iter().any(|class| code.starts_with(class)) => {
            OpenError::Refused { server, source, permissions: PERMISSIONS }
        }
        _ => OpenError::Failed { server, source },
    }
}

/// What went wrong with a question or a write.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    #[error("{}{}", Said(.0), advice(.0))]
    Postgres(#[from] tokio_postgres::Error),
    #[error("no connection was given: {0}")]
    Given(Box<dyn Error + Send + Sync>),
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

    /// Tells whether there was a row of this key already.
    pub(crate) fn is_duplicate(&self) -> bool {
        self.code() == Some("23505")
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
}

impl StoreFault for Fault {
    fn is_corrupt(&self) -> bool {
        match self {
            Self::Row(_) => true,
            Self::Recent(fault) => fault.is_corrupt(),
            // Tables that are not ours, and damage on the disk.
            _ => self.code().is_some_and(|code| matches!(code, "42P01" | "42703" | "3F000" | "XX001" | "XX002")),
        }
    }

    fn is_unsupported(&self) -> bool {
        matches!(self, Self::Cursor(_))
    }
}
