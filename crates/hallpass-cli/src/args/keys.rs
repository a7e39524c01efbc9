use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use hallpass::Note;
use hallpass_server::keys::{KeyName, Role};

/// What to do with keys: those that prove who calls, and those that tokens are signed with.
#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make an API key and print it, this once
    #[command(after_help = "\
Roles:
  app       create, verify and renew sessions, and read and write their data
  viewer    look at sessions
  operator  the same, and revoke them
  auditor   look at sessions and events
  admin     everything, keys included

Examples:
  hallpass keys create shop --role app
  HALLPASS_KEY=$(hallpass keys create me --role operator)
  hallpass keys create billing --role viewer --realm shop --json | jq -r .key")]
    Create {
        /// What to call it; events tell who did something by this name
        #[arg(value_parser = KeyName::new)]
        name: KeyName,
        /// What it may do
        #[arg(long, value_parser = role())]
        role: Role,
    },
    /// List the API keys; never what they are
    List,
    /// Take an API key away, at once
    Revoke {
        /// Its id, or its name if no other has that
        #[arg(allow_hyphen_values = true)]
        key: String,
        /// Do not ask
        #[arg(long, short)]
        yes: bool,
    },
    /// Make the next signing key: nobody is logged out
    Rotate(RotateKey),
    /// List, retire and remove the keys that tokens are signed or sealed with
    #[command(subcommand_required = true, arg_required_else_help = true)]
    Signing {
        #[command(subcommand)]
        command: SigningCommand,
    },
}

/// What to do with the keys that tokens are signed or sealed with.
#[derive(Debug, Subcommand)]
pub(crate) enum SigningCommand {
    /// List the signing keys, with what each does now; never what they are
    List,
    /// Have a signing key sign no more once another can: nobody is logged out
    Retire(RetireKey),
    /// Take a stolen signing key away, with every token under it
    Remove(RemoveKey),
    /// The same as `hallpass keys rotate`
    #[command(hide = true)]
    Rotate(RotateKey),
}

/// Which options `keys rotate` has.
#[derive(Debug, Args)]
#[command(after_help = "\
The next key is published at once. It signs as soon as everybody who verifies tokens can know it, and the present one
verifies what it has signed until the last of that is over. A service does this by itself, every `key_rotation` seconds.

Examples:
  hallpass keys rotate
  hallpass keys rotate --reason 'somebody left the team' --json | jq -r .signs_from")]
pub(crate) struct RotateKey {
    /// What to write down about it
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<Note>,
}

/// Which options `keys signing retire` has.
#[derive(Debug, Args)]
#[command(after_help = "\
As `hallpass keys rotate`, for a key by its name: repeated, it changes nothing.

Examples:
  hallpass keys signing retire kPrK_qmxVWaYVA9w")]
pub(crate) struct RetireKey {
    /// Its name: the `kid` of tokens
    #[arg(allow_hyphen_values = true)]
    pub(crate) key: String,
    /// What to write down about it
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<Note>,
}

/// Which options `keys signing remove` has.
#[derive(Debug, Args)]
#[command(after_help = "\
For an emergency: somebody else has the key. To change a key in peace, use `hallpass keys rotate`.

Every node of the service refuses what is under the key within 4 seconds, or answers that it cannot tell. Sessions that a
store keeps go on with their refresh tokens; sessions that their clients carry are logged out. Who verifies by the
published keys refuses it when they read those again: `published_effective_at`.

Examples:
  hallpass keys signing remove kPrK_qmxVWaYVA9w --reason 'backup was stolen'
  hallpass keys signing remove kPrK_qmxVWaYVA9w --reason 'backup was stolen' --yes --json")]
pub(crate) struct RemoveKey {
    /// Its name: the `kid` of tokens
    #[arg(allow_hyphen_values = true)]
    pub(crate) key: String,
    /// What to write down about it
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Note,
    /// Do not ask
    #[arg(long, short)]
    pub(crate) yes: bool,
}

fn role() -> impl TypedValueParser<Value = Role> {
    PossibleValuesParser::new(Role::ALL.map(Role::as_str)).try_map(|word| word.parse::<Role>())
}
