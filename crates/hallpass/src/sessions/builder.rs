use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::carriage::Carriage;
use super::hand::Hand;
use super::walks::WalkBudget;
use super::{Parts, Profiles, Sessions};
use crate::carried::SelfContained;
use crate::event::{Observer, TracingObserver};
use crate::name::{Profile, Realm};
use crate::policy::Policy;
#[cfg(feature = "revocations")]
use crate::revocations::Revocations;
use crate::store::Store;
use crate::time::Clock;
use crate::token::Pepper;

/// Chooses the parts of [`Sessions`].
#[must_use]
pub struct SessionsBuilder {
    store: Option<Arc<dyn Store>>,
    realm: Realm,
    profiles: Vec<(Profile, Policy)>,
    clock: Option<Arc<dyn Clock>>,
    observer: Arc<dyn Observer>,
    pepper: Option<Arc<Pepper>>,
    data_limit: usize,
    form: Option<Arc<dyn SelfContained>>,
    /// For how long tokens stand for sessions of the store; nothing where they are the sessions.
    lifetime: Option<Duration>,
}

/// The error of building [`Sessions`] from parts that do not make a whole; says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidSessions(&'static str);

impl SessionsBuilder {
    /// The least that attributes can be limited to, in bytes.
    pub const LEAST_DATA_LIMIT: usize = 1024;
    /// What attributes are limited to by default, in bytes: 64 KiB.
    pub const DEFAULT_DATA_LIMIT: usize = 64 << 10;
    /// The most that attributes can be limited to, in bytes: 1 MiB.
    pub const MOST_DATA_LIMIT: usize = 1 << 20;

    /// The longest life of an access token: 1 hour.
    pub const LONGEST_ACCESS: Duration = Duration::from_hours(1);

    /// Keeps records in `store`.
    pub fn store(self, store: impl Store) -> Self {
        self.shared_store(Arc::new(store))
    }

    /// Keeps records in a store that others use too.
    pub fn shared_store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
        self
    }

    /// Hands out, beside the token that points at a session in the store, one that stands for it for `lifetime`: 1
    /// second to 1 hour. With the feature `revocations` it ends with its session, within
    /// [`Sessions::revocation_bound`].
    pub fn access_tokens(mut self, form: impl SelfContained, lifetime: Duration) -> Self {
        self.form = Some(Arc::new(form));
        self.lifetime = Some(lifetime);
        self
    }

    /// Lets clients carry their sessions, instead of a store.
    ///
    /// A store is then where it stands which of them have ended before their time (feature `revocations`); without one,
    /// a token is good until its time is over, whoever holds it.
    ///
    /// # Security
    ///
    /// Two requests that write at once overwrite each other: the last answer wins (`ENC-9`). Without a store, a logout
    /// takes the token from this client only.
    pub fn carried(mut self, form: impl SelfContained) -> Self {
        self.form = Some(Arc::new(form));
        self.lifetime = None;
        self
    }

    /// Makes sessions of this application; `default` if nobody asks.
    pub fn realm(mut self, realm: Realm) -> Self {
        self.realm = realm;
        self
    }

    /// Makes sessions under this policy, unless they name a profile.
    pub fn policy(self, policy: Policy) -> Self {
        self.profile(Profile::default(), policy)
    }

    /// Lets sessions be made under `policy` by naming `profile`.
    pub fn profile(mut self, profile: Profile, policy: Policy) -> Self {
        match self.profiles.iter_mut().find(|(name, _)| *name == profile) {
            Some((_, place)) => *place = policy,
            None => self.profiles.push((profile, policy)),
        }
        self
    }

    /// Asks `clock` for the time, instead of the system.
    pub fn clock(self, clock: impl Clock) -> Self {
        self.shared_clock(Arc::new(clock))
    }

    /// Asks a clock for the time that others ask too.
    pub fn shared_clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = Some(clock);
        self
    }

    /// Tells `observer` of every event, instead of [`TracingObserver`].
    pub fn observer(mut self, observer: impl Observer) -> Self {
        self.observer = Arc::new(observer);
        self
    }

    /// Mixes a key into every chain that the store does not have.
    pub fn pepper(mut self, pepper: Pepper) -> Self {
        self.pepper = Some(Arc::new(pepper));
        self
    }

    /// Limits the attributes of a session to so many bytes of JSON: 1 KiB to 1 MiB.
    pub fn data_limit(mut self, bytes: usize) -> Self {
        self.data_limit = bytes;
        self
    }

    /// Puts the parts together.
    ///
    /// # Errors
    ///
    /// [`InvalidSessions`] if there is no store, or no clock where the feature `system` is off; if the limit of the
    /// attributes is out of its bounds; or if a policy limits sessions per subject and the store cannot list them.
    pub fn build(self) -> Result<Sessions, InvalidSessions> {
        let (store, carriage) = parts(self.store, self.form, self.lifetime)?;
        let carried = carriage.as_ref().filter(|carriage| carriage.lifetime.is_none());
        let hand = carried.map(|carriage| Arc::new(Hand::empty(carriage.shared())));
        if self.realm.is_own() {
            return Err(InvalidSessions("this realm is the library's own"));
        }
        #[cfg(feature = "system")]
        let clock = self.clock.unwrap_or_else(|| Arc::new(crate::time::SystemClock::new()));
        #[cfg(not(feature = "system"))]
        let clock = self.clock.ok_or(InvalidSessions("without the feature `system`, choose a clock"))?;
        if !(Self::LEAST_DATA_LIMIT..=Self::MOST_DATA_LIMIT).contains(&self.data_limit) {
            return Err(InvalidSessions("attributes can be limited to 1 KiB up to 1 MiB"));
        }
        if self.profiles.iter().any(|(_, policy)| policy.limit().is_some())
            && (hand.is_some() || !store.capabilities().list)
        {
            return Err(InvalidSessions("a limit of sessions per subject needs a store that can list them"));
        }
        let parts = Parts {
            store,
            realm: self.realm,
            profiles: Arc::new(Profiles(self.profiles)),
            clock,
            observer: self.observer,
            pepper: self.pepper,
            data_limit: self.data_limit,
            walks: Arc::new(WalkBudget::new()),
            reports: Arc::default(),
            skew: Arc::default(),
            carriage: carriage.map(Arc::new),
            #[cfg(feature = "watch")]
            watches: Arc::default(),
        };
        Ok(Sessions(Arc::new(parts), hand))
    }
}

