//! From what a request did to what is saved and handed out.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::admit::ATTEMPTS;
use super::{Caller, Issued, LeftBehind, NewSession, Seat, Sessions, SignIn, Ticket, Witness};
use crate::error::{Error, Refusal};
use crate::event::{EndReason, EventKind};
use crate::name::Profile;
use crate::record::{Client, Record};
use crate::session::changes::Changes;
use crate::store::{Expected, Outcome};
use crate::time::Timestamp;
use crate::token::{Renewed, Token};

/// What a request knew and did.
pub(crate) struct Work {
    pub(crate) record: Option<Arc<Record>>,
    pub(crate) ticket: Option<Ticket>,
    pub(crate) is_locked: bool,
    pub(crate) is_background: bool,
    pub(crate) renewal_due: bool,
    pub(crate) changes: Changes,
    pub(crate) intent: Option<Intent>,
    pub(crate) client: Option<Box<Client>>,
    pub(crate) profile: Option<Profile>,
    pub(crate) witness: Arc<dyn Witness>,
    pub(crate) left_behind: Option<LeftBehind>,
}

/// What a request asked for beyond changing attributes.
pub(crate) enum Intent {
    LogOut,
    SignIn(Box<SignIn>),
    Rechain,
    /// There is to be a session, also without attributes.
    Begin,
}

/// How things stand after a commit.
pub(crate) struct Done {
    pub(crate) record: Option<Arc<Record>>,
    pub(crate) ticket: Option<Ticket>,
    pub(crate) outgoing: Outgoing,
}

/// What the carrier is to do with the client's token.
#[derive(Debug)]
pub enum Outgoing {
    /// Nothing.
    Keep,
    /// Hand out this one, to outlive the browser for so long if at all.
    Hand(Token, Option<Duration>),
    /// Remove it: somebody logged out.
    Remove,
}

impl Done {
    fn unchanged(work: &mut Work) -> Self {
        Self { record: work.record.take(), ticket: work.ticket.take(), outgoing: Outgoing::Keep }
    }

    fn issued(sessions: &Sessions, record: Arc<Record>, ticket: Ticket) -> Result<Self, Error> {
        let outgoing = Outgoing::Hand(sessions.token(&record, &ticket)?, sessions.max_age(&record));
        Ok(Self { record: Some(record), ticket: Some(ticket), outgoing })
    }
}

impl Sessions {
    /// Saves what a request did. If that fails, `work` still has the changes and the intent, for another try.
    pub(crate) async fn commit(&self, work: &mut Work) -> Result<Done, Error> {
        let intent = work.intent.take();
        let done = match &intent {
            // Rare and large: as parts of this future, every commit would have to carry them.
            Some(Intent::LogOut) => Box::pin(self.commit_log_out(work)).await,
            Some(Intent::SignIn(sign_in)) => Box::pin(self.commit_sign_in(work, sign_in)).await,
            Some(Intent::Rechain) => Box::pin(self.commit_rechain(work)).await,
            Some(Intent::Begin) => Box::pin(self.commit_begin(work)).await,
            None if work.record.is_none() => Box::pin(self.commit_unopened(work)).await,
            None => self.commit_changes(work).await,
        };
        work.intent = intent;
        match done? {
            Done { record: Some(record), ticket: Some(ticket), outgoing: Outgoing::Keep } if self.is_token_stale() => {
                Done::issued(self, record, ticket)
            }
            done => Ok(done),
        }
    }

    async fn commit_log_out(&self, work: &mut Work) -> Result<Done, Error> {
        if let Some(record) = work.record.take() {
            self.end_as(&record, EndReason::Logout, &work.witness.caller(), self.now()).await?;
        }
        if let Some(left_behind) = &work.left_behind {
            self.log_out_left_behind(left_behind, &work.witness.caller()).await?;
        }
        work.ticket = None;
        if work.changes.has_values() {
            return self.commit_new(work).await;
        }
        Ok(Done { record: None, ticket: None, outgoing: Outgoing::Remove })
    }

