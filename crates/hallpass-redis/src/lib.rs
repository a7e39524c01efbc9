//! The Redis and Valkey store of [`hallpass`]: one server, Sentinel or Cluster.

mod error;
mod events;
mod feed;
mod index;
mod keys;
mod link;
mod listing;
mod member;
mod open;
mod options;
mod records;
mod script;
mod settings;
mod store;
mod stored;
mod sweep;
mod url;

pub use redis;

pub use crate::error::OpenError;
pub use crate::link::ServerFacts;
pub use crate::options::RedisOptions;
pub use crate::settings::RedisSettings;
pub use crate::store::RedisStore;
pub use crate::url::InvalidUrl;
