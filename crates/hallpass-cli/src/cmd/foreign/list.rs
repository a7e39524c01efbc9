use std::num::NonZeroU64;

use super::{Here, Pages, Wanted};
use crate::args::List;
use crate::failure::{Ending, Failure};
use crate::output::{Columns, Output};
use crate::view::{FOREIGN_COLUMNS, ForeignView, foreign_row};

/// Writes the sessions that match, page by page as they come.
pub(super) async fn run(here: &Here<'_>, list: &List) -> Result<Ending, Failure> {
    let wanted = Wanted::new(&list.filter, &list.state)?;
    let most = list.limit.map_or(u64::MAX, NonZeroU64::get);
    let (output, now) = (&here.context.output, here.context.now());
    let mut table = table(here);
    let (mut count, mut has_more) = (0, false);
    if output.json {
        output.write("{\"items\":[")?;
    }
    let mut pages = Pages::new(here);
    while let Some(page) = pages.next().await?.filter(|_| !has_more) {
        let mut views: Vec<ForeignView> =
            page.iter().map(|found| here.view(found)).filter(|session| wanted.takes(session)).collect();
        let room = usize::try_from(most - count).unwrap_or(usize::MAX);
        has_more = views.len() > room;
        views.truncate(room);
        if output.json {
            for session in &views {
                output.write(if count == 0 { "\n" } else { ",\n" })?;
                let text = serde_json::to_string(session);
                output.write(&text.map_err(|error| Failure::new("a session is no JSON").because(error))?)?;
                count += 1;
            }
        } else if !views.is_empty() {
            count += views.len() as u64;
            let rows: Vec<_> = views.iter().map(|session| foreign_row(session, now)).collect();
            output.write(&table.piece(&rows))?;
        }
    }
    if output.json {
        output.data(format_args!("\n],\"more\":{has_more}}}"))?;
    } else if count == 0 {
        output.note("No session matches.");
    } else if has_more {
        output.note(format_args!("There are more than these {count}; --limit shows more."));
    }
    Ok(Ending::found(count > 0))
}

/// Returns the table for sessions; keys have a column only where they are shown.
pub(super) fn table(here: &Here<'_>) -> Columns {
    let columns = FOREIGN_COLUMNS.len() - usize::from(!here.shows_keys);
    Columns::new(&FOREIGN_COLUMNS[..columns], Output::width())
}
