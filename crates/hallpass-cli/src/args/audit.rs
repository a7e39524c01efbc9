use std::num::NonZeroU64;
use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use hallpass::audit::PublicAuditKey;
use hallpass::{EventKind, SessionId, Subject, Timestamp};

use super::id::session_id;
use super::sessions::kind;
use super::when::instant;

/// What to do with the audit trail.
#[derive(Debug, Subcommand)]
pub(crate) enum AuditCommand {
    /// List what happened, oldest first
    List(AuditList),
    /// Write the trail down, with what is needed to check it elsewhere
    Export(AuditExport),
    /// Check that nothing was changed, removed or inserted
    Verify(AuditVerify),
    /// Show the end of the trail, signed: kept elsewhere, it proves everything before it
    #[command(after_help = "\
Examples:
  hallpass audit checkpoint
  hallpass audit checkpoint --json > checkpoint-$(date +%F).json

Keep one every day, where nobody who may write to the store can write.
`hallpass audit verify --checkpoint FILE` compares.
Exit code 1: nothing is sealed yet.")]
    Checkpoint,
}

/// Which options `audit list` has.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hallpass audit list --since 1h
  hallpass audit list --kind admin_action,key_created,key_revoked --since '30 days ago'
  hallpass audit list --subject alice --json | jq -r '[.at, .kind, .actor] | @tsv'

JSON: one event per line.
Exit code 1: nothing matches.")]
pub(crate) struct AuditList {
    /// Only events of these kinds, such as `created`, `revoked` or `admin_action`
    #[arg(long, value_name = "KINDS", value_delimiter = ',', value_parser = kind())]
    pub(crate) kind: Vec<EventKind>,
    /// Only what happened to sessions of this subject
    #[arg(long, value_name = "NAME")]
    pub(crate) subject: Option<Subject>,
    /// Only what happened to this session
    #[arg(long, value_name = "ID", value_parser = session_id)]
    pub(crate) session: Option<SessionId>,
    /// Only what happened since this time
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub(crate) since: Option<Timestamp>,
    /// At most this many [default: all]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) limit: Option<NonZeroU64>,
}

/// Which options `audit export` has.
#[derive(Debug, Args)]
#[command(after_help = "\
JSON lines have everything that `hallpass audit verify FILE` needs. CSV is for spreadsheets, and cannot be checked.

Examples:
  hallpass audit export > trail.jsonl
  hallpass audit export --format csv --output trail.csv
  hallpass audit export --from 90001 > since-last-time.jsonl")]
pub(crate) struct AuditExport {
    /// In which form
    #[arg(long, value_enum, default_value_t = Format::Jsonl)]
    pub(crate) format: Format,
    /// Write to this file instead of standard output; it must not be there
    #[arg(long, short, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Begin with the line of this number
    #[arg(long, value_name = "NUMBER", default_value = "1")]
    pub(crate) from: NonZeroU64,
}

/// The form of an export.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Jsonl,
    Csv,
}

/// Which options `audit verify` has.
#[derive(Debug, Args)]
#[command(after_help = "\
Without a file it checks the store or service itself. With one it needs neither.

A trail proves itself only against what you know from elsewhere: the public key of the service
(--key), or a checkpoint that was kept (--checkpoint). Without either, whoever may write to the
store could have written another trail.

Examples:
  hallpass audit verify
  hallpass audit verify trail.jsonl --key 11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo
  hallpass audit verify --checkpoint checkpoint-2026-01-31.json
  hallpass audit export --url https://sessions.example | hallpass audit verify -

JSON: {\"whole\": true, \"lines\": 100000, \"signed_through\": 100000, \"unsealed\": 0, \"broken\": null, ...}
Exit code 1: something was changed, removed or inserted; the first wrong line is named.")]
pub(crate) struct AuditVerify {
    /// An export in JSON lines; - is standard input
    #[arg(value_name = "FILE")]
    pub(crate) file: Option<PathBuf>,
    /// Believe the signatures of this key and no other; `hallpass audit checkpoint` shows it
    #[arg(long, value_name = "KEY", allow_hyphen_values = true)]
    pub(crate) key: Vec<PublicAuditKey>,
    /// Compare with a checkpoint that was kept, as `hallpass audit checkpoint --json` writes it
    #[arg(long, value_name = "FILE")]
    pub(crate) checkpoint: Vec<PathBuf>,
}
