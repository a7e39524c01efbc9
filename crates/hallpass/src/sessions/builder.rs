use std::fmt;
use std::sync::Arc;

use super::walks::WalkBudget;
use super::{Parts, Profiles, Sessions};
use crate::event::{Observer, TracingObserver};
use crate::name::{Profile, Realm};
use crate::policy::Policy;
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

    /// Keeps records in `store`.
    pub fn store(self, store: impl Store) -> Self {
        self.shared_store(Arc::new(store))
    }

    /// Keeps records in a store that others use too.
    pub fn shared_store(mut self, store: Arc<dyn Store>) -> Self {
        self.store = Some(store);
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
        let Some(store) = self.store else {
            return Err(InvalidSessions("a session would have nowhere to live: choose a store"));
        };
        #[cfg(feature = "system")]
        let clock = self.clock.unwrap_or_else(|| Arc::new(crate::time::SystemClock::new()));
        #[cfg(not(feature = "system"))]
        let clock = self.clock.ok_or(InvalidSessions("without the feature `system`, choose a clock"))?;
        if !(Self::LEAST_DATA_LIMIT..=Self::MOST_DATA_LIMIT).contains(&self.data_limit) {
            return Err(InvalidSessions("attributes can be limited to 1 KiB up to 1 MiB"));
        }
        if self.profiles.iter().any(|(_, policy)| policy.limit().is_some()) && !store.capabilities().list {
            return Err(InvalidSessions("a limit of sessions per subject needs a store that can list them"));
        }
        Ok(Sessions(Arc::new(Parts {
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
        })))
    }
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
