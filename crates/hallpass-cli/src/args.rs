//! What can be typed: the commands, their options, and what their help teaches.

mod advise;
mod audit;
mod filter;
mod foreign;
mod global;
mod id;
mod keys;
mod policy;
mod proxy_config;
mod serve;
mod sessions;
mod token;
mod when;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, CommandFactory as _, Parser, Subcommand};
use clap_complete::Shell;

pub(crate) use self::advise::{Advise, TREE};
pub(crate) use self::audit::{AuditCommand, AuditExport, AuditList, AuditVerify, Format};
pub(crate) use self::filter::{Filter, State};
pub(crate) use self::foreign::{Foreign, Purge};
pub(crate) use self::global::Global;
pub(crate) use self::id::Name;
pub(crate) use self::keys::{KeysCommand, RemoveKey, RetireKey, RotateKey, SigningCommand};
pub(crate) use self::policy::PolicyCommand;
pub(crate) use self::proxy_config::PrintProxyConfig;
pub(crate) use self::serve::Serve;
pub(crate) use self::sessions::{Count, CountBy, Explain, List, Revoke, SessionsCommand, Show, Ttl, Watch};
pub(crate) use self::token::{Inspect, TokenCommand};

/// Manages sessions: a service, and an operator's commands.
#[derive(Debug, Parser)]
#[command(
    name = "hallpass",
    version,
    about = "Manages sessions: a service, and an operator's commands.",
    after_help = HELP,
    max_term_width = 100,
)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

const HELP: &str = "\
Try:
  hallpass serve --demo             a service with a web app to click through
  hallpass advise                   which way of keeping sessions fits, and why
  hallpass sessions list            what is open now
  hallpass sessions watch           what happens, as it happens
  hallpass sessions explain ID      why somebody was logged out
  hallpass audit verify             whether the audit trail is as it was written
  hallpass COMMAND --help           examples of each command

Where the commands look, first match wins:
  --url URL, or HALLPASS_URL        a running service, with the API key in HALLPASS_KEY
  --store URL, or HALLPASS_STORE    a store, such as sqlite:hallpass.db; a service may be using it
  `store` in hallpass.toml          the same, from the file that the service reads
  sqlite:hallpass.db                if it is in this folder

Data goes to standard output, everything else to standard error.

Exit codes:
  0  done
  1  nothing found, or refused
  2  failed, also for a command that cannot be understood

Environment:
  HALLPASS_URL, HALLPASS_KEY        the service to talk to, and the API key to show it
  HALLPASS_STORE, HALLPASS_CONFIG   as --store and --config
  HALLPASS_REALM                    as --realm
  HALLPASS_LOG                      what is logged, such as `info` or `hallpass=debug`
  NO_COLOR                          no colour, as --color never
  TZ                                the zone that times are shown in";

/// What to do.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the session service
    Serve(Serve),
    /// List, show, count, watch and revoke sessions
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Sessions {
        #[command(flatten)]
        foreign: Foreign,
        #[command(subcommand)]
        command: SessionsCommand,
    },
    /// End sessions whose time is over, and forget those that ended long ago
    Sweep(Sweep),
    /// Look at a store: whether it answers, how fast, and what endangers sessions there
    Doctor(Doctor),
    /// Put a store under load, and say what it can do on this machine
    Bench(Bench),
    /// Create, list and revoke API keys; rotate and remove the keys that tokens are signed with
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// List, export and check the audit trail
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Audit {
        #[command(subcommand)]
        command: AuditCommand,
    },
    /// Look into a token
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Token {
        #[command(subcommand)]
        command: TokenCommand,
    },
    /// List, explain and check policies
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Policy {
        #[command(subcommand)]
        command: PolicyCommand,
    },
    /// Check the configuration
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Config {
        #[command(subcommand)]
        command: ConfigCommand,
    },
    /// Recommend a way of keeping sessions, and write its configuration
    Advise(Advise),
    /// Print the configuration of a proxy that asks the service whom to let in
    ProxyConfig(PrintProxyConfig),
    /// Print a completion script for a shell
    #[command(after_help = "\
Examples:
  hallpass completions bash > ~/.local/share/bash-completion/completions/hallpass
  hallpass completions zsh  > ~/.zfunc/_hallpass
  hallpass completions fish > ~/.config/fish/completions/hallpass.fish")]
    Completions {
        /// The shell
        shell: Shell,
    },
    /// Write the manual pages into a folder
    #[command(hide = true)]
    Man {
        /// The folder; it must exist
        folder: PathBuf,
    },
}

/// Which options `sweep` has.
#[derive(Debug, Args)]
#[command(after_help = "\
A service sweeps by itself. This is for a store that no service uses, or for a timer.

Examples:
  hallpass sweep
  hallpass sweep --store sqlite:/var/lib/hallpass/hallpass.db")]
pub(crate) struct Sweep {
    /// Stop after about this many sessions
    #[arg(long, value_name = "NUMBER")]
    pub(crate) limit: Option<std::num::NonZeroUsize>,
}

/// Which options `doctor` has.
#[derive(Debug, Args)]
#[command(after_help = "\
It looks at the store itself and changes nothing. It exits with 1 if something endangers sessions.

The questions of every day have a command each:
  is it up?             hallpass doctor
  who is here?          hallpass sessions list
  how long has one?     hallpass sessions ttl ID
  what happens?         hallpass sessions watch
  how many are there?   hallpass sessions count
  how many are over?    hallpass sessions count --state ended
  forget what is over   hallpass sweep

Examples:
  hallpass doctor --store redis://127.0.0.1
  hallpass doctor --store postgres://app@db/sessions --json | jq '.findings[] | select(.health == \"danger\")'")]
pub(crate) struct Doctor {
    /// Look at no more than about this many sessions
    #[arg(long, value_name = "NUMBER", default_value = "10000")]
    pub(crate) most: u64,
}

/// Which options `bench` has.
#[derive(Debug, Args)]
#[command(after_help = "\
It makes sessions in a realm of its own, and ends them all when it is done; they are forgotten with the next sweeps.
The load is real: look for another time, or another store, if somebody else uses this one.

Examples:
  hallpass bench --store redis://127.0.0.1
  hallpass bench --store sqlite:/tmp/try.db --clients 16 --seconds 5 --json")]
pub(crate) struct Bench {
    /// How many clients ask at once
    #[arg(long, value_name = "NUMBER", default_value = "64", value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub(crate) clients: u16,
    /// How many seconds each kind of request is measured
    #[arg(long, value_name = "NUMBER", default_value = "3", value_parser = clap::value_parser!(u16).range(1..=600))]
    pub(crate) seconds: u16,
}

/// What to do with the configuration.
#[derive(Debug, Subcommand)]
pub(crate) enum ConfigCommand {
    /// Read the configuration as `serve` would, and say what is wrong with it, by line
    #[command(after_help = "\
Examples:
  hallpass config check
  hallpass config check --config /etc/hallpass.toml

Exit code 1: something is wrong with it.")]
    Check,
}

/// Returns the command line as the parser knows it.
pub(crate) fn command() -> clap::Command {
    Cli::command()
}

/// Returns the words that the program was started with, as the parser is to see them.
pub(crate) fn words() -> Vec<OsString> {
    id::marked(std::env::args_os()).collect()
}
