//! The Memcached store of [`hallpass`].

mod epoch;
mod error;
mod facts;
mod keys;
mod link;
mod open;
mod options;
mod proto;
mod records;
mod ring;
mod store;
mod stored;
mod ttl;
mod url;

pub use crate::error::OpenError;
pub use crate::facts::ServerFacts;
pub use crate::options::MemcachedOptions;
pub use crate::store::MemcachedStore;
pub use crate::url::InvalidUrl;
