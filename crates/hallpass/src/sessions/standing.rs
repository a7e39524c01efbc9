//! Whether a session still is what a request was let in to.

use super::Sessions;
use crate::error::Error;
use crate::event::EndReason;
use crate::policy::Verdict;
use crate::record::Record;

/// Why what a request was let in to is over.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Over {
    /// The session has ended, or its time is over.
    Ended(EndReason),
    /// It was unused for too long, and waits for its subject.
    Locked,
    /// Somebody signed in again, or a role or password changed: the token that the request came with is dead.
    Rechained,
    /// There is no such session, or none any more that its store knows.
    Absent,
    /// The store has been away for too long to say.
    Unknown,
}

impl Sessions {
    /// Returns the session of a record as it is now, if it lives, in the same chain, and is the same subject's; it
    /// touches nothing.
    pub(crate) async fn still(&self, known: &Record) -> Result<Result<Record, Over>, Error> {
        let Some(present) = self.records().load(&known.realm, &known.id).await? else { return Ok(Err(Over::Absent)) };
        if let Some(ended) = present.ended {
            return Ok(Err(Over::Ended(ended.reason)));
        }
        let nonce = |record: &Record| record.chain.as_ref().map(|chain| chain.nonce);
        if nonce(&present) != nonce(known) || present.subject != known.subject {
            return Ok(Err(Over::Rechained));
        }
        match self.policy(&present.profile).judge(&present, self.now()) {
            Verdict::Live { .. } if self.is_revoked(&present).await? => Ok(Err(Over::Ended(EndReason::Revoked))),
            Verdict::Live { .. } => Ok(Ok(present)),
            Verdict::Locked => Ok(Err(Over::Locked)),
            Verdict::Expired(expiry) => {
                self.refuse_to_judge()?;
                Ok(Err(Over::Ended(expiry.reason())))
            }
        }
    }
}
