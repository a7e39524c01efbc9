use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use hallpass::http::CookieCarrier;
use hallpass::{Sessions, Settings, Store, Tiered};
use tokio::sync::{Semaphore, watch};

use crate::audit::{Actions, AuditTrail};
use crate::config::Config;
use crate::events::News;
use crate::forward_auth::ForwardAuth;
use crate::guesses::Guesses;
use crate::health::Readiness;
use crate::keys::{ApiKeys, KeyRing};
use crate::metrics::Metrics;
use crate::tokens::Mint;
use crate::webhooks::Webhook;
use crate::wire::RequestIds;

/// What every handler may use.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) config: Config,
    /// The sessions of the realm `default`; a key has those of its own.
    pub(crate) sessions: Sessions,
    /// The sessions of operators at the dashboard, in a realm of their own.
    pub(crate) operators: Sessions,
    /// The cache before the store, if there is one.
    pub(crate) cache: Option<Arc<Tiered<Arc<dyn Store>>>>,
    /// Where what is not a session lives.
    pub(crate) settings: Arc<dyn Settings>,
    /// Who is told of events.
    pub(crate) webhooks: Vec<Arc<Webhook>>,
    pub(crate) keys: ApiKeys,
    pub(crate) ring: Arc<KeyRing>,
    pub(crate) carrier: CookieCarrier,
    /// What makes self-contained tokens, if any are made.
    pub(crate) mint: Option<Mint>,
    /// Whom proxies let in.
    pub(crate) forward_auth: ForwardAuth,
    /// Where events are sealed, if the store keeps them so.
    pub(crate) audit: Option<AuditTrail>,
    pub(crate) actions: Actions,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) news: News,
    pub(crate) readiness: Readiness,
    pub(crate) request_ids: RequestIds,
    pub(crate) guesses: Guesses,
    /// A place for each request that may be worked on at once.
    pub(crate) places: Semaphore,
    /// A place for each event stream that may be open at once.
    pub(crate) streams: Arc<Semaphore>,
    /// Whether the service was told to stop.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl App {
    pub(crate) fn is_stopping(&self) -> bool {
        *self.stopping.borrow()
    }

    /// Counts something that opens nothing; returns how long its network is to wait if that was one too many.
    pub(crate) fn guessed(&self, from: Option<IpAddr>) -> Option<Duration> {
        let wait = self.guesses.count(from, self.sessions.now())?;
        self.metrics.slowed_down();
        Some(wait)
    }

    /// Tells whether access tokens are made beside sessions.
    pub(crate) fn makes_access_tokens(&self) -> bool {
        self.mint.as_ref().is_some_and(|mint| mint.access().is_some())
    }
}
