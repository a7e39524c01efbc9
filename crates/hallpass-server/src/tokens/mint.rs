use std::sync::Arc;
use std::time::{Duration, Instant};

use hallpass::{
    Caller, Carried, InvalidJwt, InvalidSealed, Jwt, KeyRing, Realm, Refusal, Sealed, Sessions, SessionsBuilder,
    Settings, StoreError, Timestamp,
};
use tokio::sync::Mutex;

use super::counted::Counted;
use super::keys::TokenKeys;
use crate::config::{Config, Tokens};
use crate::metrics::Metrics;
use crate::server::StartError;

/// What makes the self-contained tokens of this service.
#[derive(Debug)]
pub(crate) struct Mint {
    keys: TokenKeys,
    form: Form,
    interval: Duration,
    max_age: Duration,
    /// When the keys were last looked at since somebody showed a token of a key that was not known.
    looked: Mutex<Option<Instant>>,
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
    /// However many tokens name keys that are not known, the keys are looked at no more often than this (`JWT-5`).
    const PAUSE: Duration = Duration::from_millis(250);

    /// Opens the keys of the tokens that are asked for, and has the sessions hand those out.
    pub(crate) async fn open(
        config: &Config,
        parts: Parts<'_>,
        builder: SessionsBuilder,
    ) -> Result<(Option<Self>, SessionsBuilder), StartError> {
        if config.tokens == Tokens::None {
            return Ok((None, builder));
        }
        let keys = TokenKeys::open(config, parts.settings, parts.now).await?;
        let (form, builder) = if config.tokens == Tokens::Sealed {
            (Form::Sealed, builder.carried(sealed(keys.ring(), parts.cookie)?))
        } else {
            let jwt = Arc::new(access(config, keys.ring(), &parts.address)?);
            let counted = Counted { jwt: Arc::clone(&jwt), metrics: parts.metrics };
            (Form::Access(jwt), builder.access_tokens(counted, config.jwt.lifetime()))
        };
        let (interval, max_age) = (config.key_interval(), config.jwt.max_age());
        Ok((Some(Self { keys, form, interval, max_age, looked: Mutex::default() }), builder))
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
        matches!(self.keys, TokenKeys::Stored(_)).then_some(self.interval)
    }

    /// Tells whether tokens can be made now.
    pub(crate) fn is_ready(&self, now: Timestamp) -> bool {
        self.keys.ring().signing(now).is_some()
    }

    /// Does what is due with the keys: takes over what other nodes changed, and makes and forgets some.
    pub(super) async fn keep_up(&self, now: Timestamp) -> Result<(), StoreError> {
        match &self.keys {
            TokenKeys::Given(_) => Ok(()),
            TokenKeys::Stored(keys) => keys.keep_up(now).await,
        }
    }

    /// Judges an access token, if need be by keys that other nodes made meanwhile.
    pub(crate) async fn verify(
        &self,
        sessions: &Sessions,
        token: &str,
        staleness: Option<Duration>,
        caller: &Caller,
    ) -> Result<Arc<Carried>, hallpass::Error> {
        let asked_at = Instant::now();
        match sessions.verify_access(token, staleness, caller).await {
            Err(error) if error.refusal() == Some(&Refusal::Unknown) => {
                self.look_again(asked_at, sessions.now()).await?;
                sessions.verify_access(token, staleness, caller).await
            }
            judged => judged,
        }
    }

    /// Takes over the keys of other nodes, unless that was done since a question was asked: after an emergency, a key signs
    /// before every node knows it.
    async fn look_again(&self, asked_at: Instant, now: Timestamp) -> Result<(), StoreError> {
        let TokenKeys::Stored(keys) = &self.keys else { return Ok(()) };
        let mut looked = self.looked.lock().await;
        if let Some(last) = *looked {
            if last >= asked_at {
                return Ok(());
            }
            tokio::time::sleep(Self::PAUSE.saturating_sub(last.elapsed())).await;
        }
        let now_looking = Instant::now();
        keys.refresh(now).await?;
        *looked = Some(now_looking);
        Ok(())
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
