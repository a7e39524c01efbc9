use std::collections::{BTreeSet, VecDeque};
use std::env;
use std::num::NonZeroUsize;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use futures_util::stream::{self, BoxStream};
use hallpass::audit::PublicAuditKey;
use hallpass::{
    Actor, Caller, Cursor, Event, EventId, EventKind, EventQuery, Extent, Note, PageLimit, Query, Realm, Revocation,
    SessionId, Sessions, Settings, Subject, Swept,
};
use hallpass_server::audit::{AuditKeys, AuditState, AuditTrail, NO_TRAIL};
use hallpass_server::keys::{ApiKeyInfo, ApiKeys, KeyError, KeyName, Role};
use hallpass_server::{Config, RemovedSigningKey, SigningKeyError, SigningKeyInfo, SigningKeys};

use super::{Ask, Backend, Follow, KeyText, Part, Purpose, Reached, unknown};
use crate::args::Filter;
use crate::failure::Failure;
use crate::view::{Explained, SessionView};

/// How often the store is asked for new events.
const POLL: Duration = Duration::from_millis(500);

/// A store itself; whoever may open it is an operator.
#[derive(Debug)]
pub(super) struct Direct {
    sessions: Sessions,
    keys: ApiKeys,
    settings: Arc<dyn Settings>,
    config: Config,
}

impl Direct {
    /// Returns the sessions of a store, under the policies of its service.
    pub(super) fn new(sessions: Sessions, settings: Arc<dyn Settings>, config: Config) -> Self {
        Self { sessions, keys: ApiKeys::new(Arc::clone(&settings)), settings, config }
    }

    /// Opens the signing keys of the service that has this configuration.
    async fn open_signing_keys(&self) -> Result<SigningKeys, Failure> {
        let opened = SigningKeys::open(&self.config, Arc::clone(&self.settings), self.sessions.now()).await;
        opened.map_err(|error| Failure::advising(error, "--config names the configuration of the service"))
    }

    /// Returns the audit trail of the store, and the keys that the configuration names.
    fn audit_trail(&self) -> Result<AuditTrail, Failure> {
        let keys = AuditKeys::open(&self.config).map_err(|error| Failure::advising(error, ""))?;
        let trail = AuditTrail::of(&self.sessions, Arc::clone(&self.settings), keys);
        trail.ok_or_else(|| {
            Failure::new(NO_TRAIL).hint("`hallpass sessions watch` shows what happens, where events are kept")
        })
    }

    /// Keeps the event of what was done to a key. It is done, whatever becomes of the event.
    async fn tell(&self, event: Event) {
        let (kind, note) = (event.kind.clone(), event.note.clone());
        match self.sessions.append(event).await {
            Err(error) if !error.is_unsupported() => {
                let about = note.as_ref().map(Note::as_str);
                tracing::error!(%kind, about, %error, "an event is lost");
            }
            _ => {}
        }
    }
}

fn filtered(filter: &Filter) -> Query {
    let mut query = Query::default();
    query.subject.clone_from(&filter.subject);
    query.ip = filter.ip;
    query.user_agent.clone_from(&filter.user_agent);
    query.created_after = filter.created_after;
    query.seen_before = filter.seen_before;
    query.level = filter.level;
    query.profile.clone_from(&filter.profile);
    query
}

/// Events tell who did something; from here it is whoever sits at this machine.
fn caller() -> Caller {
    let name = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| env::var(name).ok()).unwrap_or_default();
    Caller::new(Actor::operator(&name))
}

fn revocation(note: &Note) -> Revocation {
    Revocation { note: Some(note.clone()), caller: caller() }
}

#[async_trait]
impl Backend for Direct {
    async fn sessions(&self, ask: &Ask, after: Option<&str>) -> Result<Part<SessionView>, Failure> {
        let mut query = filtered(&ask.filter);
        query.limit = PageLimit::MOST;
        query.after = after.map(Cursor::new).transpose().map_err(|error| Failure::new(error.to_string()))?;
        let page = self.sessions.list_in(&query, ask.states()).await?;
        let views = page.items.iter().map(|record| SessionView::of(record, &self.sessions));
        Ok(Part { items: views.collect(), next: page.next.map(|next| next.to_string()) })
    }

    async fn session(&self, id: &SessionId) -> Result<Option<SessionView>, Failure> {
        let record = self.sessions.find(id).await?;
        Ok(record.map(|record| SessionView::of(&record, &self.sessions)))
    }

