//! The one place that knows all parts.

mod admit;
mod builder;
mod carriage;
mod commit;
mod end;
mod hand;
mod issue;
mod limit;
mod operate;
mod reports;
mod retry;
mod sign_in;
mod skew;
#[cfg(feature = "watch")]
mod standing;
mod states;
mod walks;
#[cfg(feature = "watch")]
mod watches;

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::crypto::Mac;
use crate::error::Error;
use crate::event::{Event, EventKind, Observer, Origin};
use crate::name::{Actor, Profile, Realm};
use crate::policy::{Policy, Verdict};
use crate::record::Record;
use crate::store::{Capabilities, Store, StoreError};
use crate::time::{Clock, Timestamp};
use crate::token::{Chain, Pepper, ReferenceToken};

pub(crate) use self::admit::{Admission, By, Entry, LeftBehind, Seat, Ticket};
pub use self::builder::{InvalidSessions, SessionsBuilder};
pub use self::carriage::AccessToken;
use self::carriage::Carriage;
pub use self::commit::Outgoing;
pub(crate) use self::commit::{Done, Intent, Work};
pub use self::end::{Extent, Revocation, Revoked, Swept};
use self::hand::Hand;
pub use self::issue::{Issued, NewSession, SignIn};
pub use self::operate::Verified;
use self::reports::ReportBudget;
pub use self::retry::IdempotencyKey;
use self::skew::Skew;
#[cfg(feature = "watch")]
pub use self::standing::Over;
pub use self::states::{InvalidStates, States};
use self::walks::WalkBudget;
#[cfg(feature = "watch")]
pub(crate) use self::watches::Watches;

/// Who calls, and from where: what events say of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Who does it.
    pub actor: Actor,
    /// Where the request came from.
    pub origin: Origin,
}

impl Caller {
    /// Returns the caller for `actor`, from an unknown place.
    pub fn new(actor: Actor) -> Self {
        Self { actor, origin: Origin::default() }
    }

    /// Returns the caller for the person whose session it is, from an unknown place.
    pub fn user() -> Self {
        Self::new(Actor::user())
    }
}

impl Caller {
    /// Returns an event that happens now, to nobody's session.
    pub(crate) fn event(&self, kind: EventKind, realm: Realm, now: Timestamp) -> Event {
        let mut event = Event::new(kind, realm, now);
        event.actor = self.actor.clone();
        event.origin = self.origin.clone();
        event
    }

    /// Returns who really does what is done with a record's session.
    pub(crate) fn actor_of(&self, record: &Record) -> Actor {
        match &record.impersonator {
            Some(subject) if self.actor == Actor::user() => Actor::impersonator(subject),
            _ => self.actor.clone(),
        }
    }

    /// Returns an event that happens now, to a record's session.
    pub(crate) fn event_of(&self, kind: EventKind, record: &Record, now: Timestamp) -> Event {
        let mut event = self.event(kind, record.realm.clone(), now);
        event.actor = self.actor_of(record);
        event.session = Some(record.id);
        event.subject.clone_from(&record.subject);
        event.level = Some(record.level.number());
        event.profile = Some(record.profile.clone());
        event
    }
}

/// Says who calls, once there is something to tell of it: most requests pass without.
pub(crate) trait Witness: Send + Sync {
    /// Returns the caller.
    fn caller(&self) -> Cow<'_, Caller>;
}

impl Witness for Caller {
    fn caller(&self) -> Cow<'_, Caller> {
        Cow::Borrowed(self)
    }
}

impl Default for Caller {
    fn default() -> Self {
        Self::user()
    }
}

/// For how long a session goes on if nobody does anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLeft {
    /// Until it will have been unused for too long.
    pub idle: Duration,
    /// Until its lifetime is over, whatever happens.
    pub absolute: Duration,
}

/// Whether a session is usable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SessionState {
    /// It is.
    Active,
    /// It was unused for too long, and waits for its subject to authenticate again.
    Locked,
    /// It has ended, or its time is over.
    Ended,
}

impl SessionState {
    /// Returns the word for it: `active`, `locked` or `ended`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Locked => "locked",
            Self::Ended => "ended",
        }
    }
}

/// Makes, judges, renews, changes and ends sessions, on one store, under one set of policies.
///
/// It is cheap to clone; all clones are one. Nothing happens by itself: whoever owns it calls
/// [`sweep`](Sessions::sweep) from time to time.
///
/// ```
/// use hallpass::{Caller, MemoryStore, NewSession, Sessions, Subject};
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let sessions = Sessions::builder().store(MemoryStore::new()).build()?;
/// let alice = Subject::new("alice")?;
/// let issued = sessions.create(NewSession::signed_in(alice.clone()), &Caller::user()).await?;
///
/// let session = sessions.open(issued.token.expose(), &Caller::user()).await?;
/// assert_eq!(session.subject(), Some(alice));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[doc(alias = "SessionManager")]
#[derive(Clone)]
pub struct Sessions(Arc<Parts>, Option<Arc<Hand>>);

