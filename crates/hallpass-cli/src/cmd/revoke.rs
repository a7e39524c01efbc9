use std::sync::atomic::{AtomicU64, Ordering};

use hallpass::SessionId;
use serde::Serialize;

use super::interrupt::Interrupt;
use super::show::unknown;
use crate::args::{Filter, Name, Revoke, State};
use crate::backend::{Ask, Backend, Reached};
use crate::context::Context;
use crate::failure::{Ending, Failure};
use crate::output::{Columns, Output};
use crate::view::{SESSION_COLUMNS, SessionView, session_row};

/// How many of the sessions that are to end are shown before asking.
const SHOWN: usize = 10;

/// What a revocation did, or would do.
#[derive(Debug, Serialize)]
struct Done {
    dry_run: bool,
    matched: u64,
    revoked: u64,
    sample: Vec<SessionId>,
}

/// Ends sessions, after asking if they are several.
pub(crate) async fn run(revoke: Revoke, context: &Context) -> Result<Ending, Failure> {
    let ids: Vec<SessionId> = revoke.ids.iter().map(Name::own).collect::<Result<_, _>>()?;
    let backend = context.backend().await?;
    let plan = Plan { revoke, ids, backend: &*backend, context };
    match plan.ids.as_slice() {
        [] => plan.matching().await,
        [id] if !plan.revoke.dry_run => plan.one(id).await,
        _ => plan.named().await,
    }
}

/// A revocation on its way.
struct Plan<'a> {
    revoke: Revoke,
    ids: Vec<SessionId>,
    backend: &'a dyn Backend,
    context: &'a Context,
}

/// The sessions that a revocation meets.
#[derive(Default)]
struct Met {
    count: u64,
    first: Vec<SessionView>,
}

impl Met {
    fn add(&mut self, session: SessionView) {
        self.count += 1;
        if self.first.len() < SHOWN {
            self.first.push(session);
        }
    }
}

