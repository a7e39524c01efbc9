//! Self-contained tokens: beside the record in a store, or in its place.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use super::admit::Rejected;
use super::hand::Hand;
use super::{Caller, Sessions, Ticket, Witness};
use crate::carried::{Carried, SelfContained, Unopened, Unsealed};
use crate::error::{Error, Refusal};
use crate::event::EventKind;
use crate::id::SessionId;
use crate::name::{Realm, Subject};
use crate::record::Record;
#[cfg(feature = "revocations")]
use crate::revocations::{NamingTime, Revocations};
use crate::store::{Epoch, Store, StoreError};
use crate::time::Timestamp;
use crate::token::{Generation, ReferenceToken, Token};

/// What self-contained tokens are made of, and what ends them before their time.
pub(super) struct Carriage {
    pub(super) form: Arc<dyn SelfContained>,
    /// For how long a token stands for a session that a store keeps; nothing where the token is the session.
    pub(super) lifetime: Option<Duration>,
    #[cfg(feature = "revocations")]
    pub(super) revocations: Option<Arc<Revocations>>,
}

impl Carriage {
    /// Returns where epochs and revocations stand, if anywhere.
    pub(super) fn shared(&self) -> Option<Arc<dyn Store>> {
        #[cfg(feature = "revocations")]
        if let Some(revocations) = &self.revocations {
            return Some(Arc::clone(revocations.store()));
        }
        None
    }
}

/// A token that stands for a session for some minutes, without a store being asked.
pub struct AccessToken {
    /// What the client is to hold.
    pub token: Token,
    /// Until when it is good.
    pub expires_at: Timestamp,
}

impl fmt::Debug for AccessToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AccessToken").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// Clocks may differ by this much: so much longer revocations are kept than the tokens that they name.
#[cfg(feature = "revocations")]
const LEEWAY: Duration = Duration::from_mins(2);

impl Sessions {
    /// Returns the same sessions for one request, which holds what its token carries.
    pub(crate) fn for_request(&self) -> Self {
        let hand = self.1.as_ref().map(|hand| Arc::new(hand.another()));
        Self(Arc::clone(&self.0), hand)
    }

    /// Tells whether sessions live in their tokens, and in no store.
    pub fn is_carried(&self) -> bool {
        self.1.is_some()
    }

    /// Reads what a request presents: a reference, or a session that is taken in hand.
    ///
    /// What carries its session is judged by all that was revoked longer than `staleness` ago.
    pub(crate) async fn present(
        &self,
        text: &[u8],
        staleness: Option<Duration>,
        witness: &dyn Witness,
    ) -> Result<ReferenceToken, Rejected> {
        match &self.1 {
            None => ReferenceToken::parse(text).map_err(|_| Rejected::Refused(Refusal::Malformed, None)),
            // Rare and large: as a part of this future, every request would have to carry it.
            Some(hand) => Box::pin(self.take_in_hand(hand, text, staleness, witness)).await,
        }
    }

    async fn take_in_hand(
        &self,
        hand: &Hand,
        text: &[u8],
        staleness: Option<Duration>,
        witness: &dyn Witness,
    ) -> Result<ReferenceToken, Rejected> {
        let Some(carriage) = &self.0.carriage else { return Err(Rejected::Refused(Refusal::Malformed, None)) };
        let carried = self.judge_carried(&*carriage.form, text, staleness, witness).await?;
        hand.take(&carried);
        let secret = crate::id::SessionSecret::from_bytes([0; crate::id::SessionSecret::LENGTH]);
        Ok(ReferenceToken { id: carried.record.id, generation: carried.generation(), secret })
    }

    /// Opens a token that carries a session of this realm which nobody has ended.
    async fn judge_carried(
        &self,
        form: &dyn SelfContained,
        text: &[u8],
        staleness: Option<Duration>,
        witness: &dyn Witness,
    ) -> Result<Arc<Carried>, Rejected> {
        let carried = form.open(text, self.now()).map_err(|why| Rejected::Refused(refusal(why), None))?;
        if carried.record.realm != self.0.realm {
            return Err(Rejected::Refused(Refusal::Malformed, None));
        }
        if self.allow(&carried, staleness).await? {
            return Ok(carried);
        }
        self.report_with(EventKind::UsedAfterEnd, witness, |event| {
            event.session = Some(carried.record.id);
            event.subject.clone_from(&carried.record.subject);
        });
        Err(Rejected::Refused(Refusal::Revoked, None))
    }

