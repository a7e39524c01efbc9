use anstream::ColorChoice;
use tracing_subscriber::EnvFilter;

use crate::args::{Cli, Command, Global};
use crate::output;

/// What says in the environment what is logged.
const VARIABLE: &str = "HALLPASS_LOG";

/// Lets what the libraries log be seen on standard error: of a service what happens, of other commands what is wrong.
pub(crate) fn listen(cli: &Cli) {
    let is_service = matches!(cli.command, Some(Command::Serve(_)));
    let usual = match &cli.global {
        Global { verbose: true, .. } => "info,hallpass=debug,hallpass_server=debug,hallpass_sqlite=debug",
        Global { quiet: false, .. } if is_service => "info,hallpass_sqlite=warn",
        Global { quiet: false, .. } => "warn",
        Global { quiet: true, .. } => "error",
    };
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(usual));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(output::log).with_target(false);
    let is_colored = output::log_has_color(ColorChoice::from(cli.global.color));
    // Only main calls this, once; a second time would change nothing.
    let _ = if cli.global.json && is_service {
        log.json().flatten_event(true).try_init()
    } else {
        log.with_ansi(is_colored).try_init()
    };
}
