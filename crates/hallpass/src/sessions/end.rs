//! Ending sessions, one or many, by somebody or by time; and forgetting the ended.

use std::num::{NonZeroU64, NonZeroUsize};

use futures_util::TryStreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::admit::{ATTEMPTS, Rejected};
use super::{Caller, LeftBehind, SessionState, Sessions, States};
use crate::error::{Error, Refusal};
use crate::event::{EndReason, EventKind};
use crate::id::SessionId;
use crate::name::{Actor, Note, Subject};
use crate::policy::{Expiry, Verdict};
use crate::record::{Ended, Record};
use crate::store::{Cursor, Expected, Outcome, PageLimit, Query, Store, StoreError};
use crate::time::Timestamp;
use crate::token::ReferenceToken;

/// How many sessions are ended at once where many are: enough for a server that makes writes last together, and few
/// enough to leave it to others, too.
const AT_ONCE: usize = 16;

/// Why sessions are to end, and who says so.
#[derive(Debug, Clone, Default)]
pub struct Revocation {
    /// What they say about it.
    pub note: Option<Note>,
    /// Who says so.
    pub caller: Caller,
}

/// How far a revocation of many sessions goes; by default to the end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Extent {
    /// The states of the sessions that are meant; what has ended cannot end again.
    pub states: States,
    /// How many sessions it may meet at the most; all if nobody says.
    pub most: Option<NonZeroU64>,
    /// Whether only to say which would end.
    pub dry_run: bool,
}

/// What a revocation of many sessions did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Revoked {
    /// How many sessions matched and were usable.
    pub matched: u64,
    /// How many of them it ended.
    pub revoked: u64,
    /// The first of them, at most [`Revoked::SAMPLE`].
    pub sample: Vec<SessionId>,
    /// Where to go on, as [`Query::after`], if it met as many as it may.
    pub next: Option<Cursor>,
}

impl Revoked {
    /// How many ids a sample has at the most.
    pub const SAMPLE: usize = 10;
}

/// What a sweep did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Swept {
    /// How many sessions were found to be over and were ended, with an event each.
    pub expired: usize,
    /// How many ended sessions were forgotten.
    pub forgotten: usize,
}

impl Sessions {
    /// Ends the session that a token opens; a token that opens none is as good as logged out.
    ///
    /// A token that was replaced ends its session too: whoever had it may no longer be the one who goes on with it.
    ///
    /// # Errors
    ///
    /// [`Error::is_unavailable`] if the store is away: the session may then still be open.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the session has ended or not; ending it again is no error.
    pub async fn log_out(&self, token: &str, caller: &Caller) -> Result<(), Error> {
        let sessions = self.for_request();
        let mut is_settled = false;
        loop {
            match sessions.admit(token, caller).await {
                Ok(admission) => {
                    return sessions.end_as(&admission.record, EndReason::Logout, caller, self.now()).await.map(drop);
                }
                Err(Rejected::Refused(_, Some(left_behind))) => {
                    return self.log_out_left_behind(&left_behind, caller).await;
                }
                Err(Rejected::Refused(Refusal::Ended(_), None)) if !is_settled => {
                    let Ok(ReferenceToken { id, .. }) = ReferenceToken::parse(token) else { return Ok(()) };
                    is_settled = self.records().settle(&self.0.realm, Some(&id)).await?;
                    if !is_settled {
                        return Ok(());
                    }
                }
                Err(Rejected::Refused(..)) => return Ok(()),
                Err(Rejected::Failed(error)) => return Err(error),
            }
        }
    }

    /// Ends the session of a token that was good once; nobody else can say so.
    pub(super) async fn log_out_left_behind(&self, left_behind: &LeftBehind, caller: &Caller) -> Result<(), Error> {
        if left_behind.is_proven {
            self.end_as(&left_behind.record, EndReason::Logout, caller, self.now()).await?;
        }
        Ok(())
    }

    /// Ends a session; answers whether it was usable until now.
    ///
    /// # Errors
    ///
    /// [`Error::is_not_found`] if there is no session of this name, not even an ended one; [`Error::is_unavailable`].
    ///
    /// # Cancel safety
    ///
    /// As [`log_out`](Sessions::log_out).
    pub async fn revoke(&self, id: &SessionId, revocation: &Revocation) -> Result<bool, Error> {
        if self.is_carried() {
            return self.revoke_carried(id, revocation).await;
        }
        let record = self.records().load(&self.0.realm, id).await?.ok_or_else(Error::not_found)?;
        self.revoke_record(&record, revocation).await
    }

