//! Walks through every world, and says how large each is.

use std::error::Error;
use std::io::{Write, stdout};
use std::process::ExitCode;
use std::time::Instant;

use hallpass_model::tabs::Tabs;
use hallpass_model::{World, worlds};
use stateright::{Checker, Expectation, Model};

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let only = std::env::args().nth(1);
    let mut broken = 0;
    writeln!(stdout(), "| world | states | transitions | depth | seconds |\n| --- | ---: | ---: | ---: | ---: |")?;
    for (name, bounds) in worlds::all() {
        if only.as_ref().is_none_or(|only| only == name) {
            broken += check(name, World::new(bounds))?;
        }
    }
    if only.is_none() {
        broken += check("64 tabs", Tabs::new(64, None))?;
    }
    Ok(if broken == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Checks one model; answers how many of its properties are not as they should be.
fn check<M>(name: &str, model: M) -> Result<usize, Box<dyn Error>>
where
    M: Model + Send + Sync + 'static,
    M::State: std::hash::Hash + Clone + PartialEq + Send + Sync + 'static,
    M::Action: Clone + PartialEq + std::fmt::Debug,
{
    let started = Instant::now();
    let checker = model.checker().spawn_bfs().join();
    let (states, transitions) = (checker.unique_state_count(), checker.state_count());
    let (depth, seconds) = (checker.max_depth(), started.elapsed().as_secs_f32());
    writeln!(stdout(), "| {name} | {states} | {transitions} | {depth} | {seconds:.1} |")?;
    let mut discoveries = checker.discoveries();
    let mut broken = 0;
    for property in checker.model().properties() {
        let found = discoveries.remove(property.name);
        if found.is_some() == (property.expectation == Expectation::Always) {
            broken += 1;
            writeln!(stdout(), "\nNOT SO: {}", property.name)?;
            for action in found.into_iter().flat_map(stateright::Path::into_actions) {
                writeln!(stdout(), "    {action:?}")?;
            }
        }
    }
    Ok(broken)
}