    async fn commit_sign_in(&self, work: &mut Work, sign_in: &SignIn) -> Result<Done, Error> {
        let record = work.record.take().map(Arc::unwrap_or_clone);
        let caller = work.witness.caller();
        let (record, ticket) = self.sign_in(record, sign_in, &mut work.changes, None, &caller).await?;
        Done::issued(self, Arc::new(record), ticket)
    }

    async fn commit_rechain(&self, work: &mut Work) -> Result<Done, Error> {
        let Some(record) = work.record.take() else {
            return self.commit_unopened(work).await;
        };
        if work.is_locked {
            return Err(Error::locked());
        }
        let read_from = record.data.clone();
        let changes = &mut work.changes;
        let edit = |next: &mut Record| {
            next.data = changes.apply(&next.data, Some(&read_from))?;
            self.check_size(&next.data)
        };
        let record = Arc::unwrap_or_clone(record);
        let (record, ticket) = self.replace_chain(record, edit, EventKind::Rechained, &work.witness.caller()).await?;
        Done::issued(self, Arc::new(record), ticket)
    }

    /// Makes a session for a request that has none, unless a newer token is on its way to the client: a cookie of this
    /// late answer would take its place.
    async fn commit_unopened(&self, work: &mut Work) -> Result<Done, Error> {
        match &work.left_behind {
            Some(LeftBehind { record, is_recent: true, .. }) if !work.changes.is_empty() => {
                self.discard(work, Arc::clone(record))
            }
            _ => self.commit_new(work).await,
        }
    }

    /// Makes a session where there is none, also without anything to keep in it.
    async fn commit_begin(&self, work: &mut Work) -> Result<Done, Error> {
        match &work.left_behind {
            _ if work.record.is_some() => self.commit_changes(work).await,
            Some(LeftBehind { record, is_recent: true, .. }) => {
                let event = work.witness.caller().event_of(EventKind::ChangesDiscarded, record, self.now());
                self.observe(&[event]);
                Err(Error::inactive(Refusal::Overtaken))
            }
            _ => self.make(work).await,
        }
    }

    /// Makes a session if there is something to keep in it.
    async fn commit_new(&self, work: &mut Work) -> Result<Done, Error> {
        if work.changes.has_values() { self.make(work).await } else { Ok(Done::unchanged(work)) }
    }

    async fn make(&self, work: &mut Work) -> Result<Done, Error> {
        let data = work.changes.apply(&Bytes::new(), None)?;
        let mut new = NewSession::anonymous();
        new.data = data;
        new.client = work.client.as_deref().cloned().unwrap_or_default();
        new.profile = work.profile.clone().unwrap_or_default();
        let (record, ticket) = self.begin(new, &work.witness.caller()).await?;
        Done::issued(self, Arc::new(record), ticket)
    }

    async fn commit_changes(&self, work: &mut Work) -> Result<Done, Error> {
        let Some(record) = work.record.take() else {
            return Ok(Done::unchanged(work));
        };
        match self.is_still_good(&record).await {
            Ok(true) => {}
            Ok(false) => return self.discard(work, record),
            // Nothing is lost: what would have been handed out is handed out by the next request.
            Err(_) if work.changes.is_empty() => {
                return Ok(Done { record: Some(record), ticket: None, outgoing: Outgoing::Keep });
            }
            Err(error) => return Err(error.into()),
        }
        let now = self.now();
        let next = self.next_token(work, &record, now);
        if next.is_none() && work.changes.is_empty() {
            return self.leave(work, record, now).await;
        }
        self.save_changes(work, record, next).await
    }