    /// Tells whether nobody has ended, since the request came in, the session that its client carries: an answer with the
    /// next token would take the place of a newer one. Of a session in a store, the store tells that at the save.
    pub(super) async fn is_still_good(&self, record: &Record) -> Result<bool, StoreError> {
        match &self.1 {
            None => Ok(true),
            Some(hand) => {
                let now = self.now();
                let carried = Carried::new(record.clone(), hand.sealing_epoch(), now, record.expires_at);
                self.allow(&carried, None).await
            }
        }
    }

    /// Tells whether nobody has ended what a token says.
    async fn allow(&self, carried: &Carried, staleness: Option<Duration>) -> Result<bool, StoreError> {
        #[cfg(feature = "revocations")]
        if let Some(revocations) = self.revocations() {
            return revocations.allow(carried, staleness, self.now()).await;
        }
        // Nobody could have: there is nowhere to write it.
        let _ = (carried, staleness);
        Ok(true)
    }

    /// Tells whether somebody has ended a session that its client carries.
    #[cfg(feature = "watch")]
    pub(super) async fn is_revoked(&self, record: &Record) -> Result<bool, Error> {
        let Some(hand) = &self.1 else { return Ok(false) };
        let now = self.now();
        let carried = Carried::new(record.clone(), hand.sealing_epoch(), now, record.expires_at);
        Ok(!self.allow(&carried, None).await?)
    }

    /// Returns what the client is to hold of a record: a reference, or the session itself.
    pub(super) fn token(&self, record: &Record, ticket: &Ticket) -> Result<Token, Error> {
        let (Some(hand), Some(carriage)) = (&self.1, &self.0.carriage) else {
            return Ok(ticket.token.encode());
        };
        let expires_at = self.policy(&record.profile).expires_at(record);
        let carried = Carried::new(record.clone(), hand.sealing_epoch(), self.now(), expires_at);
        carriage.form.seal(&carried).map_err(unsealed)
    }

    /// Tells whether the client is to get its session anew, since it is another than its token says.
    pub(super) fn is_token_stale(&self) -> bool {
        self.1.as_ref().is_some_and(|hand| hand.is_changed())
    }

    /// Makes a token that stands for a session for some minutes, where [`SessionsBuilder::access_tokens`] were asked for;
    /// for an anonymous session there is none.
    ///
    /// [`SessionsBuilder::access_tokens`]: crate::SessionsBuilder::access_tokens
    ///
    /// # Errors
    ///
    /// [`Error::is_unavailable`] if the store is away, or no key signs now.
    pub async fn access_token(&self, record: &Record) -> Result<Option<AccessToken>, Error> {
        let Some(Carriage { form, lifetime: Some(lifetime), .. }) = self.0.carriage.as_deref() else {
            return Ok(None);
        };
        let Some(subject) = &record.subject else { return Ok(None) };
        let epoch = self.epoch(&record.realm, subject).await?;
        let now = self.now();
        let deadlines = self.policy(&record.profile).deadlines(record);
        let expires_at = now.plus(*lifetime).min(deadlines.idle).min(deadlines.absolute);
        let mut short = record.clone();
        short.data = bytes::Bytes::new();
        let token = form.seal(&Carried::new(short, epoch, now, expires_at)).map_err(unsealed)?;
        Ok(Some(AccessToken { token, expires_at }))
    }

    async fn epoch(&self, realm: &Realm, subject: &Subject) -> Result<Epoch, Error> {
        match self.records().epoch(realm, subject, false).await {
            // Nobody can raise it either.
            Err(error) if error.is_unsupported() => Ok(Epoch::default()),
            epoch => Ok(epoch?),
        }
    }

