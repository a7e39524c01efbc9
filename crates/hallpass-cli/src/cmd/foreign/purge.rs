use std::num::NonZeroU64;
use std::time::Duration;

use serde::Serialize;
use tokio::time::sleep;

use super::{Here, Pages};
use crate::args::Purge;
use crate::failure::{Ending, Failure};

/// Between two batches, so that whoever else writes gets to it.
const REST: Duration = Duration::from_millis(50);

/// What was forgotten, or would be.
#[derive(Serialize)]
struct Done {
    dry_run: bool,
    purged: u64,
    complete: bool,
}

/// Forgets sessions whose time is over, batch by batch.
pub(super) async fn run(here: &Here<'_>, purge: &Purge) -> Result<Ending, Failure> {
    let output = &here.context.output;
    let progress = output.progress("purging", None);
    let most = purge.limit.map_or(u64::MAX, NonZeroU64::get);
    let (mut purged, mut complete) = (0, purge.dry_run);
    if purge.dry_run {
        let mut pages = Pages::new(here);
        while let Some(page) = pages.next().await? {
            purged += page.iter().filter(|found| here.view(found).state == "ended").count() as u64;
            progress.reached(purged);
        }
    }
    while !complete && purged < most {
        let batch = usize::try_from(most - purged).unwrap_or(usize::MAX).min(purge.batch.get());
        let gone = here.home.sweep(batch, here.now_ms()).await?;
        purged += gone as u64;
        complete = gone < batch;
        progress.reached(purged);
        if !complete {
            sleep(REST).await;
        }
    }
    drop(progress);
    if output.json {
        output.document(&Done { dry_run: purge.dry_run, purged, complete })?;
    } else {
        let sessions = if purged == 1 { "session" } else { "sessions" };
        let verb = if purge.dry_run { "are over" } else { "purged" };
        output.data(format_args!("{purged} {sessions} {verb}"))?;
        if !complete {
            output.note("There may be more; run it again.");
        }
    }
    Ok(Ending::Done)
}
