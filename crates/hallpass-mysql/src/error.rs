use std::fmt;
use std::time::Duration;

use hallpass::{InvalidCursor, StoreFault};
use hallpass_sql::{CorruptRow, NewerSchema};

use crate::url::InvalidUrl;

/// Why a store could not be opened; names the server, never a password, and says what to do.
pub type OpenError = hallpass_sql::OpenError<InvalidUrl>;

const PERMISSIONS: &str = "grants";
const REMEDY: &str = "let it: GRANT SELECT, INSERT, UPDATE, DELETE, CREATE, ALTER, INDEX ON the_database.* TO the_user";

/// Returns why the store on this server could not be opened.
pub(crate) fn open_error(server: &str, fault: Fault) -> OpenError {
    let server = server.to_owned();
    match fault {
        Fault::Unfit(problem) => return OpenError::Unfit { server, problem },
        Fault::Newer(source) => return OpenError::Newer { server, source },
        Fault::Missing => return OpenError::Missing { server },
        _ => {}
    }
    let code = fault.code();
    let source = Box::new(fault);
    match code {
        // No such user or password, no such database, no right to it.
        Some(1044 | 1045 | 1049 | 1698) => OpenError::Refused { server, source, permissions: PERMISSIONS },
        Some(1142 | 1143 | 1227 | 1370) => OpenError::NotPermitted { server, source, remedy: REMEDY },
        None | Some(1040 | 1053 | 1205 | 1290 | 1836) => OpenError::Away { server, source },
        Some(_) => OpenError::Failed { server, source },
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
}

impl StoreFault for Fault {
    fn is_corrupt(&self) -> bool {
        // Tables or columns that are missing, and damage on the disk.
        matches!(self, Self::Row(_)) || matches!(self.code(), Some(1054 | 1146 | 1034 | 1712 | 1877))
    }

    fn is_unsupported(&self) -> bool {
        matches!(self, Self::Cursor(_))
    }
}
