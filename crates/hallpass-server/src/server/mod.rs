//! The service as a whole: opened, bound, run, drained.

mod certificates;
mod connections;
mod error;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::Router;
use hallpass::{Actor, Caller, Clock, Event, EventKind, Pepper, Sessions, SessionsBuilder, Store, SystemClock};
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, mpsc, watch};

use self::certificates::Certificates;
use self::connections::{Connections, Manner};
pub use self::error::{RunError, StartError};
use crate::api::{self, Served};
use crate::app::App;
use crate::audit::{self, Actions, AuditKeys, AuditTrail, Refusals, Sealer};
use crate::config::Config;
use crate::dashboard;
use crate::demo;
use crate::events::{News, tell};
use crate::forward_auth::{ForwardAuth, grpc};
use crate::guesses::Guesses;
use crate::health::Readiness;
use crate::keys::{ApiKeySecret, ApiKeys, GivenKey, KeyRing};
use crate::metrics::{Metrics, ObservedStore, Sampler, ServiceObserver};
use crate::stores::{self, Opened};
use crate::sweeper::Sweeper;
use crate::tokens::{Keeper, Mint, Parts};
use crate::webhooks::{Couriers, Webhook};
use crate::wire::RequestIds;

/// A service that is bound to its addresses and serves when it is [`run`](Server::run).
#[derive(Debug)]
pub struct Server {
    app: Arc<App>,
    stop: watch::Sender<bool>,
    listener: TcpListener,
    admin_listener: Option<TcpListener>,
    grpc_listener: Option<TcpListener>,
    certificates: Option<Arc<Certificates>>,
    first_key: Option<ApiKeySecret>,
    /// What was refused, and where that is kept.
    refused: Option<(mpsc::Receiver<Event>, Arc<dyn Store>)>,
}

/// Starts a [`Server`] on parts of the caller's own.
#[derive(Debug)]
#[must_use]
pub struct ServerBuilder {
    config: Config,
    opened: Option<Opened>,
    clock: Option<Arc<dyn Clock>>,
}

impl Server {
    /// Opens the store, makes the first admin key if there is none, and binds the addresses.
    ///
    /// # Errors
    ///
    /// [`StartError`] says which file, setting or address is wrong, and what to do.
    pub async fn start(config: Config) -> Result<Self, StartError> {
        Self::builder(config).start().await
    }

    /// Starts from a configuration, to give the service a store or clock of the caller's own.
    pub fn builder(config: Config) -> ServerBuilder {
        ServerBuilder { config, opened: None, clock: None }
    }

    /// Returns the scheme of its addresses: `https` if it has a certificate, else `http`.
    pub fn scheme(&self) -> &'static str {
        if self.certificates.is_some() { "https" } else { "http" }
    }

    /// Returns where it listens.
    pub fn address(&self) -> SocketAddr {
        self.listener.local_addr().unwrap_or(self.app.config.listen)
    }

    /// Returns where metrics, keys and operators are served, if that is elsewhere.
    pub fn admin_address(&self) -> Option<SocketAddr> {
        self.admin_listener.as_ref().and_then(|listener| listener.local_addr().ok())
    }

    /// Returns where Envoy asks over gRPC, if it may.
    pub fn grpc_address(&self) -> Option<SocketAddr> {
        self.grpc_listener.as_ref().and_then(|listener| listener.local_addr().ok())
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
        let Self { app, stop, listener, admin_listener, grpc_listener, certificates, refused, .. } = self;
        let refusals = refused.map(|(inbox, store)| Refusals::start(inbox, store, app.sessions.clone()));
        let (sweeper, keeper, sealer) = (Sweeper::start(&app), Keeper::start(&app), Sealer::start(&app));
        let (sampler, couriers) = (Sampler::start(&app), Couriers::start(&app));
        let served = if admin_listener.is_some() { Served::Applications } else { Served::All };
        let connections = Connections::new(&app.config.limits);
        let manner = || certificates.clone().map_or(Manner::Plain, Manner::Tls);
        let main = connections.serve(listener, manner(), with_demo(&app, served), app.stopping.clone());
        let admin = async {
            match admin_listener {
                Some(listener) => {
                    let routes = api::routes(&app, Served::All);
                    connections.serve(listener, manner(), routes, app.stopping.clone()).await
                }
                None => Ok(()),
            }
        };
        let envoys = async {
            match grpc_listener {
                Some(listener) => {
                    connections.serve(listener, Manner::Grpc, grpc::routes(&app), app.stopping.clone()).await
                }
                None => Ok(()),
            }
        };
        let stopped = async {
            shutdown.await;
            tracing::info!("told to stop: requests that are under way may finish");
            stop.send_replace(true);
        };
        let followed = async {
            if let Some(certificates) = &certificates {
                certificates.follow(&app.metrics, app.stopping.clone()).await;
            }
        };
        let (main, admin, envoys, (), ()) = tokio::join!(main, admin, envoys, stopped, followed);
        sweeper.stop().await;
        keeper.stop().await;
        sampler.stop().await;
        couriers.stop().await;
        if let Some(refusals) = refusals {
            refusals.stop().await;
        }
        // Last, so that it seals what they did.
        sealer.stop().await;
        main.and(admin).and(envoys)
    }
}