    /// Judges an access token, without asking a store unless it must: its signature, its time, and whether its session or
    /// subject were ended meanwhile.
    ///
    /// What was revoked longer than `staleness` ago is known; by default that is [`revocation_bound`]. With zero the store
    /// is asked. What the token says has no attributes: those stay in the store.
    ///
    /// [`revocation_bound`]: Sessions::revocation_bound
    ///
    /// # Errors
    ///
    /// [`Error::is_inactive`] if it is not good, whatever the cause; [`Error::is_unavailable`] if that cannot be known as
    /// exactly as asked; [`Error::is_unsupported`] where no access tokens are made.
    pub async fn verify_access(
        &self,
        token: &str,
        staleness: Option<Duration>,
        caller: &Caller,
    ) -> Result<Arc<Carried>, Error> {
        let Some(Carriage { form, lifetime: Some(_), .. }) = self.0.carriage.as_deref() else {
            return Err(StoreError::unsupported("no access tokens are made here").into());
        };
        Ok(self.judge_carried(&**form, token.as_bytes(), staleness, caller).await?)
    }

    /// Returns how late, at the most, every verifier heeds that a session was ended: nothing where a store is asked each
    /// time, the age of copies where there are some, and where no store is shared, the life of a token.
    pub fn revocation_bound(&self) -> Duration {
        let stored = self.0.store.staleness();
        match &self.0.carriage {
            None => stored,
            Some(carriage) => {
                #[cfg(feature = "revocations")]
                if let Some(revocations) = &carriage.revocations {
                    return stored.max(revocations.bound());
                }
                carriage.lifetime.unwrap_or_else(|| self.longest_life())
            }
        }
    }

    /// Ends the tokens of a session: all, or those of a generation before `lowest`. It comes before the change of the
    /// record, so that a fault in between leaves nobody with a good token of an ended session.
    pub(super) async fn end_tokens(&self, record: &Record, lowest: Option<Generation>) -> Result<(), StoreError> {
        #[cfg(feature = "revocations")]
        if let Some(revocations) = self.revocations().filter(|_| record.subject.is_some() || self.is_carried()) {
            return revocations.end_session(&record.realm, &record.id, lowest, self.naming_time()).await;
        }
        let _ = (record, lowest);
        Ok(())
    }

    /// Ends the tokens of a session of which only the name is known, since its client carries it.
    pub(super) async fn end_carried(&self, id: &SessionId) -> Result<(), StoreError> {
        #[cfg(feature = "revocations")]
        if let Some(revocations) = self.revocations() {
            return revocations.end_session(&self.0.realm, id, None, self.naming_time()).await;
        }
        let _ = id;
        Err(StoreError::unsupported("without a store, only its time ends a token that its client holds"))
    }

    /// Ends all tokens of a subject that were made until now.
    pub(super) async fn end_tokens_of(&self, subject: &Subject) -> Result<(), StoreError> {
        let lowest = self.records().epoch(&self.0.realm, subject, true).await?;
        #[cfg(feature = "revocations")]
        if let Some(revocations) = self.revocations() {
            return revocations.end_subject(&self.0.realm, subject, lowest, self.naming_time()).await;
        }
        let _ = lowest;
        Ok(())
    }

    /// Returns the time in which tokens can be shown that were made until now.
    #[cfg(feature = "revocations")]
    fn naming_time(&self) -> NamingTime {
        let lifetime = self.0.carriage.as_ref().and_then(|carriage| carriage.lifetime);
        let now = self.now();
        NamingTime { now, until: now.plus(lifetime.unwrap_or_else(|| self.longest_life())).plus(LEEWAY) }
    }

    fn longest_life(&self) -> Duration {
        let lives = self.0.profiles.0.iter().map(|(_, policy)| policy.absolute());
        lives.max().unwrap_or_default()
    }

    /// Returns what ends self-contained tokens before their time, if anything does.
    #[cfg(feature = "revocations")]
    pub fn revocations(&self) -> Option<&Revocations> {
        self.0.carriage.as_ref()?.revocations.as_deref()
    }
}

fn refusal(why: Unopened) -> Refusal {
    match why {
        Unopened::Invalid => Refusal::Malformed,
        Unopened::UnknownKey => Refusal::Unknown,
        Unopened::Expired => Refusal::Expired,
    }
}

fn unsealed(why: Unsealed) -> Error {
    match why {
        Unsealed::TooLarge { size, limit } => Error::too_large(size, limit),
        Unsealed::NoKey => StoreError::unavailable(why).into(),
    }
}
