use hallpass_foreign::{Credential, Found};
use serde::Serialize;

use super::list::table;
use super::{Here, Pages, Wanted};
use crate::args::{Revoke, State};
use crate::failure::{Ending, Failure};
use crate::output::Output;
use crate::view::{ForeignView, foreign_row};

/// How many of the sessions that are to end are shown before asking.
const SHOWN: usize = 10;

/// What a revocation did, or would do.
#[derive(Serialize)]
struct Done {
    dry_run: bool,
    matched: usize,
    revoked: u64,
    sample: Vec<String>,
}

/// The sessions that are to end, and how the first of them look.
#[derive(Default)]
struct Met {
    credentials: Vec<Credential>,
    first: Vec<ForeignView>,
}

impl Met {
    fn add(&mut self, here: &Here<'_>, found: Found) {
        if self.first.len() < SHOWN {
            self.first.push(here.view(&found));
        }
        self.credentials.push(found.credential);
    }

    fn len(&self) -> usize {
        self.credentials.len()
    }
}

/// Ends sessions as their framework does, after asking if they are several.
pub(super) async fn run(here: &Here<'_>, revoke: &Revoke) -> Result<Ending, Failure> {
    if revoke.except.is_some() {
        return Err(Failure::new("--except is for sessions of hallpass"));
    }
    let met = meet(here, revoke).await?;
    let output = &here.context.output;
    let sample: Vec<String> = met.first.iter().map(|session| session.id.clone()).collect();
    if met.len() > 1 && !revoke.yes && !revoke.dry_run {
        if !Output::can_ask() {
            return Err(Failure::refused(format!("{} sessions would end, and there is nobody to ask", met.len()))
                .hint("--yes does not ask, --dry-run shows which"));
        }
        output.note(shown(here, &met));
        if !output.ask(format_args!("Revoke {} sessions?", met.len()))? {
            return Err(Failure::refused("nothing was revoked"));
        }
    }
    let mut revoked = 0;
    if !revoke.dry_run {
        let progress = output.progress("revoking", Some(met.len() as u64));
        for (done, credential) in (1..).zip(&met.credentials) {
            revoked += u64::from(here.home.revoke(credential, here.now_ms()).await?);
            progress.reached(done);
        }
    }
    let sessions = |count: u64| if count == 1 { "1 session".to_owned() } else { format!("{count} sessions") };
    if output.json {
        output.document(&Done { dry_run: revoke.dry_run, matched: met.len(), revoked, sample })?;
    } else if revoke.dry_run && met.len() > 0 {
        output.write(&shown(here, &met))?;
        output.data(format_args!("{} would be revoked", sessions(met.len() as u64)))?;
    } else {
        output.data(format_args!("{} revoked", sessions(revoked)))?;
    }
    Ok(Ending::found(met.len() > 0))
}

async fn meet(here: &Here<'_>, revoke: &Revoke) -> Result<Met, Failure> {
    let mut met = Met::default();
    for name in &revoke.ids {
        met.add(here, here.find(name).await?);
    }
    if revoke.ids.is_empty() {
        let wanted = Wanted::new(&revoke.filter, &[State::Active])?;
        let mut pages = Pages::new(here);
        while let Some(page) = pages.next().await? {
            page.into_iter().filter(|found| wanted.takes(&here.view(found))).for_each(|found| met.add(here, found));
        }
    }
    Ok(met)
}

fn shown(here: &Here<'_>, met: &Met) -> String {
    let now = here.context.now();
    let rows: Vec<_> = met.first.iter().map(|session| foreign_row(session, now)).collect();
    let text = table(here).piece(&rows);
    match met.len() - rows.len() {
        0 => text,
        more => format!("{text}and {more} more\n"),
    }
}
