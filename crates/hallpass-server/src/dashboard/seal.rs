use hallpass::{Realm, StoreError, Timestamp};

use super::operator::Operator;
use super::when::When;
use crate::audit::AuditState;

/// How far the audit trail is sealed, as the audit page says it.
#[derive(Debug)]
pub(super) enum Seal {
    /// The store keeps no sealed trail.
    None,
    /// It counts what happened in all realms, and the operator's key is of one.
    OfAllRealms,
    /// Nothing has happened yet.
    Empty,
    Through {
        number: u64,
        hash: String,
        /// When it was signed, if it is.
        signed: Option<When>,
        unsealed: usize,
        /// The number of the last line that was taken out by the policy.
        purged: Option<u64>,
    },
}

impl Seal {
    pub(super) async fn read(operator: &Operator) -> Result<Self, StoreError> {
        match &operator.desk.app.audit {
            Some(_) if *operator.sessions().realm() != Realm::default() => Ok(Self::OfAllRealms),
            Some(trail) => Ok(Self::of(trail.state().await?, operator.now())),
            None => Ok(Self::None),
        }
    }

    fn of(state: AuditState, now: Timestamp) -> Self {
        let Some(checkpoint) = state.checkpoint else { return Self::Empty };
        Self::Through {
            number: checkpoint.number,
            hash: checkpoint.hash.to_string(),
            signed: checkpoint.signature.is_some().then(|| When::new(checkpoint.at, now)),
            unsealed: state.unsealed,
            purged: state.purged.map(|purged| purged.through),
        }
    }
}