    /// Ends a request that changed nothing: notes its use, and hands out again what was just replaced.
    async fn leave(&self, work: &mut Work, mut record: Arc<Record>, now: Timestamp) -> Result<Done, Error> {
        if !work.is_locked && !work.is_background {
            record = self.touch(record, now).await;
        }
        if matches!(&work.ticket, Some(Ticket { seat: Seat::Superseded(_), .. })) {
            // With the successor of a renewal that is lost, the client would be logged out.
            self.records().settle(&record.realm, Some(&record.id)).await?;
            // The chain may have moved on since the request came in, and then a newer cookie is on its way.
            let Some(present) = self.reload(&record).await? else {
                work.record = Some(record);
                return Ok(Done::unchanged(work));
            };
            record = Arc::new(present);
        }
        self.hand_out_again(work, record)
    }

    /// Hands out the successor of the token that was shown, if it still is the present one.
    fn hand_out_again(&self, work: &mut Work, record: Arc<Record>) -> Result<Done, Error> {
        let present = record.chain.as_ref().map(|chain| chain.generation);
        match work.ticket.take() {
            Some(Ticket { token, seat: Seat::Superseded(next) }) if Some(next.generation) == present => {
                let ticket = Ticket::current(token.id, next.generation, next.secret);
                Done::issued(self, record, ticket)
            }
            ticket => Ok(Done { record: Some(record), ticket, outgoing: Outgoing::Keep }),
        }
    }

    /// Saves changes, and the next token if one is due, doing the changes again on whatever others saved meanwhile.
    async fn save_changes(
        &self,
        work: &mut Work,
        record: Arc<Record>,
        mut next_token: Option<Renewed>,
    ) -> Result<Done, Error> {
        let read_from = record.data.clone();
        let mut stored = record;
        for attempt in 0..ATTEMPTS {
            let now = self.now();
            let mut next = Record::clone(&stored);
            next.data = work.changes.apply(&stored.data, (attempt > 0).then_some(&read_from))?;
            self.check_size(&next.data)?;
            let mut events = Vec::new();
            if let Some(renewed) = &next_token {
                next.chain = Some(renewed.chain.clone());
                events.push(work.witness.caller().event_of(EventKind::Renewed, &next, now));
            }
            if work.is_background {
                next.version = next.version.next();
            } else {
                self.stamp(&mut next, now);
            }
            if self.records().save(&next, Expected::Version(stored.version), &events).await? == Outcome::Applied {
                self.observe(&events);
                let next = Arc::new(next);
                return match (next_token, &work.ticket) {
                    (Some(renewed), Some(ticket)) => {
                        let ticket = ticket.successor(renewed.chain.generation, renewed.secret);
                        Done::issued(self, next, ticket)
                    }
                    _ => self.hand_out_again(work, next),
                };
            }
            let Some(present) = self.reload(&stored).await? else {
                return self.discard(work, stored);
            };
            let present = Arc::new(present);
            // Another request renewed first, and its answer brings the token.
            next_token = self.next_token(work, &present, now);
            if next_token.is_none() && work.changes.is_empty() {
                work.record = Some(present);
                return Ok(Done::unchanged(work));
            }
            stored = present;
        }
        Err(Error::conflict())
    }

    /// Returns the record as it is now, if it lives, in the same chain, and is the same subject's.
    pub(super) async fn reload(&self, record: &Record) -> Result<Option<Record>, Error> {
        let present = self.records().load(&record.realm, &record.id).await?;
        Ok(present.filter(|present| {
            let nonce = |record: &Record| record.chain.as_ref().map(|chain| chain.nonce);
            present.ended.is_none() && nonce(present) == nonce(record) && present.subject == record.subject
        }))
    }

    fn discard(&self, work: &mut Work, record: Arc<Record>) -> Result<Done, Error> {
        if work.changes.is_empty() {
            return Ok(Done { record: Some(record), ticket: work.ticket.take(), outgoing: Outgoing::Keep });
        }
        self.observe(&[work.witness.caller().event_of(EventKind::ChangesDiscarded, &record, self.now())]);
        Err(Error::inactive(Refusal::Overtaken))
    }

