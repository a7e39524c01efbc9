//! Runs many sessions over a bad network, and says what came up.

use std::error::Error;
use std::io::{Write, stdout};
use std::process::ExitCode;

use hallpass_model::fleet::{Fleet, Plan};

const USAGE: &str = "\
usage: simulate [--requests N] [--seed N] [--sessions N] [--thieves N] [--slowest SECONDS]

--slowest is how long a packet can stall: with more than 150 honest sessions end.
--thieves is how many of the sessions have a second holder.
";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Some(plan) = plan(std::env::args().skip(1))? else {
        stdout().write_all(USAGE.as_bytes())?;
        return Ok(ExitCode::SUCCESS);
    };
    writeln!(stdout(), "{:<44}{:>12}", "seed", plan.seed)?;
    let report = Fleet::run(plan);
    write!(stdout(), "{report}")?;
    Ok(if report.false_replays == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Reads the plan, or nothing where help is asked for.
fn plan(mut args: impl Iterator<Item = String>) -> Result<Option<Plan>, Box<dyn Error>> {
    let mut plan = Plan::default();
    while let Some(flag) = args.next() {
        if flag == "--help" {
            return Ok(None);
        }
        let value = args.next().ok_or_else(|| format!("{flag} needs a value"))?;
        let number: u64 = value.parse().map_err(|error| format!("{flag} {value}: {error}"))?;
        match flag.as_str() {
            "--requests" => plan.requests = number,
            "--seed" => plan.seed = number,
            "--sessions" => plan.sessions = usize::try_from(number)?,
            "--thieves" => plan.thieves = usize::try_from(number)?,
            "--slowest" => {
                plan.slowest_request = number * 1000;
                plan.slowest_answer = number * 1000;
            }
            _ => return Err(format!("{flag} is not a flag\n{USAGE}").into()),
        }
    }
    Ok(Some(plan))
}
