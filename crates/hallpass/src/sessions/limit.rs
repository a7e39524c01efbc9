//! How many sessions a subject may have at once.

use std::time::Duration;

use super::{Caller, SessionState, Sessions, SignIn};
use crate::error::Error;
use crate::event::{EndReason, EventKind};
use crate::name::{Profile, Subject};
use crate::policy::{Limit, Overflow};
use crate::record::Record;
use crate::store::{PageLimit, Query};
use crate::time::Timestamp;

/// For how long nobody is put out for being idle.
const JUST_SIGNED_IN: Duration = Duration::from_mins(1);

impl Sessions {
    /// Refuses a sign-in before anything is written, where the subject has as many sessions as it may have.
    pub(super) async fn refuse_one_more(
        &self,
        sign_in: &SignIn,
        profile: Profile,
        caller: &Caller,
    ) -> Result<(), Error> {
        let profile = sign_in.profile.as_ref().unwrap_or(&profile);
        let Some(Limit { most, overflow: Overflow::Refuse }) = self.policy(profile).limit() else {
            return Ok(());
        };
        if sign_in.impersonator.is_some() {
            return Ok(());
        }
        let mut held = self.living(&sign_in.subject).await?;
        held.retain(|record| record.impersonator.is_none());
        let is_retry =
            |record: &Record| sign_in.idempotency.as_ref().is_some_and(|key| *record.id.as_bytes() == key.name);
        if held.len() < most as usize || held.iter().any(is_retry) {
            Ok(())
        } else {
            Err(self.limit_reached(&sign_in.subject, caller))
        }
    }

    /// Ends the sessions past the limit, after this one was written and before its token is given out.
    ///
    /// Whoever signs in lists after writing, so of any that sign in at once, the last to list sees all of them.
    pub(super) async fn enforce_limit(&self, record: &Record, caller: &Caller) -> Result<(), Error> {
        let (Some(limit), Some(subject)) = (self.policy(&record.profile).limit(), &record.subject) else {
            return Ok(());
        };
        // Nobody is put out, or kept out, by those who act as them.
        if record.impersonator.is_some() {
            return Ok(());
        }
        let mut living = self.living(subject).await?;
        living.retain(|record| record.impersonator.is_none());
        let excess = living.len().saturating_sub(limit.most as usize);
        let now = self.now();
        living.sort_by_key(|record| (rank(record, limit.overflow, now), record.id));
        // Whoever signed in a moment later may have put it out already.
        let mut is_past_limit = living.iter().all(|living| living.id != record.id);
        for victim in &living[..excess] {
            is_past_limit |= victim.id == record.id;
            self.end_as(victim, EndReason::Evicted, &Caller::new(crate::name::Actor::policy()), self.now()).await?;
        }
        if is_past_limit { Err(self.limit_reached(subject, caller)) } else { Ok(()) }
    }

    fn limit_reached(&self, subject: &Subject, caller: &Caller) -> Error {
        let mut event = caller.event(EventKind::LimitReached, self.0.realm.clone(), self.now());
        event.subject = Some(subject.clone());
        self.observe(&[event]);
        Error::limit_reached()
    }

    /// Returns all usable sessions of a subject.
    pub(super) async fn living(&self, subject: &Subject) -> Result<Vec<Record>, Error> {
        let mut query = Query::of_subject(self.0.realm.clone(), subject.clone());
        query.ended = Some(false);
        query.limit = PageLimit::MOST;
        let mut living = Vec::new();
        loop {
            let page = self.records().list(&query).await?;
            living.extend(page.items.into_iter().filter(|record| self.state(record) != SessionState::Ended));
            match page.next {
                Some(next) => query.after = Some(next),
                None => return Ok(living),
            }
        }
    }
}

/// Sorts what goes first to the front.
///
/// A session counts from when it was signed in to here: not from the anonymous visit before, and not from the proof,
/// which can be older than other sessions. Who signed in a moment ago is not idle, whoever else was seen since.
fn rank(record: &Record, overflow: Overflow, now: Timestamp) -> (bool, u64) {
    let signed_in = record.chain.as_ref().map_or(record.created_at, |chain| chain.started_at);
    match overflow {
        Overflow::EvictOldest => (false, signed_in.as_millis()),
        Overflow::EvictIdle if now.since(signed_in) < JUST_SIGNED_IN => (true, signed_in.as_millis()),
        Overflow::EvictIdle => (false, record.seen_at.as_millis()),
        Overflow::Refuse => (false, Timestamp::MAX.as_millis() - signed_in.as_millis()),
    }
}
