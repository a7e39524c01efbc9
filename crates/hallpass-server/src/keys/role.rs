use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the holder of an API key may do, in the realm of the key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum Role {
    /// Create, verify, renew and end sessions by their tokens, and read and write the data of sessions that it names.
    App,
    /// List and look at sessions, without their data.
    Viewer,
    /// What a viewer may, and end sessions.
    Operator,
    /// What a viewer may, and read events.
    Auditor,
    /// Everything, and manage keys.
    Admin,
}

/// The error of reading a [`Role`] from a word that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a role is app, viewer, operator, auditor or admin")]
pub struct InvalidRole;

/// What a call needs a role for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Right {
    /// Sessions by their tokens, and their data.
    Serve,
    /// Looking at sessions.
    View,
    /// Ending sessions of others.
    Revoke,
    /// Reading events.
    Audit,
    /// Managing keys.
    Administer,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 5] = [Self::App, Self::Viewer, Self::Operator, Self::Auditor, Self::Admin];

    /// Returns its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Viewer => "viewer",
            Self::Operator => "operator",
            Self::Auditor => "auditor",
            Self::Admin => "admin",
        }
    }

    pub(crate) const fn has(self, right: Right) -> bool {
        matches!(
            (self, right),
            (Self::Admin, _)
                | (Self::App, Right::Serve)
                | (Self::Viewer | Self::Operator | Self::Auditor, Right::View)
                | (Self::Operator, Right::Revoke)
                | (Self::Auditor, Right::Audit)
        )
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Role {
    type Err = InvalidRole;

    fn from_str(text: &str) -> Result<Self, InvalidRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(InvalidRole)
    }
}
