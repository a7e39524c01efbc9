//! Where the commands look: a running service, or a store itself.

mod choice;
mod direct;
mod http;
mod service;
mod sse;

use std::collections::BTreeSet;
use std::fmt::Debug;
use std::num::NonZeroUsize;

use async_trait::async_trait;
use futures_util::stream::BoxStream;
use hallpass::audit::PublicAuditKey;
use hallpass::{Event, EventId, EventKind, Note, SessionId, States, Subject, Swept};
use hallpass_server::audit::AuditState;
use hallpass_server::keys::{ApiKeyInfo, KeyName, Role};
use hallpass_server::{RemovedSigningKey, SigningKeyInfo};
use zeroize::Zeroizing;

pub(crate) use self::choice::{builder, choose, config_file, layered, misconfigured, store};
pub(crate) use self::direct::event_at;

use crate::args::{Filter, State};
use crate::failure::Failure;
use crate::view::{Explained, SessionView};

/// Which sessions to ask for.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ask {
    /// What must hold.
    pub(crate) filter: Filter,
    /// In which states; every state if there is none.
    pub(crate) states: Vec<State>,
}

impl Ask {
    /// Returns the states that are asked for.
    pub(crate) fn states(&self) -> States {
        if self.states.is_empty() { States::ALL } else { self.states.iter().map(|state| state.meant()).collect() }
    }
}

/// Some of what was asked for, and where the rest is.
#[derive(Debug)]
pub(crate) struct Part<T> {
    /// What there is.
    pub(crate) items: Vec<T>,
    /// Where to go on, if there may be more.
    pub(crate) next: Option<String>,
}

/// What a revocation of many did so far.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    /// How many sessions it met that were usable.
    pub(crate) matched: u64,
    /// How many of them it ended.
    pub(crate) revoked: u64,
}

/// Which events to follow; several kinds are told apart by the reader.
#[derive(Debug, Clone, Default)]
pub(crate) struct Follow {
    /// Of this subject only.
    pub(crate) subject: Option<Subject>,
    /// Of this session only.
    pub(crate) session: Option<SessionId>,
    /// Of this kind only.
    pub(crate) kind: Option<EventKind>,
}

/// What somebody wants the audit trail for: that is written down.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// To have a copy.
    Export,
    /// To check it.
    Verify,
}

/// A home of sessions, as an operator sees it. Both homes answer the same.
#[async_trait]
pub(crate) trait Backend: Debug + Send + Sync {
    /// Returns a part of the sessions that match, newest first.
    async fn sessions(&self, ask: &Ask, after: Option<&str>) -> Result<Part<SessionView>, Failure>;

    /// Returns a session, living or ended.
    async fn session(&self, id: &SessionId) -> Result<Option<SessionView>, Failure>;

    /// Returns what happened to a session, oldest first.
    async fn timeline(&self, id: &SessionId) -> Result<Vec<Event>, Failure>;

    /// Returns what happens from now on, or what happened after an event and then what happens.
    ///
    /// The stream ends, or gives an error, when the connection is lost.
    async fn follow(
        &self,
        follow: &Follow,
        after: Option<EventId>,
    ) -> Result<BoxStream<'static, Result<Event, Failure>>, Failure>;

    /// Returns a part of what happened, oldest first, after an event if one is given.
    async fn events(&self, follow: &Follow, after: Option<EventId>) -> Result<Part<Event>, Failure>;

    /// Returns how far the audit trail is sealed.
    async fn audit_state(&self) -> Result<AuditState, Failure>;

    /// Returns the lines of the audit trail from this number on, as an export has them, a piece of text at a time.
    async fn trail(&self, from: u64, purpose: Purpose) -> Result<BoxStream<'static, Result<String, Failure>>, Failure>;

    /// Returns the keys whose signatures are believed, if they are known here.
    fn audit_keys(&self) -> Result<Option<BTreeSet<PublicAuditKey>>, Failure>;

    /// Returns why a session ended, or what is left of it.
    async fn explain(&self, id: &SessionId) -> Result<Option<Explained>, Failure>;

    /// Ends a session; answers whether it was usable until now, or nothing if there is none.
    async fn revoke(&self, id: &SessionId, note: &Note) -> Result<Option<bool>, Failure>;

    /// Ends all sessions of a subject, or all but one; answers how many were usable until now.
    async fn revoke_subject(&self, subject: &Subject, except: Option<&SessionId>, note: &Note) -> Result<u64, Failure>;

    /// Ends every session that matches, and says from time to time how far it is.
    async fn revoke_matching(
        &self,
        filter: &Filter,
        note: &Note,
        reached: &mut (dyn FnMut(Reached) + Send),
    ) -> Result<Reached, Failure>;

    /// Ends and forgets some of what is over: at most `limit` of each.
    async fn sweep(&self, limit: NonZeroUsize) -> Result<Swept, Failure>;

    /// Makes an API key and returns it.
    async fn create_key(&self, name: KeyName, role: Role) -> Result<(ApiKeyInfo, KeyText), Failure>;

    /// Returns all API keys, without what they are.
    async fn keys(&self) -> Result<Vec<ApiKeyInfo>, Failure>;

    /// Takes an API key away.
    async fn revoke_key(&self, id: &str) -> Result<(), Failure>;

    /// Returns the keys that tokens are signed or sealed with, without what they are.
    async fn signing_keys(&self) -> Result<Vec<SigningKeyInfo>, Failure>;

    /// Makes the next of them and returns it.
    async fn rotate_signing_key(&self, reason: Option<&Note>) -> Result<SigningKeyInfo, Failure>;

    /// Has one of them sign no more once another can, and returns it.
    async fn retire_signing_key(&self, id: &str, reason: Option<&Note>) -> Result<SigningKeyInfo, Failure>;

    /// Takes one of them away, with every token under it.
    async fn remove_signing_key(&self, id: &str, reason: &Note) -> Result<RemovedSigningKey, Failure>;
}

/// Says that there is no such key.
pub(crate) fn unknown(key: &str) -> Failure {
    Failure::refused(format!("there is no signing key {key}")).hint("`hallpass keys signing list` shows them")
}

/// The text of an API key just made, to be shown once.
pub(crate) struct KeyText(Zeroizing<String>);

impl KeyText {
    /// Returns the key with this text.
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(Zeroizing::new(text.into()))
    }

    /// Returns the text.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}
