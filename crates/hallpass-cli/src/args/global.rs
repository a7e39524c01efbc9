use std::path::PathBuf;

use clap::{Args, ValueEnum};
use hallpass::Realm;

/// The options that every command has.
#[derive(Debug, Args)]
#[allow(clippy::struct_excessive_bools)] // each is an option that is given or not
#[allow(clippy::doc_markdown)] // shown as help, where backticks would be noise
#[command(next_help_heading = "Options of every command")]
pub(crate) struct Global {
    /// Talk to the service at this address, with the API key in HALLPASS_KEY
    #[arg(long, global = true, value_name = "URL", conflicts_with = "store")]
    pub(crate) url: Option<String>,
    /// Use the store itself, such as sqlite:hallpass.db or redis://localhost
    #[arg(long, global = true, value_name = "URL")]
    pub(crate) store: Option<String>,
    /// Read this file instead of hallpass.toml
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// The application whose sessions to use [default: default]
    #[arg(long, global = true, value_name = "NAME", env = "HALLPASS_REALM", hide_env = true)]
    pub(crate) realm: Option<Realm>,
    /// Write JSON, for programs
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Show times in UTC instead of the local zone
    #[arg(long, global = true)]
    pub(crate) utc: bool,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub(crate) color: Color,
    /// Say nothing but data and errors
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
    /// Say also why something failed, and log more
    #[arg(long, short, global = true, conflicts_with = "quiet")]
    pub(crate) verbose: bool,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    // Without help of their own, so that all help stays on one line per option.
    Auto,
    Always,
    Never,
}

impl From<Color> for anstream::ColorChoice {
    fn from(color: Color) -> Self {
        match color {
            Color::Auto => Self::Auto,
            Color::Always => Self::Always,
            Color::Never => Self::Never,
        }
    }
}
