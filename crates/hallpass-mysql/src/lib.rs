//! The MySQL and MariaDB store of [`hallpass`]: events in the transaction of their change, told in their order.

mod connections;
mod epochs;
mod error;
mod events;
mod options;
mod query;
mod row;
mod schema;
mod sessions;
mod settings;
mod store;
mod url;

pub use mysql_async;

pub use crate::error::OpenError;
pub use crate::options::MysqlOptions;
pub use crate::settings::MysqlSettings;
pub use crate::store::MysqlStore;
pub use crate::url::InvalidUrl;
