use std::sync::Arc;

use hallpass::audit::{ChainHash, Checkpoint, Purged, Seal, SignedText};
use hallpass::{PageLimit, Sessions, Settings, StoreError, Timestamp, Trail};

use super::{AuditKeys, AuditState, Export};

/// What is said of a store without a trail.
pub const NO_TRAIL: &str = "this store keeps no sealed trail: SQLite, PostgreSQL and MySQL do";

/// The audit trail of a store, with the keys that sign it.
#[derive(Debug, Clone)]
pub struct AuditTrail {
    pub(super) trail: Arc<dyn Trail>,
    pub(super) settings: Arc<dyn Settings>,
    pub(super) keys: Arc<AuditKeys>,
}

/// Where it is written what was purged.
const PURGED: &str = "audit/purged";

impl AuditTrail {
    /// Returns the trail of the store of these sessions, if it keeps one.
    pub fn of(sessions: &Sessions, settings: Arc<dyn Settings>, keys: AuditKeys) -> Option<Self> {
        Some(Self { trail: sessions.trail()?, settings, keys: Arc::new(keys) })
    }

    /// Returns the keys.
    pub fn keys(&self) -> &AuditKeys {
        &self.keys
    }

    /// Returns how far the trail is sealed, and what waits.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_unavailable`].
    pub async fn state(&self) -> Result<AuditState, StoreError> {
        let last = self.trail.last().await?;
        let waiting = self.trail.unsealed(last.as_ref().map(|last| last.event), PageLimit::MOST).await?;
        Ok(AuditState {
            checkpoint: last.as_ref().map(Self::checkpoint_of),
            first: self.trail.first().await?.map(|first| first.number),
            unsealed: waiting.len(),
            unsealed_since: waiting.iter().map(|event| event.at).min(),
            purged: self.purged().await?,
        })
    }

    /// Begins an export of the lines from this number on; `1` is everything that is there.
    ///
    /// # Errors
    ///
    /// [`StoreError::is_unavailable`].
    pub async fn export(&self, from: u64) -> Result<Export, StoreError> {
        Export::begin(self.clone(), from).await
    }

    /// Returns what was signed of this line; what is not there, or is damaged, is said without a signature.
    pub(super) fn checkpoint_of(seal: &Seal) -> Checkpoint {
        let signed = seal.checkpoint.as_deref().and_then(Checkpoint::read);
        signed.unwrap_or_else(|| Checkpoint::new(seal.number, seal.hash, Timestamp::UNIX_EPOCH))
    }

    /// Tells whether a signature may go on from this line, the last of the store.
    ///
    /// Every batch ends with a checkpoint. One that is missing, or is of another line, was changed by somebody who had no
    /// key, and who would have the next signature vouch for it.
    pub(super) fn trust(&self, last: &Seal) -> Result<(), StoreError> {
        if self.keys.signing().is_none() {
            return Ok(());
        }
        let number = last.number;
        let checkpoint = last.checkpoint.as_deref().and_then(Checkpoint::read);
        let fits = checkpoint.filter(|checkpoint| checkpoint.number == number && checkpoint.hash == last.hash);
        let Some(checkpoint) = fits else { return Err(Self::forged(number)) };
        match (&checkpoint.key, &checkpoint.signature) {
            (None, None) => {
                tracing::warn!(
                    number,
                    "the audit trail was not signed until now: what is before can have been changed"
                );
                Ok(())
            }
            (Some(key), Some(_)) if key.has_signed(&checkpoint) => {
                let is_known = self.keys.trusted().is_some_and(|trusted| trusted.contains(key));
                if !is_known {
                    tracing::warn!(number, %key, "the audit trail was signed by a key until now that is not configured");
                }
                Ok(())
            }
            _ => Err(Self::forged(number)),
        }
    }

    fn forged(number: u64) -> StoreError {
        StoreError::corrupt(format!(
            "line {number}, the last of the audit trail, is not what was signed; `hallpass audit verify` says what is wrong"
        ))
    }

    /// Returns the hash of this line; that before the first one if it is 0, or not there.
    pub(super) async fn hash_of(&self, number: u64) -> Result<ChainHash, StoreError> {
        let Some(before) = number.checked_sub(1) else { return Ok(ChainHash::START) };
        let found = self.trail.sealed(before, ONE).await?.pop();
        Ok(found.filter(|line| line.seal.number == number).map_or(ChainHash::START, |line| line.seal.hash))
    }

    /// Returns what was purged, if anything was.
    pub(super) async fn purged(&self) -> Result<Option<Purged>, StoreError> {
        let stored = self.settings.load(PURGED).await?;
        Ok(stored.and_then(|bytes| Purged::read(str::from_utf8(&bytes).ok()?)))
    }

    /// Writes down what is about to be purged, signed.
    pub(super) async fn declare(&self, purged: Purged) -> Result<Purged, StoreError> {
        let purged = self.sign(purged);
        let present = self.settings.load(PURGED).await?;
        match self.settings.save(PURGED, purged.text().as_bytes(), present.as_deref()).await? {
            hallpass::Outcome::Applied => Ok(purged),
            hallpass::Outcome::Conflict => Err(StoreError::unavailable("another node purges at this moment")),
        }
    }

    pub(super) fn sign<T: SignedText + Clone>(&self, statement: T) -> T {
        match self.keys.signing() {
            Some(key) => key.sign(statement),
            None => statement,
        }
    }
}

const ONE: PageLimit = PageLimit::new(1).expect("it is not zero");
