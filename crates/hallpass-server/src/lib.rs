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

mod api;
mod app;
pub mod audit;
mod config;
mod dashboard;
mod data;
pub mod demo;
mod events;
mod forward_auth;
mod guesses;
mod health;
mod html;
pub mod keys;
mod metrics;
mod oauth;
pub mod proxies;
mod server;
pub mod stores;
mod sweeper;
mod tokens;
mod traces;
pub mod view;
mod webhooks;
mod wire;

pub use self::config::*;
pub use self::server::{RunError, Server, ServerBuilder, StartError};
pub use self::tokens::{RemovedSigningKey, SigningKeyError, SigningKeyInfo, SigningKeys, TokenKeyError};
pub use self::traces::{Traces, TracesError};
pub use self::view::SessionView;
pub use self::webhooks::WebhookSecretError;
