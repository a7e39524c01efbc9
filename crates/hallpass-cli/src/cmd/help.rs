use crate::args;
use crate::failure::{Ending, Failure};
use crate::output::Output;

/// Says what there is, to somebody who asked for nothing.
pub(crate) fn run(output: &Output) -> Result<Ending, Failure> {
    output.write(&args::command().render_help().ansi().to_string())?;
    Ok(Ending::Done)
}
