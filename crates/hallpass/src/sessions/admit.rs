//! From a presented token to the record it opens.

use std::sync::Arc;

use super::{Sessions, Witness};
use crate::error::{Error, Refusal};
use crate::event::{EndReason, EventKind};
use crate::id::{SessionId, SessionSecret};
use crate::policy::{Expiry, Verdict};
use crate::record::Record;
use crate::store::{Expected, Outcome, StoreError};
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
    pub(crate) record: Arc<Record>,
    pub(crate) ticket: Ticket,
    pub(crate) is_locked: bool,
    pub(crate) renewal_due: bool,
    pub(crate) touch_due: bool,
}

/// What a token is judged by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    CopyOrRecord,
    Record,
}

/// Where a good token stands.
#[allow(clippy::struct_excessive_bools)] // each is an independent yes or no
struct Place {
    seat: Seat,
    first_use: bool,
    is_locked: bool,
    renewal_due: bool,
    touch_due: bool,
}

impl Place {
    /// Tells whether it is simply let in, and nothing is to be saved, handed out or denied.
    fn is_plain(&self) -> bool {
        matches!(self.seat, Seat::Current) && !self.first_use && !self.is_locked
    }

    fn admit(self, token: ReferenceToken, record: Arc<Record>) -> Admission {
        let Self { seat, is_locked, renewal_due, touch_due, .. } = self;
        Admission { record, ticket: Ticket { token, seat }, is_locked, renewal_due, touch_due }
    }
}

/// A living session whose token was replaced by a newer one than was shown.
#[derive(Clone)]
pub(crate) struct LeftBehind {
    pub(crate) record: Arc<Record>,
    /// Whether the token that was shown is known to have been good once.
    pub(crate) is_proven: bool,
    /// Whether it was replaced so recently that the client may get the newer one only now.
    pub(crate) is_recent: bool,
}

/// What comes of what a request presents.
pub(crate) enum Entry {
    /// Nothing opens: there is no session.
    Nobody,
    /// Nothing opens any more.
    LeftBehind(Box<LeftBehind>),
    Admitted(Admission),
}

/// Why there is no admission.
pub(crate) enum Rejected {
    /// The token is refused.
    Refused(Refusal, Option<Box<LeftBehind>>),
    /// Nobody can say.
    Failed(Error),
}

impl Entry {
    /// Takes a refusal for the answer that it is: without the token there is no session, and no error.
    pub(crate) fn of(admitted: Result<Admission, Rejected>) -> Result<Self, Error> {
        match admitted {
            Ok(admission) => Ok(Self::Admitted(admission)),
            Err(Rejected::Refused(_, None)) => Ok(Self::Nobody),
            Err(Rejected::Refused(_, Some(left_behind))) => Ok(Self::LeftBehind(left_behind)),
            Err(Rejected::Failed(error)) => Err(error),
        }
    }
}

impl From<Rejected> for Error {
    fn from(rejected: Rejected) -> Self {
        match rejected {
            Rejected::Refused(refusal, _) => Self::inactive(refusal),
            Rejected::Failed(error) => error,
        }
    }
}

impl From<Error> for Rejected {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

impl From<StoreError> for Rejected {
    fn from(error: StoreError) -> Self {
        Self::Failed(error.into())
    }
}

/// Why a token does not open its session.
enum Obstacle {
    /// It is refused, which is to be reported as this.
    Refused(EventKind, Refusal),
    /// The record is not whole.
    Damaged,
    /// The session is to end now.
    Ends(EndReason),
    /// The session is over.
    Expired(Expiry),
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
    /// Reads a token and judges it.
    pub(crate) async fn admit(&self, text: impl AsRef<[u8]>, witness: &dyn Witness) -> Result<Admission, Rejected> {
        let token = self.present(text.as_ref(), None, witness).await?;
        self.admit_token(token, By::CopyOrRecord, witness).await
    }

    /// Judges a token: by a copy of its record if that lets it in, and else by the record itself. Applies the five rules
    /// and the policy, and saves what they ask for.
    pub(crate) async fn admit_token(
        &self,
        token: ReferenceToken,
        by: By,
        witness: &dyn Witness,
    ) -> Result<Admission, Rejected> {
        if by == By::CopyOrRecord
            && let Some(copy) = self.records().copy(&self.0.realm, &token.id)
            && let Ok(place) = self.judge(&token, &copy, self.now())
            && place.is_plain()
        {
            return Ok(place.admit(token, copy));
        }
        let now = self.now();
        let found = match self.records().load(&self.0.realm, &token.id).await? {
            Some(record) => {
                let record = Arc::new(record);
                match self.judge(&token, &record, now) {
                    Ok(place) if place.is_plain() => return Ok(place.admit(token, record)),
                    judged => Some((record, judged)),
                }
            }
            None => None,
        };
        // Rare and large: as a part of this future, every request would have to carry it.
        Box::pin(self.admit_rare(token, found, witness, now)).await
    }

