use hallpass::Timestamp;
use hallpass::audit::{Checkpoint, Purged};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// How far an audit trail is sealed, and what waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[non_exhaustive]
pub struct AuditState {
    /// The last line, and what was signed of it; nothing while nothing is sealed. Kept elsewhere, it shows later that
    /// everything up to it is still as it was.
    #[schema(value_type = Option<CheckpointSchema>)]
    pub checkpoint: Option<Checkpoint>,
    /// The number of the first line that is still there.
    pub first: Option<u64>,
    /// How many events are kept and not sealed yet; no more than 1,000 are counted.
    pub unsealed: usize,
    /// Of when the oldest of them is.
    #[schema(value_type = Option<String>, format = DateTime)]
    pub unsealed_since: Option<Timestamp>,
    /// What was taken out of the beginning by the policy, if anything was.
    #[schema(value_type = Option<PurgedSchema>)]
    pub purged: Option<Purged>,
}

/// The last line of the audit trail at some moment.
#[derive(ToSchema)]
#[schema(as = Checkpoint)]
#[allow(dead_code)] // it only describes what the library writes
pub(super) struct CheckpointSchema {
    /// The number of the line.
    number: u64,
    /// What binds it to all before it: SHA-256 in hexadecimal.
    hash: String,
    /// When it was made.
    #[schema(value_type = String, format = DateTime)]
    at: String,
    /// The public key (Ed25519, base64url); nothing where the trail is not signed.
    key: Option<String>,
    /// The signature (base64url); nothing where the trail is not signed.
    signature: Option<String>,
}

/// What was taken out of the beginning of the audit trail.
#[derive(ToSchema)]
#[schema(as = Purged)]
#[allow(dead_code)] // it only describes what the library writes
pub(super) struct PurgedSchema {
    /// The number of the last line that was taken out.
    through: u64,
    /// The hash of that line: the rest goes on from it.
    hash: String,
    /// The events were from before this time.
    #[schema(value_type = String, format = DateTime)]
    before: String,
    /// When they were taken out.
    #[schema(value_type = String, format = DateTime)]
    at: String,
    /// Who did it.
    actor: String,
    /// The public key; nothing where the trail is not signed.
    key: Option<String>,
    /// The signature; nothing where the trail is not signed.
    signature: Option<String>,
}