/// Returns the store and what makes self-contained tokens.
fn parts(
    store: Option<Arc<dyn Store>>,
    form: Option<Arc<dyn SelfContained>>,
    lifetime: Option<Duration>,
) -> Result<(Arc<dyn Store>, Option<Carriage>), InvalidSessions> {
    let Some(form) = form else {
        return match store {
            Some(store) => Ok((store, None)),
            None => Err(InvalidSessions("a session would have nowhere to live: choose a store")),
        };
    };
    if lifetime.is_some() && store.is_none() {
        return Err(InvalidSessions("access tokens stand for sessions of a store: choose one"));
    }
    if lifetime.is_some_and(|lifetime| !(Duration::from_secs(1)..=SessionsBuilder::LONGEST_ACCESS).contains(&lifetime))
    {
        return Err(InvalidSessions("an access token is good for 1 second to 1 hour"));
    }
    #[cfg(feature = "revocations")]
    let revocations = match &store {
        Some(store) if store.capabilities().list => Some(Arc::new(Revocations::new(Arc::clone(store)))),
        Some(_) if lifetime.is_none() => {
            return Err(InvalidSessions("revocations need a store that can list, and forgets nothing by itself"));
        }
        _ => None,
    };
    #[cfg(not(feature = "revocations"))]
    if lifetime.is_none() && store.is_some() {
        return Err(InvalidSessions("ending carried sessions by a store needs the feature `revocations`"));
    }
    let carriage = Carriage {
        form,
        lifetime,
        #[cfg(feature = "revocations")]
        revocations,
    };
    Ok((store.unwrap_or_else(|| Arc::new(Hand::default())), Some(carriage)))
}

impl Default for SessionsBuilder {
    fn default() -> Self {
        Self {
            store: None,
            realm: Realm::default(),
            profiles: vec![(Profile::default(), Policy::default()), (Profile::remember(), Policy::remember())],
            clock: None,
            observer: Arc::new(TracingObserver),
            pepper: None,
            data_limit: Self::DEFAULT_DATA_LIMIT,
            form: None,
            lifetime: None,
        }
    }
}

impl fmt::Debug for SessionsBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionsBuilder")
            .field("store", &self.store)
            .field("realm", &self.realm)
            .finish_non_exhaustive()
    }
}
