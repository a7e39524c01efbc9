use super::show::unknown;
use crate::args::Explain;
use crate::context::Context;
use crate::failure::{Ending, Failure};
use crate::output::{Columns, Output, visible};
use crate::view::{TIMELINE_COLUMNS, timeline_row};

/// Says why a session ended, or what would end it, and shows what happened to it.
pub(crate) async fn run(explain: &Explain, context: &Context) -> Result<Ending, Failure> {
    let backend = context.backend().await?;
    let explained = backend.explain(&explain.id).await?.ok_or_else(|| unknown(&explain.id))?;
    let output = &context.output;
    if output.json {
        output.document(&explained)?;
        return Ok(Ending::Done);
    }
    output.data(visible(&explained.explanation))?;
    if !explained.items.is_empty() {
        let rows: Vec<_> = explained.items.iter().map(|event| timeline_row(event, &output.zone)).collect();
        output.data("")?;
        output.write(&Columns::new(TIMELINE_COLUMNS, Output::width()).piece(&rows))?;
    }
    Ok(Ending::Done)
}
