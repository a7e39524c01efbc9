use std::collections::BTreeMap;

use serde::Serialize;

use crate::args::{Count, CountBy};
use crate::backend::Ask;
use crate::context::Context;
use crate::failure::{Ending, Failure};
use crate::output::{Cell, Column, Columns, Output, visible};
use crate::view::SessionView;

/// How many sessions there are, in all and of each kind.
#[derive(Serialize)]
struct Tally<'a> {
    total: u64,
    by: &'static str,
    counts: &'a BTreeMap<String, u64>,
}

/// Writes how many sessions match, apart by what was asked for.
pub(crate) async fn run(count: Count, context: &Context) -> Result<Ending, Failure> {
    let backend = context.backend().await?;
    let ask = Ask { filter: count.filter, states: count.state };
    let progress = context.output.progress("counting", None);
    let (mut counts, mut total) = (BTreeMap::new(), 0);
    let mut after: Option<String> = None;
    loop {
        let part = backend.sessions(&ask, after.as_deref()).await?;
        for session in &part.items {
            *counts.entry(kind(session, count.by)).or_default() += 1;
            total += 1;
        }
        progress.reached(total);
        after = part.next;
        if after.is_none() {
            break;
        }
    }
    drop(progress);
    write(count.by, &counts, total, &context.output)?;
    Ok(Ending::Done)
}

fn kind(session: &SessionView, by: CountBy) -> String {
    match by {
        CountBy::State => session.state.clone(),
        CountBy::Subject => session.subject.as_ref().map_or_else(String::new, ToString::to_string),
        CountBy::Profile => session.profile.to_string(),
        CountBy::Level => session.level.to_string(),
        CountBy::Reason => session.reason().unwrap_or_default().to_owned(),
    }
}

pub(super) fn write(by: CountBy, counts: &BTreeMap<String, u64>, total: u64, output: &Output) -> Result<(), Failure> {
    let (word, title) = match by {
        CountBy::State => ("state", "STATE"),
        CountBy::Subject => ("subject", "SUBJECT"),
        CountBy::Profile => ("profile", "PROFILE"),
        CountBy::Level => ("level", "LEVEL"),
        CountBy::Reason => ("reason", "REASON"),
    };
    if output.json {
        return output.document(&Tally { total, by: word, counts });
    }
    let mut sorted: Vec<_> = counts.iter().collect();
    sorted.sort_by(|(a, x), (b, y)| y.cmp(x).then(a.cmp(b)));
    let columns = [Column::new(title).least(8), Column::new("SESSIONS")];
    let row = |name: &str, number: u64| {
        vec![Cell::or_dash(Some(visible(name)).filter(|name| !name.is_empty())), number.to_string().into()]
    };
    let mut rows: Vec<_> = sorted.into_iter().map(|(name, number)| row(name, *number)).collect();
    rows.push(row("total", total));
    output.write(&Columns::new(columns, Output::width()).piece(&rows))
}
