use std::sync::Arc;
use std::time::{Duration, Instant};

use hallpass::{
    InvalidJwt, InvalidSealed, Jwt, KeyRing, Realm, Sealed, SessionsBuilder, Settings, StoreError, StoredKey, Timestamp,
};

use super::counted::Counted;
use super::current::Current;
use super::keys::TokenKeys;
use super::node_keys::NodeKeys;
use super::signing_keys::SigningKeys;
use crate::config::{Config, Tokens};
use crate::metrics::Metrics;
use crate::server::StartError;

/// What makes the self-contained tokens of this service.
#[derive(Debug)]
pub(crate) struct Mint {
    keys: Arc<NodeKeys>,
    form: Form,
    interval: Duration,
    max_age: Duration,
}

#[derive(Debug)]
enum Form {
    Access(Arc<Jwt>),
    Sealed,
}

/// Where the parts of a mint come from.
pub(crate) struct Parts<'a> {
    pub(crate) settings: Arc<dyn Settings>,
    pub(crate) metrics: Arc<Metrics>,
    /// Who issues tokens if nobody says.
    pub(crate) address: String,
    /// The cookie that sealed tokens are for.
    pub(crate) cookie: &'a str,
    pub(crate) now: Timestamp,
}

impl Mint {
    /// Opens the keys of the tokens that are asked for, and has the sessions hand those out.
    pub(crate) async fn open(
        config: &Config,
        parts: Parts<'_>,
        builder: SessionsBuilder,
    ) -> Result<(Option<Self>, SessionsBuilder), StartError> {
        if config.tokens == Tokens::None {
            return Ok((None, builder));
        }
        let began = Instant::now();
        let keys = TokenKeys::open(config, parts.settings, parts.now).await?;
        let keys = Arc::new(NodeKeys::new(keys, began));
        let (form, builder) = if config.tokens == Tokens::Sealed {
            let form = sealed(keys.ring(), parts.cookie)?;
            (Form::Sealed, builder.carried(Current { form, keys: Arc::clone(&keys) }))
        } else {
            let jwt = Arc::new(access(config, keys.ring(), &parts.address)?);
            let form = Counted { jwt: Arc::clone(&jwt), metrics: parts.metrics };
            let current = Current { form, keys: Arc::clone(&keys) };
            (Form::Access(jwt), builder.access_tokens(current, config.jwt.lifetime()))
        };
        let (interval, max_age) = (config.key_interval(), config.jwt.max_age());
        Ok((Some(Self { keys, form, interval, max_age }), builder))
    }

    /// Returns what makes access tokens, if this makes them.
    pub(crate) fn access(&self) -> Option<&Jwt> {
        match &self.form {
            Form::Access(jwt) => Some(jwt),
            Form::Sealed => None,
        }
    }

    /// Returns how long others may keep the published keys.
    pub(crate) fn max_age(&self) -> Duration {
        self.max_age
    }

    /// Returns how often the keys want to be kept up; nothing where they stay as they were given.
    pub(super) fn interval(&self) -> Option<Duration> {
        matches!(self.keys.keys(), TokenKeys::Stored(_)).then_some(self.interval)
    }

    /// Tells whether tokens can be made now.
    pub(crate) fn is_ready(&self, now: Timestamp) -> bool {
        self.keys.ring().signing(now).is_some()
    }

    /// Does what is due with the keys; returns the key that was made.
    pub(super) async fn keep_up(&self, now: Timestamp) -> Result<Option<StoredKey>, StoreError> {
        self.keys.keep_up(now).await
    }

    /// Returns the public keys as others may keep them for a while: without those that were taken away some time ago, and
    /// with all that sign before they have to be read again. A key is published for two intervals more than they are kept.
    pub(crate) async fn jwks(&self, jwt: &Jwt, now: Timestamp) -> Result<String, StoreError> {
        if !self.keys.are_known_since(2 * self.interval) {
            self.keys.look_again(now).await?;
        }
        Ok(jwt.jwks())
    }

    /// Returns the keys as an operator manages them.
    pub(crate) fn signing_keys(&self) -> SigningKeys {
        SigningKeys::of(Arc::clone(&self.keys), self.access().map(|_| self.max_age))
    }
}

fn access(config: &Config, ring: &KeyRing, address: &str) -> Result<Jwt, InvalidJwt> {
    let issuer = config.jwt.issuer.as_deref().unwrap_or(address);
    let audience = config.jwt.audience.as_deref().unwrap_or(issuer);
    // What is good for longer was not made under this configuration, or the one before it.
    let longest = SessionsBuilder::LONGEST_ACCESS;
    Ok(Jwt::access(ring.clone(), issuer, audience)?.longest_life(longest))
}

fn sealed(ring: &KeyRing, cookie: &str) -> Result<Sealed, InvalidSealed> {
    // Each token says itself which realm it is of, under the same seal.
    Sealed::new(ring.clone(), &Realm::default(), cookie)
}