    /// Ends all sessions of a subject, or all but one; answers how many were usable until now.
    ///
    /// # Errors
    ///
    /// [`Error::is_unsupported`] if the store cannot list; [`Error::is_unavailable`]: some may have ended.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, some may have ended; doing it again ends the rest.
    pub async fn revoke_subject(
        &self,
        subject: &Subject,
        except: Option<&SessionId>,
        revocation: &Revocation,
    ) -> Result<u64, Error> {
        let mut query = Query::of_subject(self.0.realm.clone(), subject.clone());
        query.ended = Some(false);
        query.limit = PageLimit::MOST;
        let mut revoked = 0;
        if self.is_carried() {
            return self.revoke_carried_of(subject, except, revocation).await;
        }
        let mut is_settled = false;
        loop {
            let now = self.revoke_listed(query.clone(), except, revocation).await?;
            revoked += now;
            // What somebody else, or an earlier try, has ended may not last yet.
            if (is_settled && now == 0) || !self.records().settle(&self.0.realm, None).await? {
                break;
            }
            is_settled = true;
        }
        if except.is_none() {
            self.end_tokens_of(subject).await?;
        }
        Ok(revoked)
    }

    /// Ends a session that its client carries; whether it was usable, nobody knows.
    async fn revoke_carried(&self, id: &SessionId, revocation: &Revocation) -> Result<bool, Error> {
        self.end_carried(id).await?;
        let mut event = revocation.caller.event(EventKind::Revoked, self.0.realm.clone(), self.now());
        event.session = Some(*id);
        event.note.clone_from(&revocation.note);
        self.observe(&[event]);
        Ok(true)
    }

    /// Ends the sessions that a subject's clients carry; how many there are, nobody knows.
    async fn revoke_carried_of(
        &self,
        subject: &Subject,
        except: Option<&SessionId>,
        revocation: &Revocation,
    ) -> Result<u64, Error> {
        if except.is_some() {
            return Err(StoreError::unsupported("of sessions that their clients carry, all end or none").into());
        }
        self.end_tokens_of(subject).await?;
        let mut event = revocation.caller.event(EventKind::Revoked, self.0.realm.clone(), self.now());
        event.subject = Some(subject.clone());
        event.note.clone_from(&revocation.note);
        self.observe(&[event]);
        Ok(0)
    }

