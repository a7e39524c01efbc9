use std::path::Path;

use crate::args;
use crate::failure::{Ending, Failure};
use crate::output::Output;

/// Writes a manual page for each command into a folder.
pub(crate) fn run(folder: &Path, output: &Output) -> Result<Ending, Failure> {
    clap_mangen::generate_to(args::command(), folder).map_err(|error| {
        Failure::new(format!("the manual pages cannot be written into {}: {error}", folder.display()))
            .hint("the folder must exist")
    })?;
    output.note(format_args!("The manual pages are in {}; try: man {}/hallpass.1", folder.display(), folder.display()));
    Ok(Ending::Done)
}
