use std::path::PathBuf;

use clap::{Args, Subcommand};

/// What to do with a token.
#[derive(Debug, Subcommand)]
pub(crate) enum TokenCommand {
    /// Say what a token says of itself: one of ours, or any JWT
    Inspect(Inspect),
}

/// Which options `token inspect` has.
#[derive(Debug, Args)]
#[command(after_help = "\
The token is read from standard input, since what is typed on a command line stays in its history. Nothing secret is
shown: of a reference its session, of a JWT what everybody can read in it, of a sealed session its key.

Without --verify nothing of it is believed. With --verify a JWT is judged as a service would judge it, and the rule is
named that it breaks. Whether its session has ended meanwhile, only the service knows: hallpass sessions show ID

Examples:
  hallpass token inspect < token.txt
  pbpaste | hallpass token inspect --json | jq .claims
  curl -s https://login.example/.well-known/jwks.json > jwks.json
  hallpass token inspect --verify --jwks jwks.json --issuer https://login.example --audience https://api.example

Exit code 1: it is no token that can be read, or --verify finds it bad.")]
pub(crate) struct Inspect {
    /// Judge a JWT, and name the rule that it breaks
    #[arg(long, requires_all = ["issuer", "audience"])]
    pub(crate) verify: bool,
    /// The key set to verify with, as `/.well-known/jwks.json` gives it
    #[arg(long, value_name = "FILE", conflicts_with = "secret_file")]
    pub(crate) jwks: Option<PathBuf>,
    /// The secret to verify HS256 with: 32 or more bytes
    #[arg(long, value_name = "FILE")]
    pub(crate) secret_file: Option<PathBuf>,
    /// Who is to have issued it
    #[arg(long, value_name = "URL")]
    pub(crate) issuer: Option<String>,
    /// Whom it is to be for
    #[arg(long, value_name = "URL")]
    pub(crate) audience: Option<String>,
}
