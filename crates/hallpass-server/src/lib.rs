//! The session service: an HTTP API over any store, with API keys, roles, events and metrics.
//!
//! ```no_run
//! use hallpass_server::{Config, Server};
//!
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let config = Config { store: "memory:".to_owned(), ..Config::default() };
//! let server = Server::start(config).await?;
//! let address = server.address();
//! server.run(async { /* until the process is told to stop */ }).await?;
//! # Ok(()) }
//! ```

mod config;
pub mod demo;
pub mod keys;
mod server;
pub mod stores;

pub use self::config::*;
pub use self::server::{RunError, Server, StartError};
