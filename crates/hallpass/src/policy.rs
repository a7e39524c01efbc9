//! How long sessions live, as data and a pure function.

#[cfg(test)]
mod tests;

use std::time::Duration;

use crate::event::EndReason;
use crate::record::{Record, Terms};
use crate::time::Timestamp;
use crate::token::Grace;

const MINUTE: Duration = Duration::from_mins(1);
const HOUR: Duration = Duration::from_hours(1);
const DAY: Duration = Duration::from_hours(24);

/// How many sessions one subject may have, and what happens to one too many.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit {
    /// The most sessions of one subject in one realm: 1 to 1,000.
    pub most: u32,
    /// What happens when there is one more.
    pub overflow: Overflow,
}

/// What happens when a subject signs in once more than its limit (`CON-1`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Overflow {
    /// The session that was signed in to first ends.
    EvictOldest,
    /// The session that was unused for longest ends; nobody is put out within a minute of signing in.
    EvictIdle,
    /// The sign-in is refused.
    Refuse,
}

/// How long sessions of one profile live, and how their tokens are renewed.
///
/// The defaults are 30 minutes idle and 4 hours absolute (OWASP Session Management Cheat Sheet: 15 to 30 minutes and 4
/// to 8 hours for an office worker's day), a new token at every sign-in and every 60 minutes, and 15 minutes for
/// sessions that nobody has signed in to.
///
/// ```
/// use std::time::Duration;
/// use hallpass::Policy;
///
/// let policy = Policy::builder().idle(Duration::from_secs(900)).build()?;
/// assert_eq!(policy.idle(), Duration::from_secs(900));
/// # Ok::<(), hallpass::InvalidPolicy>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    terms: Terms,
    grace: Grace,
    limit: Option<Limit>,
    fresh: Duration,
    retention: Duration,
    persistent: bool,
}

/// The error of building a [`Policy`] whose values contradict each other or a bound; says which.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidPolicy(&'static str);

/// What the policy says of a record at an instant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It lives. `renewal_due` says that its token has been used for long enough.
    Live {
        /// Whether the next token is due.
        renewal_due: bool,
    },
    /// It was unused for too long, and one factor unlocks it (`TMO-11`).
    Locked,
    /// It is over.
    Expired(Expiry),
}

/// Which timeout passed, and when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// The idle timeout.
    Idle(Timestamp),
    /// The absolute timeout.
    Absolute(Timestamp),
}

impl Expiry {
    /// Returns when the timeout passed.
    pub const fn at(self) -> Timestamp {
        match self {
            Self::Idle(at) | Self::Absolute(at) => at,
        }
    }

    /// Returns the reason that a session which it ends is given.
    pub const fn reason(self) -> EndReason {
        match self {
            Self::Idle(_) => EndReason::Idle,
            Self::Absolute(_) => EndReason::Absolute,
        }
    }
}

/// When a session ends unless something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// When it will have been unused for too long.
    pub idle: Timestamp,
    /// When its lifetime is over, whatever happens.
    pub absolute: Timestamp,
}

impl Default for Policy {
    fn default() -> Self {
        Self {
            terms: Terms {
                idle: Terms::seconds(30 * MINUTE),
                absolute: Terms::seconds(4 * HOUR),
                renewal: Terms::seconds(HOUR),
                anonymous: Terms::seconds(15 * MINUTE),
                locks: false,
            },
            grace: Grace { grace: Duration::from_secs(30), replay_after: Duration::from_secs(150) },
            limit: None,
            fresh: 5 * MINUTE,
            retention: 7 * DAY,
            persistent: false,
        }
    }
}

impl Policy {
    /// Starts from the defaults.
    pub fn builder() -> PolicyBuilder {
        PolicyBuilder(Self::default())
    }

    /// Returns the profile for people who ask to be remembered: 14 days idle, 30 days absolute, a new token every day,
    /// and a cookie that outlives the browser.
    pub fn remember() -> Self {
        let default = Self::default();
        let terms = Terms {
            idle: Terms::seconds(14 * DAY),
            absolute: Terms::seconds(30 * DAY),
            renewal: Terms::seconds(DAY),
            ..default.terms
        };
        Self { terms, persistent: true, ..default }
    }

    /// Returns how long a session may go unused.
    pub fn idle(&self) -> Duration {
        Duration::from_secs(self.terms.idle.into())
    }

    /// Returns how long a session lives after its authentication, however much it is used.
    pub fn absolute(&self) -> Duration {
        Duration::from_secs(self.terms.absolute.into())
    }

