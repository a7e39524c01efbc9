use std::collections::BTreeSet;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Checkpoint, PublicAuditKey, Purged};

/// What checking a trail found.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Report {
    /// The number of the first line that was there.
    pub first: Option<u64>,
    /// The number of the last line that is as it was.
    pub last: Option<u64>,
    /// How many lines are as they were.
    pub lines: u64,
    /// Up to which line there is a signature that holds.
    pub signed_through: Option<u64>,
    /// The keys whose signatures those are.
    pub keys: BTreeSet<PublicAuditKey>,
    /// How many events are kept and not sealed yet: nothing is known of those.
    pub unsealed: u64,
    /// What was taken out of the beginning, by a statement that is in order.
    pub purged: Option<Purged>,
    /// The last checkpoint.
    pub checkpoint: Option<Checkpoint>,
    /// The first thing that is wrong.
    pub broken: Option<Break>,
}

impl Report {
    /// Tells whether nothing is wrong.
    pub fn is_whole(&self) -> bool {
        self.broken.is_none()
    }
}

/// The first thing that is wrong with a trail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Break {
    /// The number of the first wrong line.
    pub number: u64,
    /// Where that is in the file, counted from 1; nothing where it is no file.
    pub position: Option<u64>,
    /// What is wrong with it.
    #[serde(flatten)]
    pub kind: BreakKind,
}

/// What is wrong with a line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum BreakKind {
    /// It is not what was sealed.
    Changed,
    /// It was put in: what comes next fits without it.
    Inserted,
    /// It is missing, with all lines through this one.
    Removed {
        /// The last that is missing.
        through: u64,
    },
    /// It is missing here and stands further on.
    Moved,
    /// The trail stops before it, and went on through this line.
    CutOff {
        /// The last that is missing.
        through: u64,
    },
    /// The lines through this one hang together, and are not those that were signed.
    Rewritten {
        /// The line that the signature is of.
        through: u64,
    },
    /// The signature of this line is wrong, or by a key that is not trusted.
    Signature,
    /// This is no line of a trail.
    Unreadable,
    /// What is said about lines that were taken out is not what was signed, or does not fit what follows.
    Purge,
}

impl fmt::Display for Break {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let number = self.number;
        match &self.kind {
            BreakKind::Changed => write!(f, "line {number} was changed")?,
            BreakKind::Inserted => write!(f, "line {number} was inserted")?,
            BreakKind::Removed { through } if *through == number => write!(f, "line {number} was removed")?,
            BreakKind::Removed { through } => write!(f, "lines {number} to {through} were removed")?,
            BreakKind::Moved => write!(f, "line {number} was moved: it stands further on")?,
            BreakKind::CutOff { through } if *through == number => write!(f, "line {number}, the last, was cut off")?,
            BreakKind::CutOff { through } => write!(f, "the end was cut off: lines {number} to {through}")?,
            BreakKind::Rewritten { through } => {
                write!(f, "lines {number} to {through} hang together and are not what was signed")?;
            }
            BreakKind::Signature => write!(f, "the signature at line {number} is wrong, or by another key")?,
            BreakKind::Unreadable => write!(f, "this is no line of an audit trail (line {number} was to come)")?,
            BreakKind::Purge => write!(f, "what is said of the lines before {number} that were purged is wrong")?,
        }
        self.position.map_or(Ok(()), |position| write!(f, " (line {position} of the file)"))
    }
}
