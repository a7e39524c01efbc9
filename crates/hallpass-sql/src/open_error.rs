use std::error::Error;

use hallpass::StoreError;

use crate::migration::NewerSchema;

type Source = Box<dyn Error + Send + Sync>;

/// Why a store on a server could not be opened; names the server, never a password, and says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError<U> {
    /// The URL names no store.
    #[error(transparent)]
    Url(#[from] U),
    /// The server did not answer, or ended the connection.
    #[error("{server}: the server is away ({source}); start it, or check the address")]
    Away {
        /// The server.
        server: String,
        /// What happened.
        source: Source,
    },
    /// The server refused the user, the password or the database.
    #[error(
        "{server}: the server refused to let this user in ({source}); check user, password, database and {permissions}"
    )]
    Refused {
        /// The server.
        server: String,
        /// What the server said.
        source: Source,
        /// Where the server keeps who may come in.
        permissions: &'static str,
    },
    /// The user may not make or use the tables.
    #[error("{server}: this user may not do that ({source}); {remedy}")]
    NotPermitted {
        /// The server.
        server: String,
        /// What the server said.
        source: Source,
        /// How to permit it.
        remedy: &'static str,
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
        source: Source,
    },
}

impl<U: Error + Send + Sync + 'static> From<OpenError<U>> for StoreError {
    fn from(error: OpenError<U>) -> Self {
        match error {
            OpenError::Url(_) | OpenError::Newer { .. } | OpenError::Unfit { .. } => Self::unsupported(error),
            _ => Self::unavailable(error),
        }
    }
}