impl Plan<'_> {
    async fn one(&self, id: &SessionId) -> Result<Ending, Failure> {
        let was_usable = self.backend.revoke(id, &self.revoke.reason).await?.ok_or_else(|| unknown(id))?;
        if !was_usable {
            self.output().note("It had ended already.");
        }
        self.tell(u64::from(was_usable), u64::from(was_usable), vec![*id])?;
        Ok(Ending::Done)
    }

    async fn named(&self) -> Result<Ending, Failure> {
        let mut met = Met::default();
        let mut living = Vec::new();
        let mut unknown = 0;
        for id in &self.ids {
            match self.backend.session(id).await? {
                Some(session) if session.is_ended() => self.output().note(format_args!("{id} has ended already.")),
                Some(session) => {
                    living.push(session.id);
                    met.add(session);
                }
                None => {
                    unknown += 1;
                    self.output().warn(format_args!("there is no session {id}"));
                }
            }
        }
        let sample = ids(&met);
        if !self.revoke.dry_run && !living.is_empty() {
            self.confirm(&met)?;
            self.end_named(&living, sample).await?;
        } else {
            self.preview(&met, sample)?;
        }
        Ok(Ending::found(unknown == 0))
    }

    async fn end_named(&self, living: &[SessionId], sample: Vec<SessionId>) -> Result<(), Failure> {
        let total = living.len() as u64;
        let interrupt = Interrupt::listen()?;
        let progress = self.output().progress("revoking", Some(total));
        let (tried, revoked) = (AtomicU64::new(0), AtomicU64::new(0));
        let work = async {
            for id in living {
                let was_usable = self.backend.revoke(id, &self.revoke.reason).await?.unwrap_or_default();
                revoked.fetch_add(was_usable.into(), Ordering::Relaxed);
                progress.reached(tried.fetch_add(1, Ordering::Relaxed) + 1);
            }
            Ok(())
        };
        let ended = interrupt.or(work).await;
        drop(progress);
        let revoked = revoked.into_inner();
        self.whole(ended, revoked, total)?;
        self.tell(total, revoked, sample)
    }

    async fn matching(&self) -> Result<Ending, Failure> {
        let met = self.meet().await?;
        let sample = ids(&met);
        if met.count == 0 {
            self.output().note("No session to revoke was found.");
            self.tell(0, 0, sample)?;
            return Ok(Ending::Nothing);
        }
        if self.revoke.dry_run {
            self.preview(&met, sample)?;
            return Ok(Ending::Done);
        }
        self.confirm(&met)?;
        let revoked =
            if self.is_by_subject() { self.end_of_subject().await? } else { self.end_matching(met.count).await? };
        self.tell(met.count.max(revoked), revoked, sample)?;
        Ok(Ending::Done)
    }

    /// Finds what is to end: everything usable that matches.
    async fn meet(&self) -> Result<Met, Failure> {
        let ask = Ask { filter: self.revoke.filter.clone(), states: vec![State::Active, State::Locked] };
        let progress = self.output().progress("looking", None);
        let mut met = Met::default();
        let mut after: Option<String> = None;
        loop {
            let part = self.backend.sessions(&ask, after.as_deref()).await?;
            part.items
                .into_iter()
                .filter(|session| Some(session.id) != self.revoke.except)
                .for_each(|session| met.add(session));
            progress.reached(met.count);
            after = part.next;
            if after.is_none() {
                return Ok(met);
            }
        }
    }

    /// Tells whether all of a subject's sessions are meant, which also ends what is not listed: self-contained tokens.
    fn is_by_subject(&self) -> bool {
        Filter { subject: None, ..self.revoke.filter.clone() }.is_empty() && self.revoke.filter.subject.is_some()
    }

    async fn end_of_subject(&self) -> Result<u64, Failure> {
        let Revoke { filter, except, reason, .. } = &self.revoke;
        let Some(subject) = &filter.subject else { return Ok(0) };
        self.backend.revoke_subject(subject, except.as_ref(), reason).await
    }

    async fn end_matching(&self, total: u64) -> Result<u64, Failure> {
        let interrupt = Interrupt::listen()?;
        let progress = self.output().progress("revoking", Some(total));
        let reached = AtomicU64::new(0);
        let mut tell = |so_far: Reached| {
            reached.store(so_far.revoked, Ordering::Relaxed);
            // Sessions that were made meanwhile match too.
            progress.total(total.max(so_far.matched));
            progress.reached(so_far.matched);
        };
        let work = self.backend.revoke_matching(&self.revoke.filter, &self.revoke.reason, &mut tell);
        let ended = interrupt.or(work).await;
        drop(progress);
        let reached = reached.into_inner();
        let revoked = ended.as_ref().ok().and_then(|done| *done).map_or(reached, |done| done.revoked);
        self.whole(ended, revoked, total)?;
        Ok(revoked)
    }

    /// Says how far it got, unless it got to the end.
    fn whole<T>(&self, ended: Result<Option<T>, Failure>, revoked: u64, total: u64) -> Result<(), Failure> {
        let again = "repeat the command to revoke the rest: what has ended stays so";
        match ended {
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(Failure::new(format!("interrupted after {revoked} of {total} sessions")).hint(again)),
            Err(failure) => {
                self.output().note(format_args!("{revoked} of {total} sessions were revoked before that; {again}."));
                Err(failure)
            }
        }
    }

    fn confirm(&self, met: &Met) -> Result<(), Failure> {
        if met.count <= 1 || self.revoke.yes {
            return Ok(());
        }
        if !Output::can_ask() {
            return Err(Failure::refused(format!("{} sessions would end, and there is nobody to ask", met.count))
                .hint("--yes does not ask, --dry-run shows which"));
        }
        self.output().note(self.table(met));
        let whose = self.revoke.filter.subject.as_ref().filter(|_| self.is_by_subject());
        let whose = whose.map(|subject| format!(" of {subject}")).unwrap_or_default();
        let is_meant = self.output().ask(format_args!("Revoke {} sessions{whose}?", met.count))?;
        if is_meant { Ok(()) } else { Err(Failure::refused("nothing was revoked")) }
    }

    fn preview(&self, met: &Met, sample: Vec<SessionId>) -> Result<(), Failure> {
        if !self.output().json && met.count > 0 {
            self.output().write(&self.table(met))?;
            self.output().data(format_args!("{} would be revoked", sessions(met.count)))?;
            return Ok(());
        }
        self.tell(met.count, 0, sample)
    }

    fn table(&self, met: &Met) -> String {
        let now = self.context.now();
        let rows: Vec<_> = met.first.iter().map(|session| session_row(session, now)).collect();
        let text = Columns::new(SESSION_COLUMNS, Output::width()).piece(&rows);
        match met.count - rows.len() as u64 {
            0 => text,
            more => format!("{text}and {more} more\n"),
        }
    }

    fn tell(&self, matched: u64, revoked: u64, sample: Vec<SessionId>) -> Result<(), Failure> {
        if self.output().json {
            return self.output().document(&Done { dry_run: self.revoke.dry_run, matched, revoked, sample });
        }
        self.output().data(format_args!("{} revoked", sessions(revoked)))
    }

    fn output(&self) -> &Output {
        &self.context.output
    }
}

fn ids(met: &Met) -> Vec<SessionId> {
    met.first.iter().map(|session| session.id).collect()
}

fn sessions(count: u64) -> String {
    if count == 1 { "1 session".to_owned() } else { format!("{count} sessions") }
}
