use serde::{Deserialize, Serialize};

use super::{ChainHash, PublicAuditKey, SignedText};
use crate::name::Actor;
use crate::time::Timestamp;

/// What was taken out of the beginning of a trail, by whom, and the hash that the rest goes on from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Purged {
    /// The number of the last line that was taken out.
    pub through: u64,
    /// The hash of that line.
    pub hash: ChainHash,
    /// Of when the events were, at the latest.
    pub before: Timestamp,
    /// When they were taken out.
    pub at: Timestamp,
    /// Who did it.
    pub actor: Actor,
    /// The public key; nothing where there is no key to sign with.
    pub key: Option<PublicAuditKey>,
    /// The signature; nothing where there is none.
    pub signature: Option<String>,
}

impl Purged {
    /// Returns the statement, not signed yet.
    pub fn new(through: u64, hash: ChainHash, before: Timestamp, at: Timestamp, actor: Actor) -> Self {
        Self { through, hash, before, at, actor, key: None, signature: None }
    }
}

impl SignedText for Purged {
    const DOMAIN: &'static str = "hallpass audit purge 1";

    fn seal(&self) -> (Option<&PublicAuditKey>, Option<&str>) {
        (self.key.as_ref(), self.signature.as_deref())
    }

    fn sealed(self, key: Option<PublicAuditKey>, signature: Option<String>) -> Self {
        Self { key, signature, ..self }
    }
}
