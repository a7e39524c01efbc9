use std::collections::BTreeMap;

use super::{Here, Pages, Wanted};
use crate::args::{Count, CountBy};
use crate::cmd::count::write;
use crate::failure::{Ending, Failure};

/// Writes how many sessions match, apart by what was asked for.
pub(super) async fn run(here: &Here<'_>, count: &Count) -> Result<Ending, Failure> {
    let wanted = Wanted::new(&count.filter, &count.state)?;
    if !matches!(count.by, CountBy::State | CountBy::Subject) {
        return Err(Failure::new("sessions of other frameworks are counted by state or subject"));
    }
    let output = &here.context.output;
    let progress = output.progress("counting", None);
    let (mut counts, mut total) = (BTreeMap::<String, u64>::new(), 0);
    let mut pages = Pages::new(here);
    while let Some(page) = pages.next().await? {
        for session in page.iter().map(|found| here.view(found)).filter(|session| wanted.takes(session)) {
            let kind = match count.by {
                CountBy::Subject => session.subject.unwrap_or_default(),
                _ => session.state.to_owned(),
            };
            *counts.entry(kind).or_default() += 1;
            total += 1;
        }
        progress.reached(total);
    }
    drop(progress);
    write(count.by, &counts, total, output)?;
    Ok(Ending::Done)
}
