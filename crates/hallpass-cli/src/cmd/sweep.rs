use std::num::NonZeroUsize;

use serde::Serialize;

use crate::args::Sweep;
use crate::context::Context;
use crate::failure::{Ending, Failure};

/// How much one round ends and forgets at the most, so that a service in use hardly notices.
const ROUND: NonZeroUsize = NonZeroUsize::new(500).expect("not zero");

/// What a sweep did.
#[derive(Debug, Default, Serialize)]
struct Done {
    expired: u64,
    forgotten: u64,
    complete: bool,
}

/// Ends what is over and forgets what ended long ago, in rounds.
pub(crate) async fn run(sweep: &Sweep, context: &Context) -> Result<Ending, Failure> {
    let backend = context.backend().await?;
    let output = &context.output;
    let progress = output.progress("sweeping", None);
    let limit = sweep.limit.map_or(u64::MAX, |limit| limit.get() as u64);
    let mut done = Done::default();
    while done.expired + done.forgotten < limit {
        let left = usize::try_from(limit - done.expired - done.forgotten).unwrap_or(usize::MAX);
        let round = NonZeroUsize::new(left).map_or(ROUND, |left| left.min(ROUND));
        let swept = backend.sweep(round).await?;
        done.expired += swept.expired as u64;
        done.forgotten += swept.forgotten as u64;
        progress.reached(done.expired + done.forgotten);
        if swept.expired < round.get() && swept.forgotten < round.get() {
            done.complete = true;
            break;
        }
    }
    drop(progress);
    if output.json {
        output.document(&done)?;
    } else {
        output.data(format_args!("{} expired, {} forgotten", done.expired, done.forgotten))?;
        if !done.complete {
            output.note("There may be more; run it again.");
        }
    }
    Ok(Ending::Done)
}
