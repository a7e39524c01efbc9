use clap_complete::Shell;

use crate::args;
use crate::failure::{Ending, Failure};
use crate::output::Output;

/// Prints what a shell needs to complete the commands.
pub(crate) fn run(shell: Shell) -> Result<Ending, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut args::command(), "hallpass", &mut script);
    Output::bytes(&script)?;
    Ok(Ending::Done)
}
