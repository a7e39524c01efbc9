use std::error::Error;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use hallpass::{InvalidCursor, StoreError};
use hallpass_sql::{CorruptRow, NewerSchema};

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
    #[error("{server}: the server refused to let this user in ({source}); check user, password, database and grants")]
    Refused {
        /// The server.
        server: String,
        /// What the server said.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The user may not make or use the tables.
    #[error(
        "{server}: this user may not do that ({source}); let it: GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, \
             INDEX ON the_database.* TO the_user"
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
    /// The server cannot hold a store.
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
        let code = fault.code();
        let source = Box::new(fault);
        match code {
            // No such user or password, no such database, no right to it.
            Some(1044 | 1045 | 1049 | 1698) => Self::Refused { server, source },
            Some(1142 | 1143 | 1227 | 1370) => Self::NotPermitted { server, source },
            None | Some(1040 | 1053 | 1205 | 1290 | 1836) => Self::Away { server, source },
            Some(_) => Self::Failed { server, source },
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
    Mysql(#[source] mysql_async::Error),
    #[error("no answer within {0:?}; what was asked may still happen")]
    Slow(Duration),
    #[error("a row is damaged: {0}; restore a backup, or remove the row")]
    Row(#[from] CorruptRow),
    #[error(transparent)]
    Cursor(#[from] InvalidCursor),
    #[error("{0}")]
    Unfit(String),
    #[error(transparent)]
    Newer(#[from] NewerSchema),
    #[error("there are no tables named hallpass_")]
    Missing,
}

impl From<mysql_async::Error> for Fault {
    fn from(error: mysql_async::Error) -> Self {
        Self::Mysql(error)
    }
}

/// What the server said, or how the connection was lost; never what was sent.
struct Said<'a>(&'a mysql_async::Error);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            mysql_async::Error::Server(said) => write!(f, "{} ({})", said.message, said.code),
            mysql_async::Error::Io(error) => write!(f, "{error}"),
            // A packet that was not expected is not to be shown.
            mysql_async::Error::Driver(mysql_async::DriverError::ConnectionClosed) => {
                f.write_str("the connection was closed")
            }
            mysql_async::Error::Driver(_) => f.write_str("the server said something that the driver did not expect"),
            error => write!(f, "{error}"),
        }
    }
}

fn advice(error: &mysql_async::Error) -> &'static str {
    match error {
        mysql_async::Error::Server(said) => match said.code {
            1021 | 1041 | 1114 => "; free space on its disk, or memory",
            1040 | 1203 => "; raise max_connections, or lower connections= in the URL",
            1205 | 1969 | 3024 => "; the server is too busy, or another transaction holds the row",
            1290 | 1836 => "; it only reads: name the primary",
            1054 | 1146 => "; the tables were changed by hand: restore a backup",
            1153 => "; raise max_allowed_packet",
            _ => "",
        },
        _ => "",
    }
}

impl Fault {
    pub(crate) fn code(&self) -> Option<u16> {
        match self {
            Self::Mysql(mysql_async::Error::Server(said)) => Some(said.code),
            _ => None,
        }
    }

    /// Tells whether there was a row of this key already.
    pub(crate) fn is_duplicate(&self) -> bool {
        self.code() == Some(1062)
    }

    /// Tells whether the server gave this transaction up for another one, so that it can be tried again.
    pub(crate) fn is_deadlock(&self) -> bool {
        self.code() == Some(1213)
    }

    /// Tells whether the connection was lost, so that the next one may have an answer.
    pub(crate) fn is_lost(&self) -> bool {
        match self {
            Self::Mysql(error) => error.is_fatal() || matches!(self.code(), Some(1053 | 1077 | 1079 | 1927)),
            _ => false,
        }
    }

    /// Tells whether no connection of the pool is to be used again: they are likely to be lost too.
    pub(crate) fn is_distrusted(&self) -> bool {
        self.is_lost() || matches!(self, Self::Slow(_)) || matches!(self.code(), Some(1290 | 1836))
    }

    fn is_corrupt(&self) -> bool {
        // Tables or columns that are missing, and damage on the disk.
        matches!(self, Self::Row(_)) || matches!(self.code(), Some(1054 | 1146 | 1034 | 1712 | 1877))
    }

    pub(crate) fn at(self, server: &Arc<str>) -> StoreError {
        let trouble = Trouble { server: Arc::clone(server), fault: self };
        match &trouble.fault {
            Fault::Cursor(_) => StoreError::unsupported(trouble),
            fault if fault.is_corrupt() => StoreError::corrupt(trouble),
            _ => StoreError::unavailable(trouble),
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
