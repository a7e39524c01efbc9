use std::num::NonZeroU64;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use hallpass::{EventKind, Note, SessionId, Subject, Timestamp};

use super::filter::{Filter, State};
use super::foreign::Purge;
use super::id::{Name, session_id, session_name};
use super::when::instant;

/// What to do with sessions.
#[derive(Debug, Subcommand)]
pub(crate) enum SessionsCommand {
    /// List sessions, newest first
    List(List),
    /// Show a session, and what happened to it
    Show(Show),
    /// Count sessions
    Count(Count),
    /// Say why a session ended, or what would end it
    Explain(Explain),
    /// Show how long a session still has
    Ttl(Ttl),
    /// End sessions, by name, subject or filter
    Revoke(Revoke),
    /// Forget sessions of another framework whose time is over
    Purge(Purge),
    /// Follow what happens, as it happens
    Watch(Watch),
}

/// Which options `sessions list` has.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hallpass sessions list
  hallpass sessions list --subject alice --state active,locked,ended
  hallpass sessions list --ip 192.0.2.0/24 --created-after 2h
  hallpass sessions list --seen-before '30 days ago' --json | jq -r '.items[].id'
  hallpass sessions list --dialect express --store redis://127.0.0.1

JSON: {\"items\": [session, ...], \"more\": false}; `more` says that --limit left some out.
Exit code 1: no session matches.")]
pub(crate) struct List {
    /// At most this many [default: all]
    #[arg(long, value_name = "NUMBER")]
    pub(crate) limit: Option<NonZeroU64>,
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// In these states
    #[arg(long, value_name = "STATES", value_enum, value_delimiter = ',',
        default_values_t = [State::Active, State::Locked], help_heading = "Which sessions")]
    pub(crate) state: Vec<State>,
}

/// Which options `sessions show` has.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hallpass sessions show --events BFJc9vZAQxKvNrPsZx2B1w
  hallpass sessions show BFJc9vZAQxKvNrPsZx2B1w --json | jq .ended

Exit code 1: there is no such session, or it was forgotten.")]
pub(crate) struct Show {
    /// The session's id
    #[arg(value_name = "ID", value_parser = session_name)]
    pub(crate) id: Name,
    /// Show also what happened to it, oldest first
    #[arg(long)]
    pub(crate) events: bool,
}

/// Which options `sessions count` has.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hallpass sessions count
  hallpass sessions count --by subject --state active | head
  hallpass sessions count --seen-before 30d --json | jq .total

JSON: {\"total\": 3, \"by\": \"state\", \"counts\": {\"active\": 2, \"ended\": 1}}")]
pub(crate) struct Count {
    /// What to count apart
    #[arg(long, value_enum, default_value_t = CountBy::State)]
    pub(crate) by: CountBy,
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// In these states
    #[arg(long, value_name = "STATES", value_enum, value_delimiter = ',',
        default_values_t = [State::Active, State::Locked, State::Ended], help_heading = "Which sessions")]
    pub(crate) state: Vec<State>,
}

/// What sessions are counted by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum CountBy {
    State,
    Subject,
    Profile,
    Level,
    // Why they ended.
    Reason,
}

/// Which options `sessions explain` has.
#[derive(Debug, Args)]
#[command(after_help = "\
It says which clock, policy, actor and request ended the session. An ended session is remembered
for as long as `policy.retention` says; then only its events are left, which
`hallpass audit list --session ID` shows.

Examples:
  hallpass sessions explain BFJc9vZAQxKvNrPsZx2B1w
  hallpass sessions explain BFJc9vZAQxKvNrPsZx2B1w --json | jq -r .explanation

Exit code 1: there is no such session, or it was forgotten.")]
pub(crate) struct Explain {
    /// The session's id
    #[arg(value_name = "ID", value_parser = session_id)]
    pub(crate) id: SessionId,
}

/// Which options `sessions ttl` has.
#[derive(Debug, Args)]
#[command(after_help = "\
A session ends at the earlier of the two, unless it is used: that moves the idle time, never the absolute one.