fn with_demo(app: &Arc<App>, served: Served) -> Router {
    let routes = api::routes(app, served);
    if app.config.demo { routes.merge(demo::router(&app.sessions)) } else { routes }
}

impl ServerBuilder {
    /// Keeps sessions and keys in these, instead of what the configuration names.
    pub fn opened(mut self, opened: Opened) -> Self {
        self.opened = Some(opened);
        self
    }

    /// Asks `clock` for the time, instead of the system.
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = Some(Arc::new(clock));
        self
    }

    /// Opens the store, makes the first admin key if there is none, and binds the addresses.
    ///
    /// # Errors
    ///
    /// As [`Server::start`].
    pub async fn start(self) -> Result<Server, StartError> {
        let Self { config, opened, clock } = self;
        let config = config.checked()?;
        let carrier = config.carrier()?;
        let certificates =
            config.tls.files().map(|(certificate, key)| Certificates::open(certificate, key)).transpose()?;
        let certificates = certificates.map(Arc::new);
        let scheme = if certificates.is_some() { "https" } else { "http" };
        let webhooks = Webhook::open_all(&config)?;
        let clock = clock.unwrap_or_else(|| Arc::new(SystemClock::new()));
        let builder = sessions(&config)?.shared_clock(Arc::clone(&clock));
        let opened = match opened {
            Some(opened) => opened,
            None => open(&config).await?,
        };
        let opened = opened.sealed(&config)?;
        let (metrics, news) = (Arc::new(Metrics::new()), News::new());
        let store: Arc<dyn Store> = Arc::new(ObservedStore::new(opened.store, Arc::clone(&metrics)));
        let (refusals, refused) = audit::refusals();
        let operators = {
            let observer = ServiceObserver::new(Arc::clone(&metrics), news.clone(), refusals.clone());
            let builder = dashboard::sessions().shared_store(Arc::clone(&store)).shared_clock(Arc::clone(&clock));
            peppered(builder.observer(observer), &config)?.build()?
        };
        let cache = stores::cache(&store, &config);
        let store = cache.clone().map_or(store, |cache| cache);
        let observer = ServiceObserver::new(Arc::clone(&metrics), news.clone(), refusals);
        // Before anything is written: an address in use is the likelier mistake.
        let listener = bind(config.listen, "--listen", scheme).await?;
        let admin_listener = match config.admin_listen {
            Some(address) => Some(bind(address, "--admin-listen", scheme).await?),
            None => None,
        };
        let grpc_listener = match config.forward_auth.grpc_listen {
            Some(address) => Some(bind(address, "--forward-auth-grpc-listen", "http").await?),
            None => None,
        };
        let parts = Parts {
            settings: Arc::clone(&opened.settings),
            metrics: Arc::clone(&metrics),
            address: format!("{scheme}://{}", listener.local_addr().unwrap_or(config.listen)),
            cookie: carrier.name(),
            now: clock.now(),
        };
        // Large, and done once.
        let (mint, builder) = Box::pin(Mint::open(&config, parts, builder)).await?;
        let sessions = builder.shared_store(Arc::clone(&store)).observer(observer).build()?;
        let audit = AuditTrail::of(&sessions, Arc::clone(&opened.settings), AuditKeys::open(&config)?);
        if audit.as_ref().is_some_and(|audit| audit.keys().signing().is_none())
            && config.audit.is_relied_on(config.profile)
        {
            tracing::warn!(
                "the audit trail is not signed: whoever can write to the store can write all of it anew; set \
                 `audit.key_file`, and make a key with: openssl genpkey -algorithm ed25519 -out audit-key.pem"
            );
        }
        if audit.is_none() && config.audit.required == Some(true) {
            return Err(StartError::no_trail());
        }
        let settings = opened.settings;
        let keys = ApiKeys::new(Arc::clone(&settings));
        let keeps_refusals = audit.is_some() && config.audit.refusals;
        let refused = keeps_refusals.then_some((refused, store));
        let first_key = match keys.make_first(config.admin_key.as_ref(), sessions.now()).await? {
            Some((info, secret)) => {
                if audit.is_some() {
                    let caller = Caller::new(Actor::policy());
                    tell(&sessions, info.event(EventKind::KeyCreated, &caller, sessions.now())).await;
                }
                secret
            }
            None => None,
        };
        if audit.is_some() {
            audit::tell_policy(&config, &*settings, &sessions).await?;
        }
        let (stop, stopping) = watch::channel(false);
        let app = Arc::new(App {
            ring: Arc::new(KeyRing::new(keys.clone(), sessions.clone(), Arc::clone(&metrics))),
            places: Semaphore::new(config.limits.requests),
            streams: Arc::new(Semaphore::new(config.limits.streams)),
            readiness: Readiness::default(),
            actions: Actions::new(&config, audit.is_some()),
            audit,
            request_ids: RequestIds::new(),
            guesses: Guesses::new(config.limits.guesses),
            forward_auth: ForwardAuth::new(&config, &sessions),
            config,
            sessions,
            operators,
            cache,
            settings,
            webhooks,
            keys,
            carrier,
            mint,
            metrics,
            news,
            stopping,
        });
        Ok(Server { app, stop, listener, admin_listener, grpc_listener, certificates, first_key, refused })
    }
}