    async fn timeline(&self, id: &SessionId) -> Result<Vec<Event>, Failure> {
        let mut query = EventQuery::of_session(self.sessions.realm().clone(), *id);
        query.limit = PageLimit::MOST;
        let mut events = Vec::new();
        loop {
            let page = self.sessions.events(&query).await?;
            events.extend(page.items);
            match page.next {
                Some(next) => query.after = Some(next.event().map_err(|error| Failure::new(error.to_string()))?),
                None => return Ok(events),
            }
        }
    }

    async fn follow(
        &self,
        follow: &Follow,
        after: Option<EventId>,
    ) -> Result<BoxStream<'static, Result<Event, Failure>>, Failure> {
        let mut query = EventQuery::default();
        query.subject.clone_from(&follow.subject);
        query.session = follow.session;
        query.kind.clone_from(&follow.kind);
        query.limit = PageLimit::MOST;
        query.after = Some(after.unwrap_or_else(|| event_at(self.sessions.now())));
        // Asked once before there is a stream, so that what can never work fails at once.
        let first = self.sessions.events(&query).await?.items;
        if let Some(last) = first.last() {
            query.after = Some(last.id);
        }
        let state = (self.sessions.clone(), query, VecDeque::from(first), false);
        let events = stream::unfold(state, |(sessions, mut query, mut read, has_failed)| async move {
            if has_failed {
                return None;
            }
            loop {
                if let Some(event) = read.pop_front() {
                    return Some((Ok(event), (sessions, query, read, false)));
                }
                tokio::time::sleep(POLL).await;
                match sessions.events(&query).await {
                    Ok(page) => {
                        query.after = page.items.last().map(|event| event.id).or(query.after);
                        read.extend(page.items);
                    }
                    Err(error) => return Some((Err(error.into()), (sessions, query, read, true))),
                }
            }
        });
        Ok(events.boxed())
    }

    async fn events(&self, follow: &Follow, after: Option<EventId>) -> Result<Part<Event>, Failure> {
        let mut query = EventQuery::default();
        query.subject.clone_from(&follow.subject);
        query.session = follow.session;
        query.kind.clone_from(&follow.kind);
        query.limit = PageLimit::MOST;
        query.after = after;
        let page = self.sessions.events(&query).await?;
        Ok(Part { items: page.items, next: page.next.map(|next| next.to_string()) })
    }

    async fn audit_state(&self) -> Result<AuditState, Failure> {
        Ok(self.audit_trail()?.state().await.map_err(hallpass::Error::from)?)
    }

    async fn trail(&self, from: u64, purpose: Purpose) -> Result<BoxStream<'static, Result<String, Failure>>, Failure> {
        let export = self.audit_trail()?.export(from).await.map_err(hallpass::Error::from)?;
        let kind = match purpose {
            Purpose::Export => EventKind::AuditExported,
            Purpose::Verify => EventKind::AuditVerified,
        };
        let mut event = Event::new(kind, Realm::default(), self.sessions.now());
        event.actor = caller().actor;
        event.note = Note::lossy(&format!("from line {from} through line {}", export.through()));
        self.tell(event).await;
        let texts = stream::try_unfold(export, |mut export| async move {
            let entries = export.next().await.map_err(hallpass::Error::from)?;
            let text = |entries: Vec<_>| entries.iter().fold(String::new(), |text, entry| format!("{text}{entry}\n"));
            Ok(entries.map(|entries| (text(entries), export)))
        });
        Ok(texts.boxed())
    }

    fn audit_keys(&self) -> Result<Option<BTreeSet<PublicAuditKey>>, Failure> {
        Ok(self.audit_trail()?.keys().trusted())
    }

    async fn explain(&self, id: &SessionId) -> Result<Option<Explained>, Failure> {
        let Some(record) = self.sessions.find(id).await? else { return Ok(None) };
        let events = match self.timeline(id).await {
            Ok(events) => events,
            Err(failure) => {
                tracing::debug!(error = %failure, "what happened is not told");
                Vec::new()
            }
        };
        Explained::of(&self.sessions, &record, events).map(Some)
    }

    async fn revoke(&self, id: &SessionId, note: &Note) -> Result<Option<bool>, Failure> {
        match self.sessions.revoke(id, &revocation(note)).await {
            Ok(was_usable) => Ok(Some(was_usable)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    async fn revoke_subject(&self, subject: &Subject, except: Option<&SessionId>, note: &Note) -> Result<u64, Failure> {
        Ok(self.sessions.revoke_subject(subject, except, &revocation(note)).await?)
    }

    async fn revoke_matching(
        &self,
        filter: &Filter,
        note: &Note,
        reached: &mut (dyn FnMut(Reached) + Send),
    ) -> Result<Reached, Failure> {
        // Small pages, so that somebody who waits sees it move.
        let query = filtered(filter);
        let progress = |done: &hallpass::Revoked| reached(Reached { matched: done.matched, revoked: done.revoked });
        let done = self.sessions.revoke_matching(&query, &Extent::default(), &revocation(note), progress).await?;
        Ok(Reached { matched: done.matched, revoked: done.revoked })
    }

    async fn sweep(&self, limit: NonZeroUsize) -> Result<Swept, Failure> {
        Ok(self.sessions.sweep(limit).await?)
    }

    async fn create_key(&self, name: KeyName, role: Role) -> Result<(ApiKeyInfo, KeyText), Failure> {
        let realm = self.sessions.realm().clone();
        let (info, secret) = self.keys.create(name, realm, role, self.sessions.now()).await.map_err(of_keys)?;
        self.tell(info.event(EventKind::KeyCreated, &caller(), self.sessions.now())).await;
        Ok((info, KeyText::new(secret.expose())))
    }

    async fn keys(&self) -> Result<Vec<ApiKeyInfo>, Failure> {
        self.keys.list().await.map_err(|error| of_keys(error.into()))
    }

    async fn revoke_key(&self, id: &str) -> Result<(), Failure> {
        let info = self.keys.revoke(id).await.map_err(of_keys)?;
        self.tell(info.event(EventKind::KeyRevoked, &caller(), self.sessions.now())).await;
        Ok(())
    }

    async fn signing_keys(&self) -> Result<Vec<SigningKeyInfo>, Failure> {
        self.open_signing_keys().await?.list(self.sessions.now()).await.map_err(|error| of_signing_keys(error, ""))
    }

    async fn rotate_signing_key(&self, reason: Option<&Note>) -> Result<SigningKeyInfo, Failure> {
        let now = self.sessions.now();
        let made = self.open_signing_keys().await?.rotate(now).await.map_err(|error| of_signing_keys(error, ""))?;
        self.tell(made.event(EventKind::KeyRotated, &caller(), reason, now)).await;
        Ok(made)
    }

    async fn retire_signing_key(&self, id: &str, reason: Option<&Note>) -> Result<SigningKeyInfo, Failure> {
        let now = self.sessions.now();
        let keys = self.open_signing_keys().await?;
        let (retired, made) = keys.retire(id, now).await.map_err(|error| of_signing_keys(error, id))?;
        if let Some(made) = made {
            self.tell(made.event(EventKind::KeyRotated, &caller(), reason, now)).await;
        }
        Ok(retired)
    }

    async fn remove_signing_key(&self, id: &str, reason: &Note) -> Result<RemovedSigningKey, Failure> {
        let now = self.sessions.now();
        let keys = self.open_signing_keys().await?;
        let removed = keys.remove(id, now).await.map_err(|error| of_signing_keys(error, id))?;
        self.tell(removed.removed.event(EventKind::SigningKeyRemoved, &caller(), Some(reason), now)).await;
        Ok(removed)
    }
}

fn of_signing_keys(error: SigningKeyError, id: &str) -> Failure {
    match error {
        SigningKeyError::Store(error) => hallpass::Error::from(error).into(),
        SigningKeyError::NotFound => unknown(id),
        error => {
            let said = error.to_string();
            let (message, hint) = said.split_once(": ").unwrap_or((&said, "`hallpass keys signing --help`"));
            Failure::refused(message).hint(hint)
        }
    }
}

fn of_keys(error: KeyError) -> Failure {
    match error {
        KeyError::Store(error) => hallpass::Error::from(error).into(),
        KeyError::NotFound => Failure::refused("there is no such key").hint("`hallpass keys list` shows them"),
        error @ (KeyError::LastAdmin | KeyError::TooMany) => {
            let said = error.to_string();
            let (message, hint) = said.split_once(": ").unwrap_or((&said, "`hallpass keys --help`"));
            Failure::refused(message).hint(hint)
        }
        error => Failure::new(error.to_string()),
    }
}

/// Returns the name that sorts before those of all events from an instant on.
pub(crate) fn event_at(at: hallpass::Timestamp) -> EventId {
    EventId::from_instant(at)
}
