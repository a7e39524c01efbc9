//! Setting the subject of a session: always a new chain, so that no token from before is good any more.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::admit::{ATTEMPTS, Rejected};
use super::{Caller, Issued, SessionState, Sessions, SignIn, Ticket};
use crate::error::{Error, Refusal};
use crate::event::{EndReason, EventKind};
use crate::id::SessionId;
use crate::name::Profile;
use crate::record::{Record, Retry};
use crate::session::changes::Changes;
use crate::store::{Expected, Outcome};
use crate::time::Timestamp;
use crate::token::{ReferenceToken, Renewed};

impl Sessions {
    /// Sets the subject of the session that a token opens, or proves the same one afresh.
    ///
    /// The old token is dead at once. Where the subject is another than before, the old session ends and a new one
    /// begins; where there was none, only the attributes that are named are kept. A locked session is unlocked by its own
    /// subject. With an idempotency key, a retry with the same token gets the session of the first try, in a new chain.
    ///
    /// # Errors
    ///
    /// [`Error::is_inactive`] if the token opens nothing, [`Error::is_limit_reached`] if the policy refuses one more
    /// session, [`Error::is_key_used`] if the idempotency key was used with this token for something else,
    /// [`Error::is_unavailable`] if the store is away.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the old token may be dead without anybody having the new one.
    pub async fn authenticate(&self, token: &str, sign_in: SignIn, caller: &Caller) -> Result<Issued, Error> {
        let sessions = self.for_request();
        let admission = match sessions.admit(token, caller).await {
            Err(rejected @ Rejected::Refused(..)) => {
                return sessions.retry_sign_in(token, &sign_in, caller, rejected.into()).await;
            }
            admission => admission?,
        };
        let retry = sign_in.idempotency.as_ref().map(|key| key.sign_in(admission.ticket.token.secret.hash(), &sign_in));
        let mut changes = Changes::default();
        if admission.record.subject.as_ref() != Some(&sign_in.subject) {
            let keep: Vec<_> = sign_in.keep.iter().map(String::as_str).collect();
            changes.keep_only(if admission.is_locked { &[] } else { &keep });
        }
        let record = Arc::unwrap_or_clone(admission.record);
        let (record, ticket) = sessions.sign_in(Some(record), &sign_in, &mut changes, retry, caller).await?;
        sessions.issued(record, &ticket).await
    }

    /// Finds the session that the first try of a sign-in made, whose answer was lost.
    async fn retry_sign_in(
        &self,
        token: &str,
        sign_in: &SignIn,
        caller: &Caller,
        refused: Error,
    ) -> Result<Issued, Error> {
        let (Some(key), Ok(token)) = (&sign_in.idempotency, ReferenceToken::parse(token)) else {
            return Err(refused);
        };
        let retry = key.sign_in(token.secret.hash(), sign_in);
        for id in [token.id, SessionId::from_bytes(key.name)] {
            let record = self.records().load(&self.0.realm, &id).await?;
            let is_it = |record: &Record| {
                self.state(record) != SessionState::Ended
                    && record.retry.as_ref().is_some_and(|stored| retry.is_again(stored))
            };
            if let Some(record) = record.filter(is_it) {
                let is_another = record.retry.as_ref().is_some_and(|stored| retry.differs_from(stored));
                if is_another || record.subject.as_ref() != Some(&sign_in.subject) {
                    return Err(Error::key_used());
                }
                let (record, ticket) = self.replace_chain(record, |_| Ok(()), EventKind::Rechained, caller).await?;
                self.enforce_limit(&record, caller).await?;
                return self.issued(record, &ticket).await;
            }
        }
        Err(refused)
    }

    /// Signs in to a record, or to a new one if it is gone or another subject's.
    pub(super) async fn sign_in(
        &self,
        record: Option<Record>,
        sign_in: &SignIn,
        changes: &mut Changes,
        retry: Option<Retry>,
        caller: &Caller,
    ) -> Result<(Record, Ticket), Error> {
        let Some(record) = record else {
            let data = changes.apply(&Bytes::new(), None)?;
            return self.sign_in_fresh(sign_in, data, retry, caller).await;
        };
        match &record.subject {
            Some(subject) if *subject == sign_in.subject => {
                self.sign_in_same(record, sign_in, changes, retry.as_ref(), caller).await
            }
            Some(_) => {
                let data = changes.apply(&record.data, None)?;
                let begun = self.sign_in_fresh(sign_in, data, retry, caller).await?;
                // In this order: should the store go away in between, the client still has a session to try again with.
                self.end_as(&record, EndReason::Replaced, caller, self.now()).await?;
                Ok(begun)
            }
            None => {
                self.refuse_one_more(sign_in, record.profile.clone(), caller).await?;
                let loaded = record.data.clone();
                match self.sign_in_same(record, sign_in, changes, retry.as_ref(), caller).await {
                    // What is gone was anonymous: nobody loses anything by starting afresh.
                    Err(error) if error.refusal() == Some(&Refusal::Overtaken) => {
                        let data = changes.apply(&loaded, None)?;
                        self.sign_in_fresh(sign_in, data, retry, caller).await
                    }
                    signed_in => signed_in,
                }
            }
        }
    }