    /// Returns how long one token is used before the next.
    pub fn renewal(&self) -> Duration {
        Duration::from_secs(self.terms.renewal.into())
    }

    /// Returns how long a session lives that nobody signs in to.
    pub fn anonymous(&self) -> Duration {
        Duration::from_secs(self.terms.anonymous.into())
    }

    /// Returns for how long replaced tokens are good, and when they become a sign of theft.
    pub fn grace(&self) -> Grace {
        self.grace
    }

    /// Returns how many sessions a subject may have, if that is limited.
    pub fn limit(&self) -> Option<Limit> {
        self.limit
    }

    /// Returns how recent an authentication must be to count as fresh.
    pub fn fresh(&self) -> Duration {
        self.fresh
    }

    /// Returns how long an ended session is remembered.
    pub fn retention(&self) -> Duration {
        self.retention
    }

    /// Tells whether its cookies outlive the browser.
    pub fn is_persistent(&self) -> bool {
        self.persistent
    }

    /// Returns the timeouts that a new session is made under.
    pub fn terms(&self) -> Terms {
        self.terms
    }

    /// Returns when the session ends, by the stricter of what it was made under and this policy.
    pub fn deadlines(&self, record: &Record) -> Deadlines {
        let terms = record.terms.stricter(self.terms);
        let absolute = Duration::from_secs(terms.absolute.into());
        let absolute = match record.authenticated_at {
            Some(at) => at.plus(absolute),
            None => record.created_at.plus(absolute.min(Duration::from_secs(terms.anonymous.into()))),
        };
        Deadlines { idle: record.seen_at.plus(Duration::from_secs(terms.idle.into())), absolute }
    }

    /// Returns when the store may take the session as over: the earlier deadline, or the later one where an unused
    /// session locks instead of ending.
    pub fn expires_at(&self, record: &Record) -> Timestamp {
        let Deadlines { idle, absolute } = self.deadlines(record);
        if self.may_lock(record) { absolute } else { idle.min(absolute) }
    }

    /// Judges a record that has not been ended.
    pub fn judge(&self, record: &Record, now: Timestamp) -> Verdict {
        let Deadlines { idle, absolute } = self.deadlines(record);
        if now >= absolute && absolute <= idle {
            Verdict::Expired(Expiry::Absolute(absolute))
        } else if now >= idle && !self.may_lock(record) {
            Verdict::Expired(Expiry::Idle(idle))
        } else if now >= absolute {
            Verdict::Expired(Expiry::Absolute(absolute))
        } else if now >= idle {
            Verdict::Locked
        } else {
            Verdict::Live { renewal_due: self.is_renewal_due(record, now) }
        }
    }

    /// Tells whether `seen_at` is to be written: when leaving it would shorten the session by more than 60 seconds or
    /// 5 % of the idle timeout (`TMO-6`). The error is always to the strict side.
    pub fn is_touch_due(&self, record: &Record, now: Timestamp) -> bool {
        let idle = Duration::from_secs(record.terms.stricter(self.terms).idle.into());
        now.since(record.seen_at) > MINUTE.min(idle / 20)
    }

    fn is_renewal_due(&self, record: &Record, now: Timestamp) -> bool {
        let renewal = Duration::from_secs(record.terms.stricter(self.terms).renewal.into());
        record.chain.as_ref().is_some_and(|chain| now.since(chain.renewed_at) >= renewal)
    }

    fn may_lock(&self, record: &Record) -> bool {
        self.terms.locks && record.terms.locks && record.subject.is_some()
    }
}

/// Builds a [`Policy`]; what is not set keeps its default.
#[derive(Debug, Clone)]
#[must_use]
pub struct PolicyBuilder(Policy);

impl PolicyBuilder {
    /// Sets how long a session may go unused: whole seconds, 1 second to 400 days.
    pub fn idle(mut self, idle: Duration) -> Self {
        self.0.terms.idle = Terms::seconds(idle);
        self
    }

    /// Sets how long a session lives after its authentication: whole seconds, at least the idle timeout, at most
    /// 400 days.
    pub fn absolute(mut self, absolute: Duration) -> Self {
        self.0.terms.absolute = Terms::seconds(absolute);
        self
    }

    /// Sets how long one token is used before the next: whole seconds, at least the grace and twice `replay_after`, at
    /// most 400 days.
    ///
    /// Were renewals closer together, a browser whose packets stall could come back with a token that it left behind two
    /// renewals ago, and an honest session would end as stolen.
    pub fn renewal(mut self, renewal: Duration) -> Self {
        self.0.terms.renewal = Terms::seconds(renewal);
        self
    }

