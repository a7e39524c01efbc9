//! The PostgreSQL store of [`hallpass`]: a few pipelined connections, events in the transaction of their change, and a
//! feed of changes.

mod announcer;
mod connection;
mod connections;
mod epochs;
mod error;
mod events;
mod feed;
mod line;
mod options;
mod query;
mod row;
mod schema;
mod sessions;
mod settings;
mod statement;
mod store;
mod tls;
mod url;

#[cfg(feature = "tls")]
pub use rustls;
pub use tokio_postgres;

pub use crate::error::OpenError;
pub use crate::options::PostgresOptions;
pub use crate::settings::PostgresSettings;
pub use crate::store::PostgresStore;
pub use crate::url::InvalidUrl;