/// Opens the store of a configuration. Where it remembers no keys, there has to be one that was given.
async fn open(config: &Config) -> Result<Opened, StartError> {
    if stores::keeps_settings(&config.store) {
        return Ok(Box::pin(stores::open(&config.store)).await?);
    }
    if config.admin_key.is_none() {
        return Err(StartError::no_key());
    }
    let opened = Box::pin(stores::open(&config.store)).await?;
    Ok(Opened { settings: Arc::new(GivenKey::default()), ..opened })
}

/// Returns the builder of the sessions that a configuration describes, without store.
fn sessions(config: &Config) -> Result<SessionsBuilder, StartError> {
    let mut builder = Sessions::builder().data_limit(config.data_limit);
    for (profile, policy) in config.policies().map_err(|(_, error)| error)? {
        builder = builder.profile(profile, policy);
    }
    if config.demo {
        for (profile, policy) in demo::profiles().filter(|(profile, _)| !config.profiles.contains_key(profile)) {
            builder = builder.profile(profile, policy);
        }
    }
    peppered(builder, config)
}

/// Adds the pepper, if there is one.
fn peppered(builder: SessionsBuilder, config: &Config) -> Result<SessionsBuilder, StartError> {
    let Some(path) = &config.pepper_file else { return Ok(builder) };
    let key = std::fs::read(path).map_err(|source| StartError::pepper(path, source))?;
    Ok(builder.pepper(Pepper::new(&key).map_err(|source| StartError::pepper(path, source))?))
}

async fn bind(address: SocketAddr, flag: &'static str, scheme: &str) -> Result<TcpListener, StartError> {
    if scheme == "http" && !address.ip().is_loopback() {
        tracing::warn!(%address, "this address can be reached from other machines, and traffic to it is plain HTTP");
    }
    TcpListener::bind(address).await.map_err(|source| StartError::bind(address, flag, source))
}
