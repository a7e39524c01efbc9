use std::num::{NonZeroU64, NonZeroUsize};

use clap::{Args, ValueEnum};
use hallpass_foreign::Framework;

/// Whose sessions they are, if not hallpass's own.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Sessions of other frameworks, where those keep them")]
pub(crate) struct Foreign {
    /// Whose sessions to look at in --store; `auto` finds out by the shapes of keys and values
    #[arg(long, global = true, value_name = "FRAMEWORK", value_enum)]
    pub(crate) dialect: Option<DialectName>,
    /// What their keys begin with, if not with what is usual
    #[arg(long, global = true, value_name = "TEXT")]
    pub(crate) key_prefix: Option<String>,
    /// Under which names the user is found, such as passport.user, if their framework does not say it
    #[arg(long, global = true, value_name = "NAMES")]
    pub(crate) user_path: Option<String>,
    /// Show the keys, and take them: whoever has one is its user
    #[arg(long, global = true)]
    pub(crate) danger_show_keys: bool,
}

impl Foreign {
    /// Returns the framework; nothing if that is to be found out.
    pub(crate) fn framework(&self) -> Option<Framework> {
        match self.dialect? {
            DialectName::Auto => None,
            DialectName::Express => Some(Framework::Express),
            DialectName::Django => Some(Framework::Django),
            DialectName::Spring => Some(Framework::Spring),
            DialectName::Gorilla => Some(Framework::Gorilla),
        }
    }
}

/// A framework that can be named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum DialectName {
    // Without help of their own, so that all help stays on one line per option.
    Auto,
    Express,
    Django,
    Spring,
    Gorilla,
}

/// Which options `sessions purge` has.
#[derive(Debug, Args)]
#[command(after_help = "\
Django forgets no rows by itself. They go in small batches, with a rest after each, so that nothing waits for long.
Redis forgets what is over by itself.

Examples:
  hallpass sessions purge --dialect django --store sqlite:db.sqlite3 --dry-run
  hallpass sessions purge --dialect django --store sqlite:db.sqlite3 --json

JSON: {\"dry_run\": false, \"purged\": 2500, \"complete\": true}")]
pub(crate) struct Purge {
    /// Stop after this many
    #[arg(long, value_name = "NUMBER")]
    pub(crate) limit: Option<NonZeroU64>,
    /// How many go at once
    #[arg(long, value_name = "NUMBER", default_value = "500")]
    pub(crate) batch: NonZeroUsize,
    /// Only say how many are over
    #[arg(long)]
    pub(crate) dry_run: bool,
}
