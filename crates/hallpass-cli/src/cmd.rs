//! What the commands do: one file for each.

pub(crate) mod advise;
mod audit;
mod bench;
pub(crate) mod completions;
pub(crate) mod config;
mod count;
mod csv;
mod doctor;
mod explain;
mod foreign;
pub(crate) mod help;
mod interrupt;
mod keys;
mod list;
pub(crate) mod man;
pub(crate) mod policy;
pub(crate) mod proxy_config;
mod revoke;
mod serve;
mod show;
mod signing;
mod sweep;
mod token;
mod ttl;
mod verify;
mod watch;

use crate::args::{Command, SessionsCommand};
use crate::context::Context;
use crate::failure::{Ending, Failure};

/// Runs a command that waits for something.
pub(crate) async fn run(command: Command, context: &Context) -> Result<Ending, Failure> {
    match command {
        Command::Serve(serve) => serve::run(&serve, context).await,
        Command::Sessions { foreign, command } if foreign.dialect.is_some() => {
            foreign::run(&foreign, command, context).await
        }
        Command::Sessions { command, .. } => match command {
            SessionsCommand::List(list) => list::run(list, context).await,
            SessionsCommand::Show(show) => show::run(&show, context).await,
            SessionsCommand::Count(count) => count::run(count, context).await,
            SessionsCommand::Explain(explain) => explain::run(&explain, context).await,
            SessionsCommand::Ttl(ttl) => ttl::run(&ttl, context).await,
            SessionsCommand::Revoke(revoke) => revoke::run(revoke, context).await,
            SessionsCommand::Purge(_) => Err(foreign::unnamed()),
            SessionsCommand::Watch(watch) => watch::run(watch, context).await,
        },
        Command::Sweep(sweep) => sweep::run(&sweep, context).await,
        Command::Doctor(doctor) => doctor::run(&doctor, context).await,
        Command::Bench(bench) => bench::run(&bench, context).await,
        Command::Keys { command } => keys::run(command, context).await,
        Command::Audit { command } => audit::run(command, context).await,
        Command::Token { command } => token::run(&command, context),
        Command::Policy { command } => policy::run(&command, context),
        Command::Config { command } => config::run(&command, context),
        Command::Advise(advise) => advise::run(&advise, context),
        Command::ProxyConfig(print) => proxy_config::run(&print, context),
        Command::Completions { shell } => completions::run(shell),
        Command::Man { folder } => man::run(&folder, &context.output),
    }
}
