//! What happened, who did it, and who hears of it.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::sync::atomic::{AtomicU32, Ordering};

use serde::{Deserialize, Serialize};

use crate::code::code;
use crate::crypto;
use crate::id::SessionId;
use crate::name::{Actor, Note, Profile, Realm, Subject};
use crate::time::Timestamp;

code! {
    /// What kind of thing happened.
    EventKind {
        /// A session was made.
        Created = "created",
        /// A session got a subject, or a fresh proof of the same one.
        Authenticated = "authenticated",
        /// A session got its next token on schedule.
        Renewed = "renewed",
        /// A session got a new chain without an authentication, for a change of role or password.
        Rechained = "rechained",
        /// A session ended because a timeout passed.
        Expired = "expired",
        /// A session was ended by somebody: its user, an operator, an application or a rule; the reason says why.
        Revoked = "revoked",
        /// A spent token came back after too long: the session was ended as stolen.
        Replayed = "replayed",
        /// A token that is spent was shown; nothing ended.
        SpentToken = "spent_token",
        /// A token with a wrong secret was shown; nothing ended.
        WrongSecret = "wrong_secret",
        /// A well-formed token that names no session was shown.
        UnknownToken = "unknown_token",
        /// A token of a session that has ended was shown.
        UsedAfterEnd = "used_after_end",
        /// More than one cookie of the session's name came with a request.
        DuplicateCookie = "duplicate_cookie",
        /// A request that asked for its session brought more cookies than are read.
        OversizedCookies = "oversized_cookies",
        /// A request that would change something did not come from the application's own pages.
        CsrfBlocked = "csrf_blocked",
        /// A session was made in which somebody acts as another; the actor says who.
        ImpersonationStarted = "impersonation_started",
        /// A sign-in was refused because the subject has too many sessions.
        LimitReached = "limit_reached",
        /// A request's changes were discarded because its session had ended or changed hands meanwhile.
        ChangesDiscarded = "changes_discarded",
        /// The attributes of a session were changed by its name, without its token.
        DataChanged = "data_changed",
        /// An API key was made; the note says which.
        KeyCreated = "key_created",
        /// An API key was revoked; the note says which.
        KeyRevoked = "key_revoked",
        /// A key that tokens are signed or sealed with was made, by the policy or by somebody; the note says which, and from
        /// when on it signs.
        KeyRotated = "key_rotated",
        /// A key that tokens are signed or sealed with was taken away, with all tokens under it; the note says which, and why.
        SigningKeyRemoved = "signing_key_removed",
        /// The service began to judge by another policy than before; the note says by which.
        PolicyChanged = "policy_changed",
        /// An operator or admin asked the service to change something; the origin says what.
        AdminAction = "admin_action",
        /// Somebody took a copy of the audit trail; the note says of which lines.
        AuditExported = "audit_exported",
        /// Somebody checked the audit trail; the note says what was found.
        AuditVerified = "audit_verified",
        /// The beginning of the audit trail was taken out, as the policy says; the note says how much.
        AuditPurged = "audit_purged",
        /// More tokens that open nothing were shown in a minute than by mistake; the note says how many.
        BruteforceSuspected = "bruteforce_suspected",
        /// An operator signed in to the dashboard.
        OperatorSignedIn = "operator_signed_in",
        /// Somebody was refused at the dashboard: by a wrong or revoked key, or by the role of a good one; the note says why.
        OperatorRefused = "operator_refused",
        /// An operator did something at the dashboard that changes no session of an application; the note says what.
        OperatorAction = "operator_action",
    }
}

impl EventKind {
    /// Returns the word that OWASP's logging vocabulary has for this, if it has one.
    ///
    /// Whoever watches several applications has one word for the same in all of them:
    /// <https://cheatsheetseries.owasp.org/cheatsheets/Logging_Vocabulary_Cheat_Sheet.html>. However a session ends, the
    /// vocabulary calls that `session_expired`; the reason says more.
    ///
    /// ```
    /// use hallpass::EventKind;
    ///
    /// assert_eq!(EventKind::Renewed.vocabulary(), Some("session_renewed"));
    /// assert_eq!(EventKind::from_word("something newer").vocabulary(), None);
    /// ```
    pub fn vocabulary(&self) -> Option<&'static str> {
        Some(match self {
            Self::Created => "session_created",
            Self::Renewed | Self::Rechained => "session_renewed",
            Self::Expired | Self::Revoked => "session_expired",
            Self::UsedAfterEnd => "session_use_after_expire",
            Self::Authenticated | Self::OperatorSignedIn => "authn_login_success",
            Self::OperatorRefused => "authn_login_fail",
            Self::Replayed | Self::SpentToken => "authn_token_reuse",
            Self::KeyCreated | Self::KeyRotated => "authn_token_created",
            Self::KeyRevoked | Self::SigningKeyRemoved => "authn_token_revoked",
            Self::WrongSecret | Self::UnknownToken => "authz_fail",
            Self::PolicyChanged => "authz_change",
            Self::AdminAction | Self::OperatorAction => "authz_admin",
            Self::ImpersonationStarted => "privilege_permissions_changed",
            Self::LimitReached | Self::BruteforceSuspected => "excess_rate_limit_exceeded",
            Self::DuplicateCookie | Self::OversizedCookies => "malicious_extraneous",
            Self::CsrfBlocked => "malicious_csrf",
            Self::DataChanged => "sensitive_update",
            Self::AuditExported | Self::AuditVerified => "sensitive_read",
            Self::AuditPurged => "sensitive_delete",
            Self::ChangesDiscarded => "sequence_fail",
            Self::Other(_) => return None,
        })
    }
}

