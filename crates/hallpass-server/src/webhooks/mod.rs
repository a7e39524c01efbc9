//! Events outward: to receivers of the operator's choice, signed, in order and at least once.
//!
//! A [`Courier`](courier::Courier) on one node at a time reads the events behind its [`Position`](position::Position),
//! which stands in the store, and sends each as a [`Message`](message::Message).

mod courier;
mod message;
mod position;
mod secret;
mod sender;
mod target;

use std::sync::Arc;

use hallpass::{EventKind, Realm, StoreError};

pub(crate) use self::courier::Couriers;
use self::position::Place;
pub(crate) use self::position::{Position, Trouble};
pub use self::secret::WebhookSecretError;
use self::secret::{Secret, secrets};
pub(crate) use self::target::Target;
use crate::app::App;
use crate::config::{Config, WebhookConfig};

/// A receiver, with what is signed for it.
#[derive(Debug)]
pub(crate) struct Webhook {
    config: WebhookConfig,
    target: Target,
    secrets: Vec<Secret>,
    kinds: Vec<EventKind>,
}

impl Webhook {
    /// Reads the secrets of all receivers of a configuration that was checked.
    pub(crate) fn open_all(config: &Config) -> Result<Vec<Arc<Self>>, WebhookSecretError> {
        config.webhooks.iter().map(|webhook| Self::open(webhook).map(Arc::new)).collect()
    }

    fn open(config: &WebhookConfig) -> Result<Self, WebhookSecretError> {
        let target = Target::parse(&config.url, config.danger_internal);
        let target = target.unwrap_or_else(|rule| unreachable!("it was checked: {rule}"));
        let kinds = config.kinds.words().map(EventKind::from_word).collect();
        Ok(Self { secrets: secrets(&config.secret_files)?, target, kinds, config: config.clone() })
    }

    pub(crate) fn name(&self) -> &str {
        &self.config.name
    }

    pub(crate) fn realm(&self) -> &Realm {
        &self.config.realm
    }

    /// Returns where it listens, without path and query, which may have a secret in them.
    pub(crate) fn origin(&self) -> String {
        self.target.url.origin().ascii_serialization()
    }

    pub(crate) fn kinds(&self) -> impl Iterator<Item = &str> {
        self.config.kinds.words()
    }

    fn is_about(&self, kind: &EventKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(kind)
    }
}

/// Returns how far a receiver has been told, by whichever node.
pub(crate) async fn status(app: &App, webhook: &Webhook) -> Result<Option<Position>, StoreError> {
    let (position, _) = Place::new(Arc::clone(&app.settings), webhook.name()).load().await?;
    Ok(position)
}
