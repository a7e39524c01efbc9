use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, Subcommand};
use hallpass_server::Preset;

/// What to do with policies.
#[derive(Debug, Subcommand)]
pub(crate) enum PolicyCommand {
    /// List the presets
    #[command(after_help = "\
A preset is the policy that a standard asks for. `profile` in hallpass.toml, HALLPASS_PROFILE or
`serve --profile` chooses the one of sessions that name no profile.

Examples:
  hallpass policy list
  hallpass policy list --json | jq -r '.items[].preset'")]
    List,
    /// Show the policies that are in force here, by profile
    #[command(after_help = "\
It reads hallpass.toml and HALLPASS_* variables as `serve` would.

Examples:
  hallpass policy show
  hallpass policy show --config /etc/hallpass.toml --json | jq '.items[0].idle'")]
    Show,
    /// Say of each value why it is asked for, by which source, and what is here in its place
    #[command(after_help = "\
Strengths are the words of the standards: shall is required, should is recommended. A judgement
is our own, where the standard has no number.

Examples:
  hallpass policy explain
  hallpass policy explain pci-dss")]
    Explain(Explain),
    /// Say where the policies here are less strict than their presets
    #[command(after_help = "\
`deviation` in [policy] or [profiles.NAME] of hallpass.toml says why, and is printed with it.

Examples:
  hallpass policy check
  HALLPASS_PROFILE=nist-aal2 hallpass policy check --json | jq .keeps

Exit code 1: something breaks what the standard requires, a \"shall\".")]
    Check,
}

/// Which options `policy explain` has.
#[derive(Debug, Args)]
pub(crate) struct Explain {
    /// The preset [default: those in use here]
    #[arg(value_parser = preset())]
    pub(crate) preset: Option<Preset>,
}

fn preset() -> impl TypedValueParser<Value = Preset> {
    let named = |word: String| Preset::ALL.into_iter().find(|preset| preset.as_str() == word).ok_or("no preset");
    PossibleValuesParser::new(Preset::ALL.map(Preset::as_str)).try_map(named)
}