    /// Ends what a question lists and is usable, page by page, so that no more than a page is in memory.
    async fn revoke_listed(
        &self,
        mut query: Query,
        except: Option<&SessionId>,
        revocation: &Revocation,
    ) -> Result<u64, Error> {
        let mut revoked = 0;
        loop {
            let mut page = self.records().list(&query).await?;
            page.items.retain(|record| Some(&record.id) != except && self.state(record) != SessionState::Ended);
            revoked += self.revoke_records(&page.items, revocation).await?;
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok(revoked),
            }
        }
    }

    /// Ends sessions, a few at a time, so that stores can make their writes last together.
    async fn revoke_records(&self, records: &[Record], revocation: &Revocation) -> Result<u64, Error> {
        let mut revoked = 0;
        let mut ending = FuturesUnordered::new();
        for record in records {
            if ending.len() == AT_ONCE {
                revoked += u64::from(ending.try_next().await?.unwrap_or_default());
            }
            ending.push(self.revoke_record(record, revocation));
        }
        while let Some(was_usable) = ending.try_next().await? {
            revoked += u64::from(was_usable);
        }
        Ok(revoked)
    }

    /// Ends every usable session of this realm that matches, page by page, as far as `extent` says.
    ///
    /// `progress` is called after each page with what was done so far.
    ///
    /// # Errors
    ///
    /// As [`revoke_subject`](Sessions::revoke_subject).
    ///
    /// # Cancel safety
    ///
    /// As [`revoke_subject`](Sessions::revoke_subject).
    pub async fn revoke_matching(
        &self,
        query: &Query,
        extent: &Extent,
        revocation: &Revocation,
        mut progress: impl FnMut(&Revoked) + Send,
    ) -> Result<Revoked, Error> {
        let mut query = query.clone();
        extent.states.narrow(&mut query, self.now());
        query.realm = Some(self.0.realm.clone());
        query.ended = Some(false);
        if !extent.dry_run {
            // What an earlier try has ended, and is not listed any more, may not last yet.
            self.records().settle(&self.0.realm, None).await?;
        }
        let mut done = Revoked::default();
        loop {
            let mut page = self.records().list(&query).await?;
            page.items.retain(|record| {
                let state = self.state(record);
                state != SessionState::Ended && extent.states.contains(state)
            });
            let left = extent.most.map_or(u64::MAX, |most| most.get() - done.matched);
            let is_full = page.items.len() as u64 > left;
            page.items.truncate(usize::try_from(left).unwrap_or(usize::MAX));
            if let Some(last) = page.items.last() {
                query.after = Some(Cursor::after_record(last));
            }
            done.matched += page.items.len() as u64;
            let room = Revoked::SAMPLE - done.sample.len();
            done.sample.extend(page.items.iter().take(room).map(|record| record.id));
            if !extent.dry_run {
                done.revoked += self.revoke_records(&page.items, revocation).await?;
            }
            if is_full {
                done.next = query.after;
                progress(&done);
                break;
            }
            progress(&done);
            match page.next {
                Some(next) => query.after = Some(next),
                None => break,
            }
        }
        Ok(done)
    }

    /// Ends sessions whose time is over, and forgets ended ones whose retention is: at most `limit`
    /// of each, in every realm of the store.
    ///
    /// Whoever runs a service calls it every minute or so, and again at once while it returns as many as the limit.
    ///
    /// # Errors
    ///
    /// [`Error::is_unavailable`]: some may have been swept; none if the clock here is more than 30 s from the store's, as
    /// [`check_clock`](Sessions::check_clock) says.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, some may have been swept; doing it again sweeps the rest.
    pub async fn sweep(&self, limit: NonZeroUsize) -> Result<Swept, Error> {
        self.check_clock().await?;
        let now = self.now();
        if let Some(store) = self.is_carried().then(|| self.store()) {
            // What stands in it are revocations, and when they are over, nobody's session ends by it.
            return self.sweep_own(&**store, now, limit).await;
        }
        let expired = match self.expire_due(now, limit).await {
            Err(error) if error.is_unsupported() => 0,
            expired => expired?,
        };
        if expired == limit.get() {
            // What is over and not yet ended is not to be forgotten without a trace.
            return Ok(Swept { expired, forgotten: 0 });
        }
        let forgotten = self.records().sweep(now, limit).await?;
        Ok(Swept { expired, forgotten })
    }

    async fn expire_due(&self, now: Timestamp, limit: NonZeroUsize) -> Result<usize, Error> {
        let at_once = u16::try_from(limit.get()).ok().and_then(PageLimit::new).unwrap_or(PageLimit::MOST);
        let mut expired = 0;
        loop {
            let overdue = self.records().overdue(now, at_once).await?;
            let mut is_further = false;
            for record in &overdue {
                let policy = self.policy(&record.profile);
                if record.realm.is_own() {
                    is_further |= drop_own(self.records(), record, now).await? == Outcome::Applied;
                } else if let Verdict::Expired(expiry) = policy.judge(record, now) {
                    if self.expire(record, expiry, now).await? {
                        is_further = true;
                        expired += 1;
                    }
                } else {
                    // Its policy was loosened since it was saved: without its new deadline it would come first each time.
                    let Record { realm, id, version, seen_at, .. } = record;
                    let expires_at = policy.expires_at(record);
                    let touched = self.records().touch(realm, id, *version, *seen_at, expires_at).await?;
                    is_further |= touched == Outcome::Applied;
                }
                if expired == limit.get() {
                    return Ok(expired);
                }
            }
            // Where nothing got further, others are ending the same ones.
            if overdue.len() < at_once.number() || !is_further {
                return Ok(expired);
            }
        }
    }

    /// Gives up and forgets revocations that are over.
    async fn sweep_own(&self, store: &dyn Store, now: Timestamp, limit: NonZeroUsize) -> Result<Swept, Error> {
        let at_once = u16::try_from(limit.get()).ok().and_then(PageLimit::new).unwrap_or(PageLimit::MOST);
        let overdue = match store.overdue(now, at_once).await {
            Err(error) if error.is_unsupported() => Vec::new(),
            overdue => overdue?,
        };
        for record in overdue.iter().filter(|record| record.realm.is_own()) {
            let _ = drop_own(store, record, now).await?;
        }
        Ok(Swept { expired: 0, forgotten: store.sweep(now, limit).await? })
    }

    /// Ends the session of a record that was just listed; answers whether it was usable until now.
    ///
    /// # Errors
    ///
    /// [`Error::is_unavailable`].
    ///
    /// # Cancel safety
    ///
    /// As [`log_out`](Sessions::log_out).
    pub async fn revoke_record(&self, record: &Record, revocation: &Revocation) -> Result<bool, Error> {
        let now = self.now();
        let ended = Ended {
            at: now,
            reason: EndReason::Revoked,
            actor: revocation.caller.actor.clone(),
            note: revocation.note.clone(),
        };
        let was_usable = self.state(record) != SessionState::Ended;
        let has_ended = self.end(record, ended, EventKind::Revoked, &revocation.caller, now).await?;
        Ok(has_ended && was_usable)
    }

    /// Ends a session as over since a timeout passed, unless it was used meanwhile; answers whether it ended now.
    pub(super) async fn expire(&self, record: &Record, expiry: Expiry, now: Timestamp) -> Result<bool, Error> {
        self.refuse_to_judge()?;
        let caller = Caller::new(Actor::policy());
        let ended = Ended { at: expiry.at(), reason: expiry.reason(), actor: caller.actor.clone(), note: None };
        // One try: a record that changed meanwhile is to be judged anew by whoever meets it next.
        Ok(self.end_once(record, ended, EventKind::Expired, &caller, now).await? == Outcome::Applied)
    }

    /// Ends a session for a reason that says all, if its record is as it was judged.
    pub(super) async fn end_as_judged(
        &self,
        record: &Record,
        reason: EndReason,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let (kind, ended) = told(reason, caller, now);
        self.end_once(record, ended, kind, caller, now).await
    }

    /// Ends a session for a reason that says all, whatever others write to it; answers whether it ended now.
    pub(super) async fn end_as(
        &self,
        record: &Record,
        reason: EndReason,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let (kind, ended) = told(reason, caller, now);
        self.end(record, ended, kind, caller, now).await
    }

    /// Ends a session whatever others write to it meanwhile; answers whether it ended now and not before.
    async fn end(
        &self,
        record: &Record,
        ended: Ended,
        kind: EventKind,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<bool, Error> {
        let mut stored = record.clone();
        let mut is_settled = false;
        for _ in 0..ATTEMPTS {
            if stored.ended.is_some() {
                // Somebody else has ended it, or an earlier try that was not acknowledged.
                if is_settled || !self.records().settle(&stored.realm, Some(&stored.id)).await? {
                    return Ok(false);
                }
                is_settled = true;
            } else if self.end_once(&stored, ended.clone(), kind.clone(), caller, now).await? == Outcome::Applied {
                return Ok(true);
            }
            match self.records().load(&stored.realm, &stored.id).await? {
                Some(present) => stored = present,
                None => return Ok(false),
            }
        }
        Err(StoreError::unavailable("a session is written to faster than it can be ended").into())
    }

    async fn end_once(
        &self,
        record: &Record,
        ended: Ended,
        kind: EventKind,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<Outcome, Error> {
        let mut event = caller.event_of(kind, record, now);
        event.reason = Some(ended.reason.clone());
        event.note.clone_from(&ended.note);
        let actor = if ended.actor == caller.actor { event.actor.clone() } else { ended.actor };
        let ended = Ended { actor, ..ended };
        let mut next = record.clone();
        next.end(ended, now.plus(self.policy(&record.profile).retention()));
        next.version = record.version.next();
        // No token outlives what its session was over by; anybody else's end has to reach them.
        if event.kind != EventKind::Expired {
            self.end_tokens(record, None).await?;
        }
        let outcome =
            self.records().save(&next, Expected::Version(record.version), std::slice::from_ref(&event)).await?;
        if outcome == Outcome::Applied {
            self.observe(&[event]);
        }
        Ok(outcome)
    }
}

/// Gives up what the library keeps for itself, which is over at the time that it says, and no event.
async fn drop_own(store: &dyn Store, record: &Record, now: Timestamp) -> Result<Outcome, StoreError> {
    let mut next = record.clone();
    next.end(Ended { at: now, reason: EndReason::Idle, actor: Actor::policy(), note: None }, now);
    next.version = record.version.next();
    store.save(&next, Expected::Version(record.version), &[]).await
}

/// Returns how an end for a reason is told.
fn told(reason: EndReason, caller: &Caller, now: Timestamp) -> (EventKind, Ended) {
    let kind = if reason == EndReason::Replayed { EventKind::Replayed } else { EventKind::Revoked };
    (kind, Ended { at: now, reason, actor: caller.actor.clone(), note: None })
}