struct Parts {
    store: Arc<dyn Store>,
    realm: Realm,
    profiles: Arc<Profiles>,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn Observer>,
    pepper: Option<Arc<Pepper>>,
    data_limit: usize,
    walks: Arc<WalkBudget>,
    reports: Arc<ReportBudget>,
    skew: Arc<Skew>,
    carriage: Option<Arc<Carriage>>,
    #[cfg(feature = "watch")]
    watches: Arc<Watches>,
}

/// The policies by name.
#[derive(Debug)]
struct Profiles(Vec<(Profile, Policy)>);

impl Profiles {
    fn find(&self, profile: &Profile) -> Option<&Policy> {
        self.0.iter().find(|(name, _)| name == profile).map(|(_, policy)| policy)
    }
}

impl Sessions {
    /// Starts with no store, the default policy, the profile `remember`, and the realm `default`.
    pub fn builder() -> SessionsBuilder {
        SessionsBuilder::default()
    }

    /// Returns the same sessions for another application.
    #[must_use]
    pub fn in_realm(&self, realm: Realm) -> Self {
        let Parts { store, profiles, clock, observer, pepper, data_limit, walks, reports, skew, carriage, .. } =
            &*self.0;
        let parts = Parts {
            #[cfg(feature = "watch")]
            watches: Arc::clone(&self.0.watches),
            store: Arc::clone(store),
            realm,
            profiles: Arc::clone(profiles),
            clock: Arc::clone(clock),
            observer: Arc::clone(observer),
            pepper: pepper.clone(),
            data_limit: *data_limit,
            walks: Arc::clone(walks),
            reports: Arc::clone(reports),
            skew: Arc::clone(skew),
            carriage: carriage.clone(),
        };
        Self(Arc::new(parts), self.1.clone())
    }

    /// Returns whose application's sessions these are.
    pub fn realm(&self) -> &Realm {
        &self.0.realm
    }

    /// Returns what the store can do.
    pub fn capabilities(&self) -> Capabilities {
        self.records().capabilities()
    }

    /// Returns where the records of this request live: in the store, or in its client's hand.
    fn records(&self) -> &dyn Store {
        match &self.1 {
            Some(hand) => &**hand,
            None => &*self.0.store,
        }
    }

    /// Returns the store; where clients carry their sessions, that of the revocations.
    pub fn store(&self) -> &Arc<dyn Store> {
        &self.0.store
    }

    /// Returns how many bytes of JSON the attributes of a session may have.
    pub fn data_limit(&self) -> usize {
        self.0.data_limit
    }

    /// Returns the present instant by the clock that judges sessions.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Returns the policy of a profile; the default policy for a profile that is not configured (any more).
    pub fn policy(&self, profile: &Profile) -> &Policy {
        let profiles = &self.0.profiles;
        profiles.find(profile).unwrap_or(&profiles.0[0].1)
    }

    /// Tells whether a profile is configured.
    pub fn has_profile(&self, profile: &Profile) -> bool {
        self.0.profiles.find(profile).is_some()
    }

    /// Returns whether a record's session is usable now.
    pub fn state(&self, record: &Record) -> SessionState {
        if record.ended.is_some() {
            return SessionState::Ended;
        }
        match self.policy(&record.profile).judge(record, self.now()) {
            Verdict::Live { .. } => SessionState::Active,
            Verdict::Locked => SessionState::Locked,
            Verdict::Expired(_) => SessionState::Ended,
        }
    }

    /// Returns the key of a chain for a purpose, which only the server can know.
    pub(crate) fn key_of(&self, chain: &Chain, purpose: &[u8]) -> Result<Mac, Error> {
        if self.is_carried() && self.pepper().is_none() {
            return Err(StoreError::unsupported(
                "without a pepper, clients that carry their sessions know all of them",
            )
            .into());
        }
        Ok(chain.key(self.pepper(), purpose))
    }

    #[cfg(feature = "watch")]
    pub(crate) fn watches(&self) -> &Arc<Watches> {
        &self.0.watches
    }

    fn pepper(&self) -> Option<&Pepper> {
        self.0.pepper.as_deref()
    }

    pub(crate) fn observe(&self, events: &[Event]) {
        for event in events {
            self.0.observer.on_event(event);
        }
    }

    /// Reports a refused token. It is no change, so it reaches the observer only, and not where too many do.
    fn report(&self, kind: EventKind, token: &ReferenceToken, record: Option<&Record>, witness: &dyn Witness) {
        self.report_with(kind, witness, |event| {
            event.session = Some(token.id);
            if let Some(record) = record {
                event.subject.clone_from(&record.subject);
                event.level = Some(record.level.number());
                event.profile = Some(record.profile.clone());
            }
        });
    }

    pub(crate) fn report_with(&self, kind: EventKind, witness: &dyn Witness, fill_in: impl FnOnce(&mut Event)) {
        let now = self.now();
        if let Some(left_out) = self.0.reports.take(&kind, now) {
            let mut event = witness.caller().event(kind, self.0.realm.clone(), now);
            event.left_out = left_out;
            fill_in(&mut event);
            self.0.observer.on_event(&event);
        }
    }
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions")
            .field("realm", &self.0.realm)
            .field("store", &self.0.store)
            .field("profiles", &self.0.profiles)
            .finish_non_exhaustive()
    }
}
