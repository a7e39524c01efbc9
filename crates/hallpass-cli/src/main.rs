//! The program `hallpass`: the session service, and an operator's commands.

mod args;
mod backend;
mod cmd;
mod context;
mod failure;
mod log;
mod output;
mod usage;
mod view;

use std::process::ExitCode;

use clap::FromArgMatches as _;
use hallpass_server::Traces;

use crate::args::{Cli, Command};
use crate::context::Context;
use crate::failure::{Ending, Failure};
use crate::output::Output;

/// With the system's, a fifth of what a question takes goes to memory.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let words = args::words();
    let parsed = args::command().try_get_matches_from(&words);
    let cli = match parsed.and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli,
        Err(error) => return usage::explain(&error, &words),
    };
    let output = Output::new(&cli.global);
    let traces = log::traces(&cli, &output);
    log::listen(&cli, traces.as_ref());
    match run(cli, &output, traces) {
        Ok(ending) => ExitCode::from(ending.code()),
        Err(failure) => {
            output.failure(&failure);
            ExitCode::from(failure.code())
        }
    }
}

fn run(cli: Cli, output: &Output, traces: Option<Traces>) -> Result<Ending, Failure> {
    let Some(command) = cli.command else { return cmd::help::run(output) };
    let context = Context::new(cli.global, output.clone(), traces);
    match command {
        Command::Completions { shell } => cmd::completions::run(shell),
        Command::Man { folder } => cmd::man::run(&folder, output),
        Command::Policy { command } => cmd::policy::run(&command, &context),
        Command::Config { command } => cmd::config::run(&command, &context),
        Command::Advise(advise) => cmd::advise::run(&advise, &context),
        Command::ProxyConfig(print) => cmd::proxy_config::run(&print, &context),
        command => {
            let runtime = tokio::runtime::Runtime::new()
                .map_err(|error| Failure::new("the program's threads cannot be started").because(error))?;
            let ended = runtime.block_on(cmd::run(command, &context));
            // A read of the terminal that still waits must not keep the process.
            runtime.shutdown_background();
            ended
        }
    }
}