Examples:
  hallpass sessions ttl BFJc9vZAQxKvNrPsZx2B1w
  hallpass sessions ttl BFJc9vZAQxKvNrPsZx2B1w --json | jq .idle_seconds

Exit code 1: there is no such session, or it has ended.")]
pub(crate) struct Ttl {
    /// The session's id
    #[arg(value_name = "ID", value_parser = session_name)]
    pub(crate) id: Name,
}

/// Which options `sessions revoke` has.
#[derive(Debug, Args)]
#[command(
    group = ArgGroup::new("which").args(["ids", "subject", "ip", "user_agent", "created_after", "seen_before", "level",
        "profile", "all"]).multiple(true).required(true),
    override_usage = "hallpass sessions revoke [OPTIONS] ID...\n       \
        hallpass sessions revoke [OPTIONS] --subject NAME [--except ID]\n       \
        hallpass sessions revoke [OPTIONS] --ip ADDRESS, or another filter, or --all",
    after_help = "\
Examples:
  hallpass sessions revoke BFJc9vZAQxKvNrPsZx2B1w
  hallpass sessions revoke --subject alice --reason 'stolen laptop'
  hallpass sessions revoke --subject alice --except BFJc9vZAQxKvNrPsZx2B1w
  hallpass sessions revoke --ip 203.0.113.0/24 --dry-run
  hallpass sessions revoke --seen-before 30d --yes
  hallpass sessions revoke --dialect spring --store redis://127.0.0.1 --subject alice

Revoking again what was revoked is no error, so a command that was interrupted can be repeated.
Exit code 1: nothing to revoke was found, or you said no."
)]
pub(crate) struct Revoke {
    /// The sessions' ids
    #[arg(value_name = "ID", value_parser = session_name, conflicts_with_all = ["subject", "ip", "user_agent",
        "created_after", "seen_before", "level", "profile", "all", "except"])]
    pub(crate) ids: Vec<Name>,
    /// What to write down about it, for whoever asks why they were logged out
    #[arg(long, value_name = "TEXT", default_value = "by command line")]
    pub(crate) reason: Note,
    /// Only say which sessions would end
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
    #[command(flatten)]
    pub(crate) filter: Filter,
    /// Every session of the realm
    #[arg(long, help_heading = "Which sessions")]
    pub(crate) all: bool,
    /// All but this session of the subject
    #[arg(long, value_name = "ID", value_parser = session_id, requires = "subject", help_heading = "Which sessions",
        conflicts_with_all = ["ip", "user_agent", "created_after", "seen_before", "level", "profile", "all"])]
    pub(crate) except: Option<SessionId>,
}

/// Which options `sessions watch` has.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  hallpass sessions watch
  hallpass sessions watch --kind revoked,replayed --since 1h
  hallpass sessions watch --subject alice --json | jq -c '{at, kind, session}'

JSON: one event per line. Ends with Ctrl-C; a lost connection is taken up again where it was lost.")]
pub(crate) struct Watch {
    /// Only events of these kinds, such as `created`, `revoked` or `replayed`
    #[arg(long, value_name = "KINDS", value_delimiter = ',', value_parser = kind())]
    pub(crate) kind: Vec<EventKind>,
    /// Only what happens to sessions of this subject
    #[arg(long, value_name = "NAME")]
    pub(crate) subject: Option<Subject>,
    /// Only what happens to this session
    #[arg(long, value_name = "ID", value_parser = session_id)]
    pub(crate) session: Option<SessionId>,
    /// Begin with what happened since this time, instead of now
    #[arg(long, value_name = "TIME", value_parser = instant)]
    pub(crate) since: Option<Timestamp>,
    /// End after this many events
    #[arg(long, value_name = "NUMBER")]
    pub(crate) limit: Option<NonZeroU64>,
}

pub(super) fn kind() -> impl clap::builder::TypedValueParser<Value = EventKind> {
    use clap::builder::TypedValueParser as _;
    clap::builder::PossibleValuesParser::new(EventKind::ALL.iter().map(|kind| kind.as_str().to_owned()))
        .map(|word| EventKind::from_word(&word))
}