code! {
    /// Why a session ended.
    EndReason {
        /// Its user logged out.
        Logout = "logout",
        /// An operator or application ended it.
        Revoked = "revoked",
        /// Nothing was heard of it for longer than the idle timeout.
        Idle = "idle",
        /// Its absolute lifetime was over.
        Absolute = "absolute",
        /// A spent token came back: two parties held it.
        Replayed = "replayed",
        /// Another subject signed in with it.
        Replaced = "replaced",
        /// Its subject signed in more often than the policy allows.
        Evicted = "evicted",
        /// It has used up all generations that a token can count.
        Exhausted = "exhausted",
    }
}

/// The name of an event: sorts by time, and within a process by order.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EventId(u128);

impl EventId {
    /// Returns a new name for an event that happened at `at`.
    ///
    /// # Panics
    ///
    /// If the operating system gives no randomness.
    pub fn next(at: Timestamp) -> Self {
        static ORDER: AtomicU32 = AtomicU32::new(0);
        let order = ORDER.fetch_add(1, Ordering::Relaxed);
        let random = u64::from_be_bytes(crypto::random()) >> 16;
        Self(u128::from(at.as_millis()) << 80 | u128::from(order) << 48 | u128::from(random))
    }

    /// Returns a name that no event has, before those of all that happen at `at` or later.
    pub fn from_instant(at: Timestamp) -> Self {
        Self(u128::from(at.as_millis()) << 80)
    }

    /// Tells whether it is the name of an instant, and not of an event.
    pub fn is_instant(self) -> bool {
        self == Self::from_instant(self.at())
    }

    /// Returns when the event happened.
    pub fn at(self) -> Timestamp {
        Timestamp::from_millis(u64::try_from(self.0 >> 80).unwrap_or(u64::MAX))
    }

    /// Returns the name with this number.
    pub const fn from_number(number: u128) -> Self {
        Self(number)
    }

    /// Returns the number of the name.
    pub const fn number(self) -> u128 {
        self.0
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The error of reading an [`EventId`] from text that is not 32 hexadecimal digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an event id is 32 hexadecimal digits")]
pub struct InvalidEventId;

impl FromStr for EventId {
    type Err = InvalidEventId;

    fn from_str(text: &str) -> Result<Self, InvalidEventId> {
        let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_hex { u128::from_str_radix(text, 16).map(Self).map_err(|_| InvalidEventId) } else { Err(InvalidEventId) }
    }
}

impl Serialize for EventId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for EventId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// Where a request came from, as far as it is known.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Origin {
    /// The name of the request in the logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub request_id: Option<Note>,
    /// The client's address, from a peer that is believed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ip: Option<IpAddr>,
    /// The client's description of itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<Note>,
    /// What was asked for: the method and the pattern of the path, never a query.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<Note>,
}

/// Something that happened, mostly to a session, with ids and never with a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Event {
    /// The event's own name.
    pub id: EventId,
    /// When it happened.
    pub at: Timestamp,
    /// What happened.
    pub kind: EventKind,
    /// Whose application it concerns.
    pub realm: Realm,
    /// The session it happened to, if it names one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// Whose session that is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<Subject>,
    /// How well that was proved: the level of the session, 0 to 9.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<u8>,
    /// The profile of the policy that the session lives under.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// Who did it.
    pub actor: Actor,
    /// Why the session ended, if it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<EndReason>,
    /// What a person said about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<Note>,
    /// Where the request came from.
    #[serde(default)]
    pub origin: Origin,
    /// How many of the same kind were left out since the last, where they come too fast to report each. Only events
    /// that are no change are ever left out: refused tokens. They are not stored.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes a reference
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

impl Event {
    /// Returns an event of `kind` that happens now, by rule, to nobody's session.
    pub fn new(kind: EventKind, realm: Realm, at: Timestamp) -> Self {
        Self::named(EventId::next(at), kind, realm, at)
    }