    /// Returns the next generation of a chain if the request calls for one and can hand it out.
    fn next_token(&self, work: &Work, record: &Record, now: Timestamp) -> Option<Renewed> {
        let ticket = work.ticket.as_ref().filter(|_| !work.is_locked)?;
        match &ticket.seat {
            Seat::Current if !work.renewal_due => None,
            _ => self.advance(ticket, record, now),
        }
    }

    /// Moves the chain on from the token that was shown, unless it moved already or the pace forbids it.
    pub(super) fn advance(&self, ticket: &Ticket, record: &Record, now: Timestamp) -> Option<Renewed> {
        let chain = record.chain.as_ref().filter(|chain| chain.may_renew(now))?;
        let (at, secret) = match &ticket.seat {
            Seat::Current => (ticket.token.generation, &ticket.token.secret),
            Seat::Unanswered(lost) if chain.confirmed_at.is_none() => (lost.generation, &lost.secret),
            Seat::Unanswered(_) | Seat::Superseded(_) => return None,
        };
        let grace = self.policy(&record.profile).grace();
        (chain.generation == at).then(|| chain.renew(secret, ticket.token.generation, self.pepper(), grace, now))?
    }

    /// Moves the chain on at once and hands out the token; nothing if the record changed meanwhile.
    pub(super) async fn advance_now(
        &self,
        record: Record,
        ticket: Ticket,
        caller: &Caller,
    ) -> Result<Option<Issued>, Error> {
        let now = self.now();
        let Some(renewed) = self.advance(&ticket, &record, now) else {
            return self.issued(record, &ticket).await.map(Some);
        };
        let mut next = record.clone();
        next.chain = Some(renewed.chain.clone());
        self.stamp(&mut next, now);
        let events = [caller.event_of(EventKind::Renewed, &next, now)];
        match self.records().save(&next, Expected::Version(record.version), &events).await? {
            Outcome::Applied => {
                self.observe(&events);
                let ticket = ticket.successor(renewed.chain.generation, renewed.secret);
                self.issued(next, &ticket).await.map(Some)
            }
            Outcome::Conflict => Ok(None),
        }
    }

    /// Notes that a session was used, if that is due, or says why it could not be noted.
    #[cfg(feature = "watch")]
    pub(crate) async fn note_use(&self, mut present: Record) -> Result<(), Error> {
        let now = self.now();
        for _ in 0..ATTEMPTS {
            let policy = self.policy(&present.profile);
            if !policy.is_touch_due(&present, now) {
                return Ok(());
            }
            let mut touched = present.clone();
            touched.seen_at = now;
            let expires_at = policy.expires_at(&touched);
            let Record { realm, id, version, .. } = &present;
            if self.records().touch(realm, id, *version, now, expires_at).await? == Outcome::Applied {
                return Ok(());
            }
            present = self.reload(&present).await?.ok_or_else(|| Error::inactive(Refusal::Overtaken))?;
        }
        Err(Error::conflict())
    }

    /// Notes that a session was used, if that is due; a store that is away costs no more than the note.
    pub(super) async fn touch(&self, record: Arc<Record>, now: Timestamp) -> Arc<Record> {
        let policy = self.policy(&record.profile);
        if !policy.is_touch_due(&record, now) {
            return record;
        }
        let mut touched = Record::clone(&record);
        touched.seen_at = now;
        touched.expires_at = policy.expires_at(&touched);
        let Record { realm, id, version, seen_at, expires_at, .. } = &touched;
        match self.records().touch(realm, id, *version, *seen_at, *expires_at).await {
            Ok(Outcome::Applied) => return Arc::new(touched),
            // A real write came first, and noted the use itself.
            Ok(Outcome::Conflict) => {}
            Err(error) => tracing::warn!(session = %id, error = %error, "the use of a session could not be noted"),
        }
        record
    }
}
