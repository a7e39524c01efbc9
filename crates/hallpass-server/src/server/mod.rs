//! The service as a whole: opened, bound, run, drained.

mod connections;
mod error;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use hallpass::Sessions;
use tokio::net::TcpListener;
use tokio::sync::watch;

use self::connections::Connections;
pub use self::error::{RunError, StartError};
use crate::config::Config;
use crate::keys::ApiKeySecret;
use crate::{demo, stores};

/// A service that is bound to its addresses and serves when it is [`run`](Server::run).
#[derive(Debug)]
pub struct Server {
    config: Config,
    listener: TcpListener,
    admin_listener: Option<TcpListener>,
    sessions: Sessions,
    first_key: Option<ApiKeySecret>,
}

impl Server {
    /// Opens the store, makes the first admin key if there is none, and binds the addresses.
    ///
    /// # Errors
    ///
    /// [`StartError`] says which file, setting or address is wrong, and what to do.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        let config = config.checked()?;
        let opened = stores::open(&config.store).await?;
        let mut builder = Sessions::builder().shared_store(Arc::clone(&opened.store)).data_limit(config.data_limit);
        for (profile, policy) in config.policies().map_err(|(_, error)| StartError::policy(error))? {
            builder = builder.profile(profile, policy);
        }
        if config.demo {
            builder = demo::profiles().fold(builder, |builder, (profile, policy)| builder.profile(profile, policy));
        }
        let sessions = builder.build()?;
        let listener = bind(config.listen).await?;
        let admin_listener = match config.admin_listen {
            Some(address) => Some(bind(address).await?),
            None => None,
        };
        Ok(Self { config, listener, admin_listener, sessions, first_key: None })
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap_or(self.config.listen)
    }

    /// Returns where metrics, keys and operators are served, if that is elsewhere.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_listener.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// Returns the admin key that was made for an empty store: to be shown once, to whoever started the service.
    pub fn first_key(&self) -> Option<&ApiKeySecret> {
        self.first_key.as_ref()
    }

    /// Serves until `shutdown` is over; then lets requests finish that are under way, for as long as is configured.
    ///
    /// # Errors
    ///
    /// [`RunError`] if connections can no longer be accepted.
    pub async fn run(self, shutdown: impl Future<Output = ()>) -> Result<(), RunError> {
        let (stop, stopped) = watch::channel(false);
        let mut routes = Router::new();
        if self.config.demo {
            routes = routes.merge(demo::router(&self.sessions));
        }
        let connections = Connections::new(&self.config.limits);
        let main = connections.serve(self.listener, routes, stopped);
        tokio::pin!(main);
        tokio::select! {
            ended = &mut main => return ended,
            () = shutdown => {}
        }
        stop.send_replace(true);
        main.await
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, StartError> {
    if !address.ip().is_loopback() {
        tracing::warn!(%address, "this address can be reached from other machines, and traffic to it is plain HTTP");
    }
    TcpListener::bind(address).await.map_err(|source| StartError::bind(address, source))
}