    /// Returns the event that has this name already, for a store to fill in what it kept.
    pub fn named(id: EventId, kind: EventKind, realm: Realm, at: Timestamp) -> Self {
        Self {
            id,
            at,
            kind,
            realm,
            session: None,
            subject: None,
            level: None,
            profile: None,
            actor: Actor::policy(),
            reason: None,
            note: None,
            origin: Origin::default(),
            left_out: 0,
        }
    }
}

impl EventKind {
    /// What tells that somebody was refused.
    pub(crate) const REFUSALS: [Self; 8] = [
        Self::UnknownToken,
        Self::WrongSecret,
        Self::SpentToken,
        Self::UsedAfterEnd,
        Self::DuplicateCookie,
        Self::OversizedCookies,
        Self::CsrfBlocked,
        Self::LimitReached,
    ];

    /// Tells whether it is of something that was refused, and of no change: it is reported, and not stored.
    pub fn is_refusal(&self) -> bool {
        Self::REFUSALS.contains(self)
    }
}

/// Hears of every event in this process, after the change that it tells of is stored.
///
/// Implementers: return at once; hand slow work to something else. What must never be lost belongs in a store with
/// [`events`](crate::Capabilities::events), which keeps them in the transaction of their change.
pub trait Observer: fmt::Debug + Send + Sync + 'static {
    /// Called once for each event.
    fn on_event(&self, event: &Event);
}

/// Writes every event to [`tracing`], under the target `hallpass::event`, with OWASP's word for it as `vocabulary`.
#[derive(Debug, Clone, Copy, Default)]
pub struct TracingObserver;

impl Observer for TracingObserver {
    fn on_event(&self, event: &Event) {
        tracing::info!(
            target: "hallpass::event",
            event = %event.id,
            kind = %event.kind,
            vocabulary = event.kind.vocabulary(),
            outcome = if event.kind.is_refusal() { "refused" } else { "done" },
            realm = %event.realm,
            session = event.session.map(tracing::field::display),
            subject = event.subject.as_ref().map(tracing::field::display),
            actor = %event.actor,
            reason = event.reason.as_ref().map(tracing::field::display),
            session_level = event.level, // `level` is that of the line
            profile = event.profile.as_ref().map(tracing::field::display),
            note = event.note.as_ref().map(tracing::field::display),
            request_id = event.origin.request_id.as_ref().map(tracing::field::display),
            ip = event.origin.ip.map(tracing::field::display),
            user_agent = event.origin.user_agent.as_ref().map(tracing::field::display),
            route = event.origin.route.as_ref().map(tracing::field::display),
            left_out = (event.left_out > 0).then_some(event.left_out),
            "session event",
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_has_a_word_in_the_vocabulary() {
        let without: Vec<_> = EventKind::ALL.iter().filter(|kind| kind.vocabulary().is_none()).collect();
        assert!(without.is_empty(), "{without:?}");
    }

    #[test]
    fn event_ids_sort_by_time_and_then_by_order() {
        let ids: Vec<_> =
            [5, 5, 5, 6].into_iter().map(|millis| EventId::next(Timestamp::from_millis(millis))).collect();
        assert!(ids.is_sorted(), "{ids:?}");
        assert_eq!(ids[0].to_string().parse(), Ok(ids[0]));
        assert_eq!("+".repeat(32).parse::<EventId>(), Err(InvalidEventId));
    }

    #[test]
    fn the_name_of_an_instant_comes_before_those_of_its_events() {
        let at = Timestamp::from_millis(7);
        let (instant, event) = (EventId::from_instant(at), EventId::next(at));
        assert!(EventId::next(Timestamp::from_millis(6)) < instant && instant < event);
        assert!(instant.is_instant() && !event.is_instant());
        assert_eq!((instant.at(), event.at()), (at, at));
    }

    #[test]
    fn words_that_are_not_known_are_kept() {
        assert_eq!(EventKind::from_word("renewed"), EventKind::Renewed);
        assert_eq!(EventKind::from_word("teleported").as_str(), "teleported");
        for kind in EventKind::ALL {
            assert_eq!(&EventKind::from_word(kind.as_str()), kind);
        }
    }

    #[test]
    fn an_event_survives_json() {
        let mut event = Event::new(EventKind::Revoked, Realm::default(), Timestamp::from_millis(1));
        event.session = Some(SessionId::random());
        event.reason = Some(EndReason::Logout);
        event.origin.ip = Some(IpAddr::from([127, 0, 0, 1]));
        let json = serde_json::to_string(&event).expect("an event is JSON");
        assert_eq!(serde_json::from_str::<Event>(&json).expect("its own JSON"), event);
    }
}
