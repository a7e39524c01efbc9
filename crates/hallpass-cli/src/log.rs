use std::env;

use anstream::ColorChoice;
use hallpass_server::Traces;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::args::{Cli, Command, Global};
use crate::output::{self, Output};

/// What says in the environment what is logged.
const VARIABLE: &str = "HALLPASS_LOG";

/// Lets what the libraries log be seen on standard error: of a service what happens, of other commands what is wrong.
pub(crate) fn listen(cli: &Cli, traces: Option<&Traces>) {
    let is_service = is_service(cli);
    let usual = match &cli.global {
        Global { verbose: true, .. } => "info,hallpass=debug,hallpass_server=debug,hallpass_sqlite=debug",
        Global { quiet: false, .. } if is_service => "info,hallpass_sqlite=warn",
        Global { quiet: false, .. } => "warn",
        Global { quiet: true, .. } => "error",
    };
    let filter = EnvFilter::try_from_env(VARIABLE).unwrap_or_else(|_| EnvFilter::new(usual));
    let log = tracing_subscriber::fmt::layer().with_writer(output::log).with_target(false);
    let is_colored = output::log_has_color(ColorChoice::from(cli.global.color));
    let log = if cli.global.json && is_service {
        log.json().flatten_event(true).boxed()
    } else {
        log.with_ansi(is_colored).boxed()
    };
    let traces = traces.map(Traces::layer);
    // Only main calls this, once; a second time would change nothing.
    let _ = tracing_subscriber::registry().with(log.with_filter(filter)).with(traces).try_init();
}

/// Starts sending a service's traces, if the environment asks for it; one that cannot send them does well without.
pub(crate) fn traces(cli: &Cli, output: &Output) -> Option<Traces> {
    let started = if is_service(cli) { Traces::from_environment(|name| env::var(name).ok()) } else { Ok(None) };
    started.unwrap_or_else(|error| {
        output.warn(format_args!("{error}; the service runs without traces"));
        None
    })
}

fn is_service(cli: &Cli) -> bool {
    matches!(cli.command, Some(Command::Serve(_)))
}