    /// Refuses a proof that is older than the session that it is to begin may become.
    pub(crate) fn check_proof(&self, sign_in: &SignIn, record: Option<&Record>) -> Result<(), Error> {
        let profile = sign_in.profile.as_ref().or(record.map(|record| &record.profile));
        let policy = self.policy(profile.unwrap_or(&Profile::default()));
        let age = sign_in.at.map_or(Duration::ZERO, |at| self.now().since(at));
        if age < policy.absolute() { Ok(()) } else { Err(Error::old_proof()) }
    }

    async fn sign_in_same(
        &self,
        record: Record,
        sign_in: &SignIn,
        changes: &mut Changes,
        retry: Option<&Retry>,
        caller: &Caller,
    ) -> Result<(Record, Ticket), Error> {
        self.check_proof(sign_in, Some(&record))?;
        let was_anonymous = record.subject.is_none();
        let read_from = record.data.clone();
        let edit = |next: &mut Record| {
            next.data = changes.apply(&next.data, Some(&read_from))?;
            self.check_size(&next.data)?;
            self.enter(next, sign_in, retry.cloned());
            Ok(())
        };
        let (record, ticket) = self.replace_chain(record, edit, EventKind::Authenticated, caller).await?;
        if was_anonymous {
            self.enforce_limit(&record, caller).await?;
        }
        Ok((record, ticket))
    }

    /// Makes a session that its subject has signed in to.
    pub(super) async fn sign_in_fresh(
        &self,
        sign_in: &SignIn,
        data: Bytes,
        retry: Option<Retry>,
        caller: &Caller,
    ) -> Result<(Record, Ticket), Error> {
        self.check_size(&data)?;
        self.check_proof(sign_in, None)?;
        let profile = sign_in.profile.clone().unwrap_or_default();
        self.refuse_one_more(sign_in, profile.clone(), caller).await?;
        let key = sign_in.idempotency.as_ref();
        let client = sign_in.client.clone().unwrap_or_default();
        let retry = retry.or_else(|| key.map(|key| key.creation(Some(sign_in), &profile, &client, &data)));
        let draft = |id, renewed: &Renewed, now| {
            let mut record = self.draft(id, &profile, renewed, now);
            record.data = data.clone();
            self.enter_at(&mut record, sign_in, retry.clone(), now);
            record
        };
        let kind = sign_in.impersonator.as_ref().map_or(EventKind::Created, |_| EventKind::ImpersonationStarted);
        let (record, ticket) = self.insert(key, kind, draft, caller).await?;
        self.enforce_limit(&record, caller).await?;
        Ok((record, ticket))
    }

    fn enter(&self, record: &mut Record, sign_in: &SignIn, retry: Option<Retry>) {
        self.enter_at(record, sign_in, retry, self.now());
    }

    /// Writes into a record who signed in to it, and restarts its timeouts.
    fn enter_at(&self, record: &mut Record, sign_in: &SignIn, retry: Option<Retry>, now: Timestamp) {
        if let Some(profile) = &sign_in.profile {
            record.profile = profile.clone();
        }
        record.terms = self.policy(&record.profile).terms();
        record.subject = Some(sign_in.subject.clone());
        record.impersonator.clone_from(&sign_in.impersonator);
        let at = sign_in.at.map_or(now, |at| at.min(now));
        // An older proof takes nothing from a newer one, unless it is of more: how fresh that is, only it can say.
        let before = record.authenticated_at.filter(|_| sign_in.level <= record.level);
        record.authenticated_at = Some(before.map_or(at, |before| before.max(at)));
        record.seen_at = record.seen_at.max(now);
        record.level = sign_in.level;
        record.methods = sign_in.methods.iter().take(Record::MOST_METHODS).cloned().collect();
        if let Some(client) = sign_in.client.as_ref().filter(|client| !client.is_empty()) {
            record.client = client.clone();
        }
        record.retry = retry;
    }

    /// Starts a new chain on a record, doing `edit` again on whatever others saved meanwhile in the old chain.
    pub(super) async fn replace_chain(
        &self,
        record: Record,
        mut edit: impl FnMut(&mut Record) -> Result<(), Error>,
        kind: EventKind,
        caller: &Caller,
    ) -> Result<(Record, Ticket), Error> {
        let mut stored = record;
        for _ in 0..ATTEMPTS {
            let now = self.now();
            let Some(renewed) = stored.chain.as_ref().and_then(|chain| chain.replace(now)) else {
                self.end_as(&stored, EndReason::Exhausted, caller, now).await?;
                return Err(Error::inactive(Refusal::Ended(EndReason::Exhausted)));
            };
            let mut next = stored.clone();
            next.chain = Some(renewed.chain.clone());
            edit(&mut next)?;
            self.end_tokens(&stored, Some(renewed.chain.generation)).await?;
            self.stamp(&mut next, now);
            let events = [caller.event_of(kind.clone(), &next, now)];
            if self.records().save(&next, Expected::Version(stored.version), &events).await? == Outcome::Applied {
                self.observe(&events);
                let ticket = Ticket::current(next.id, renewed.chain.generation, renewed.secret);
                return Ok((next, ticket));
            }
            stored = self.reload(&stored).await?.ok_or_else(|| Error::inactive(Refusal::Overtaken))?;
        }
        Err(Error::conflict())
    }
}