    /// Saves what a judgement asks for, and judges again if the record changed meanwhile.
    async fn admit_rare(
        &self,
        token: ReferenceToken,
        mut found: Option<(Arc<Record>, Result<Place, Obstacle>)>,
        witness: &dyn Witness,
        mut now: Timestamp,
    ) -> Result<Admission, Rejected> {
        for _ in 0..ATTEMPTS {
            match found {
                None => {
                    self.report(EventKind::UnknownToken, &token, None, witness);
                    return Err(Rejected::Refused(Refusal::Unknown, None));
                }
                Some((record, Ok(place))) if !place.first_use => return Ok(place.admit(token, record)),
                Some((record, Ok(place))) => {
                    if let Some(confirmed) = self.confirm(&record, now).await? {
                        // The use is noted by that.
                        return Ok(Place { touch_due: false, ..place }.admit(token, Arc::new(confirmed)));
                    }
                }
                Some((record, Err(Obstacle::Refused(kind, refusal)))) => {
                    self.report(kind, &token, Some(&record), witness);
                    let left_behind = self.left_behind(&token, record, &refusal, now);
                    return Err(Rejected::Refused(refusal, left_behind.map(Box::new)));
                }
                Some((_, Err(Obstacle::Damaged))) => {
                    return Err(Error::corrupt("a living record without a chain").into());
                }
                // It ends by what was judged of this very record; of another the judgement may be another.
                Some((record, Err(Obstacle::Ends(reason)))) => {
                    let caller = witness.caller();
                    if self.end_as_judged(&record, reason.clone(), &caller, now).await? == Outcome::Applied {
                        return Err(Rejected::Refused(Refusal::Ended(reason), None));
                    }
                }
                Some((record, Err(Obstacle::Expired(expiry)))) => {
                    if self.expire(&record, expiry, now).await? {
                        return Err(Rejected::Refused(Refusal::Ended(expiry.reason()), None));
                    }
                }
            }
            now = self.now();
            found = self.records().load(&self.0.realm, &token.id).await?.map(|record| {
                let judged = self.judge(&token, &record, now);
                (Arc::new(record), judged)
            });
        }
        Err(Error::conflict().into())
    }

    /// Tells whether a refused token was replaced in its session, as far as that can be told: a token of an older chain
    /// cannot be proven.
    fn left_behind(
        &self,
        token: &ReferenceToken,
        record: Arc<Record>,
        refusal: &Refusal,
        now: Timestamp,
    ) -> Option<LeftBehind> {
        let chain = record.chain.as_ref()?;
        let (is_proven, replaced_at) = match refusal {
            Refusal::Spent => (true, chain.confirmed_at.unwrap_or(chain.renewed_at)),
            Refusal::Wrong if token.generation < chain.first_generation => (false, chain.started_at),
            _ => return None,
        };
        let is_recent = now.since(replaced_at) <= self.policy(&record.profile).grace().replay_after;
        Some(LeftBehind { record, is_proven, is_recent })
    }

    /// Judges a token against the record as it is now, by the five rules and the policy.
    fn judge(&self, token: &ReferenceToken, record: &Record, now: Timestamp) -> Result<Place, Obstacle> {
        let refuse = |kind, refusal| Err(Obstacle::Refused(kind, refusal));
        if let Some(ended) = &record.ended {
            return refuse(EventKind::UsedAfterEnd, Refusal::Ended(ended.reason.clone()));
        }
        let Some(chain) = &record.chain else {
            return Err(Obstacle::Damaged);
        };
        let policy = self.policy(&record.profile);
        let may_walk = |steps| self.0.walks.allows(&record.id, steps, now);
        let successor = |secret| Successor { generation: chain.generation, secret };
        let (seat, first_use) = match chain.judge(token, self.pepper(), policy.grace(), now, may_walk) {
            Standing::Current { first_use } => (Seat::Current, first_use),
            Standing::Superseded(secret) => (Seat::Superseded(successor(secret)), false),
            Standing::Unanswered(secret) => (Seat::Unanswered(successor(secret)), false),
            Standing::Replayed => return Err(Obstacle::Ends(EndReason::Replayed)),
            Standing::Spent => return refuse(EventKind::SpentToken, Refusal::Spent),
            Standing::Wrong => return refuse(EventKind::WrongSecret, Refusal::Wrong),
        };
        match policy.judge(record, now) {
            Verdict::Live { renewal_due: true } if chain.generation == Generation::LAST => {
                Err(Obstacle::Ends(EndReason::Exhausted))
            }
            Verdict::Live { renewal_due } => {
                let touch_due = policy.is_touch_due(record, now);
                Ok(Place { seat, first_use, is_locked: false, renewal_due, touch_due })
            }
            Verdict::Locked => Ok(Place { seat, first_use, is_locked: true, renewal_due: false, touch_due: false }),
            Verdict::Expired(expiry) => Err(Obstacle::Expired(expiry)),
        }
    }

    /// Saves that the present token has been used; nothing if the record changed meanwhile.
    async fn confirm(&self, record: &Record, now: Timestamp) -> Result<Option<Record>, Error> {
        let mut confirmed = record.clone();
        if let Some(chain) = &mut confirmed.chain {
            chain.confirm(now);
        }
        self.stamp(&mut confirmed, now);
        match self.records().save(&confirmed, Expected::Version(record.version), &[]).await? {
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