    /// Sets how long a session lives that nobody signs in to: whole seconds, 1 second to 1 day.
    pub fn anonymous(mut self, anonymous: Duration) -> Self {
        self.0.terms.anonymous = Terms::seconds(anonymous);
        self
    }

    /// Sets how long after a renewal the replaced token is still good: 5 seconds to 5 minutes.
    pub fn grace(mut self, grace: Duration) -> Self {
        self.0.grace.grace = grace;
        self
    }

    /// Sets how long after a newer token was shown an older one becomes a sign of theft: longer than the grace, at most
    /// 1 hour.
    pub fn replay_after(mut self, replay_after: Duration) -> Self {
        self.0.grace.replay_after = replay_after;
        self
    }

    /// Limits the sessions of one subject.
    pub fn limit(mut self, most: u32, overflow: Overflow) -> Self {
        self.0.limit = Some(Limit { most, overflow });
        self
    }

    /// Locks a session that is unused for too long instead of ending it, until its subject authenticates again.
    ///
    /// A session that was made under a policy without it ends all the same: ending is the stricter of both.
    pub fn lock_when_idle(mut self) -> Self {
        self.0.terms.locks = true;
        self
    }

    /// Sets how recent an authentication must be to count as fresh.
    pub fn fresh(mut self, fresh: Duration) -> Self {
        self.0.fresh = fresh;
        self
    }

    /// Sets how long an ended session is remembered: at most 400 days.
    pub fn retention(mut self, retention: Duration) -> Self {
        self.0.retention = retention;
        self
    }

    /// Lets cookies outlive the browser.
    pub fn persistent(mut self) -> Self {
        self.0.persistent = true;
        self
    }

    /// Lets sessions live for ever unless they go unused.
    ///
    /// # Security
    ///
    /// A stolen session then lives as long as the thief uses it (ASVS 7.3.2 asks for an absolute timeout).
    pub fn danger_without_absolute_timeout(mut self) -> Self {
        self.0.terms.absolute = Terms::NEVER;
        self
    }

    /// Lets sessions go unused until their absolute timeout.
    ///
    /// # Security
    ///
    /// A browser that is left signed in stays so (ASVS 7.3.1 asks for an idle timeout).
    pub fn danger_without_idle_timeout(mut self) -> Self {
        self.0.terms.idle = Terms::NEVER;
        self
    }

    /// Builds the policy.
    ///
    /// # Errors
    ///
    /// [`InvalidPolicy`] if a value is out of its bounds, or the idle timeout is longer than the absolute one
    /// (`TMO-15`).
    pub fn build(self) -> Result<Policy, InvalidPolicy> {
        let Policy { terms, grace, limit, retention, .. } = self.0;
        let longest = Terms::seconds(400 * DAY);
        let bounded = |seconds: u32| (1..=longest).contains(&seconds) || seconds == Terms::NEVER;
        let broken = [
            (!bounded(terms.idle), "the idle timeout is to be 1 second to 400 days"),
            (!bounded(terms.absolute), "the absolute timeout is to be 1 second to 400 days"),
            (
                terms.idle > terms.absolute && terms.idle != Terms::NEVER,
                "the idle timeout is to be no longer than the absolute timeout",
            ),
            (!(1..=longest).contains(&terms.renewal), "the renewal timeout is to be 1 second to 400 days"),
            (!(1..=Terms::seconds(DAY)).contains(&terms.anonymous), "the anonymous timeout is to be 1 second to 1 day"),
            (
                !(Duration::from_secs(5)..=5 * MINUTE).contains(&grace.grace),
                "the grace is to be 5 seconds to 5 minutes",
            ),
            (
                grace.replay_after <= grace.grace || grace.replay_after > HOUR,
                "replay_after is to be longer than the grace, and at most 1 hour",
            ),
            (
                Duration::from_secs(terms.renewal.into()) < grace.grace + 2 * grace.replay_after,
                "the renewal timeout is to be at least the grace and twice replay_after",
            ),
            (limit.is_some_and(|limit| !(1..=1000).contains(&limit.most)), "the limit of sessions is to be 1 to 1,000"),
            (retention > 400 * DAY, "the retention is to be at most 400 days"),
        ];
        match broken.into_iter().find(|(is_broken, _)| *is_broken) {
            Some((_, rule)) => Err(InvalidPolicy(rule)),
            None => Ok(self.0),
        }
    }
}
