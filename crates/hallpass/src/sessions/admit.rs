//! From a presented token to the record it opens.

use super::{Caller, Sessions};
use crate::error::{Error, Refusal};
use crate::event::{EndReason, EventKind};
use crate::id::{SessionId, SessionSecret};
use crate::policy::Verdict;
use crate::record::Record;
use crate::store::{Expected, Outcome};
use crate::time::Timestamp;
use crate::token::{Generation, ReferenceToken, Standing};

/// How often a change is tried again after another writer was faster. Each time, somebody else's change was saved.
pub(super) const ATTEMPTS: usize = 1000;

/// The token that a request came with, and how it stood.
pub(crate) struct Ticket {
    pub(crate) token: ReferenceToken,
    pub(crate) seat: Seat,
}

/// How a token stood that was let in.
pub(crate) enum Seat {
    /// It is the present one.
    Current,
    /// It was just replaced by this one, which is to be handed out again.
    Superseded(Successor),
    /// It was replaced a while ago by this one, whose answer was lost.
    Unanswered(Successor),
}

/// The present secret of a chain, derived from an older token.
pub(crate) struct Successor {
    pub(crate) generation: Generation,
    pub(crate) secret: SessionSecret,
}

/// What a request is let in to.
pub(crate) struct Admission {
    pub(crate) record: Record,
    pub(crate) ticket: Ticket,
    pub(crate) is_locked: bool,
    pub(crate) renewal_due: bool,
    pub(crate) touch_due: bool,
}

impl Ticket {
    pub(super) fn current(id: SessionId, generation: Generation, secret: SessionSecret) -> Self {
        Self { token: ReferenceToken { id, generation, secret }, seat: Seat::Current }
    }

    pub(super) fn successor(&self, generation: Generation, secret: SessionSecret) -> Self {
        Self::current(self.token.id, generation, secret)
    }
}

impl Sessions {
    /// Judges a token: loads its record, applies the five rules and the policy, and saves what they ask for.
    pub(crate) async fn admit(&self, text: &str, caller: &Caller) -> Result<Admission, Error> {
        let mut token = ReferenceToken::parse(text).map_err(|_| Error::inactive(Refusal::Malformed))?;
        for _ in 0..ATTEMPTS {
            match self.admit_once(token, caller).await? {
                Ok(admission) => return Ok(admission),
                Err(overtaken) => token = overtaken,
            }
        }
        Err(Error::conflict())
    }

    /// Judges a token against the record as it is now; gives the token back if the record changed meanwhile.
    async fn admit_once(
        &self,
        token: ReferenceToken,
        caller: &Caller,
    ) -> Result<Result<Admission, ReferenceToken>, Error> {
        let now = self.now();
        let Some(record) = self.0.store.load(&self.0.realm, &token.id).await? else {
            self.report(EventKind::UnknownToken, &token, None, caller);
            return Err(Error::inactive(Refusal::Unknown));
        };
        if let Some(ended) = &record.ended {
            self.report(EventKind::UsedAfterEnd, &token, Some(&record), caller);
            return Err(Error::inactive(Refusal::Ended(ended.reason.clone())));
        }
        let (seat, first_use) = match self.stand(&record, &token, now)? {
            Standing::Current { first_use } => (Seat::Current, first_use),
            Standing::Superseded(secret) => (Seat::Superseded(successor(&record, secret)?), false),
            Standing::Unanswered(secret) => (Seat::Unanswered(successor(&record, secret)?), false),
            Standing::Replayed => return self.end_judged(&record, token, EndReason::Replayed, caller, now).await,
            Standing::Spent => {
                self.report(EventKind::SpentToken, &token, Some(&record), caller);
                return Err(Error::inactive(Refusal::Spent));
            }
            Standing::Wrong => {
                self.report(EventKind::WrongSecret, &token, Some(&record), caller);
                return Err(Error::inactive(Refusal::Wrong));
            }
        };
        let (is_locked, renewal_due) = match self.policy(&record.profile).judge(&record, now) {
            Verdict::Live { renewal_due } => (false, renewal_due),
            Verdict::Locked => (true, false),
            Verdict::Expired(expiry) => {
                let has_ended = self.expire(&record, expiry, now).await?;
                return if has_ended { Err(Error::inactive(Refusal::Ended(expiry.reason()))) } else { Ok(Err(token)) };
            }
        };
        if renewal_due && record.chain.as_ref().is_some_and(|chain| chain.generation == Generation::LAST) {
            return self.end_judged(&record, token, EndReason::Exhausted, caller, now).await;
        }
        let record = if first_use {
            match self.confirm(&record, now).await? {
                Some(confirmed) => confirmed,
                None => return Ok(Err(token)),
            }
        } else {
            record
        };
        let touch_due = !is_locked && self.policy(&record.profile).is_touch_due(&record, now);
        Ok(Ok(Admission { record, ticket: Ticket { token, seat }, is_locked, renewal_due, touch_due }))
    }

    /// Ends a session by what was judged of this very record; gives the token back if it changed meanwhile, since then the
    /// judgement may be another.
    async fn end_judged(
        &self,
        record: &Record,
        token: ReferenceToken,
        reason: EndReason,
        caller: &Caller,
        now: Timestamp,
    ) -> Result<Result<Admission, ReferenceToken>, Error> {
        match self.end_as_judged(record, reason.clone(), caller, now).await? {
            Outcome::Applied => Err(Error::inactive(Refusal::Ended(reason))),
            Outcome::Conflict => Ok(Err(token)),
        }
    }

    fn stand(&self, record: &Record, token: &ReferenceToken, now: Timestamp) -> Result<Standing, Error> {
        let chain = record.chain.as_ref().ok_or_else(|| Error::corrupt("a living record without a chain"))?;
        let grace = self.policy(&record.profile).grace();
        let may_walk = |steps| self.0.walks.allows(&record.id, steps, now);
        Ok(chain.judge(token, self.pepper(), grace, now, may_walk))
    }

    /// Saves that the present token has been used; nothing if the record changed meanwhile.
    async fn confirm(&self, record: &Record, now: Timestamp) -> Result<Option<Record>, Error> {
        let mut confirmed = record.clone();
        if let Some(chain) = &mut confirmed.chain {
            chain.confirm(now);
        }
        self.stamp(&mut confirmed, now);
        match self.0.store.save(&confirmed, Expected::Version(record.version), &[]).await? {
            Outcome::Applied => Ok(Some(confirmed)),
            Outcome::Conflict => Ok(None),
        }
    }

    /// Makes a record the next version of itself, used now if it lives: what is locked or over is not revived by a write.
    pub(super) fn stamp(&self, record: &mut Record, now: Timestamp) {
        let policy = self.policy(&record.profile);
        if matches!(policy.judge(record, now), Verdict::Live { .. }) {
            record.seen_at = record.seen_at.max(now);
        }
        record.expires_at = policy.expires_at(record);
        record.version = record.version.next();
    }
}

fn successor(record: &Record, secret: SessionSecret) -> Result<Successor, Error> {
    let chain = record.chain.as_ref().ok_or_else(|| Error::corrupt("a living record without a chain"))?;
    Ok(Successor { generation: chain.generation, secret })
}
