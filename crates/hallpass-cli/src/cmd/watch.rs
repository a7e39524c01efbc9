use std::time::Duration;

use futures_util::StreamExt as _;
use hallpass::{Event, EventId};

use super::interrupt::Interrupt;
use crate::args::Watch;
use crate::backend::{Backend, Follow, event_at};
use crate::context::Context;
use crate::failure::{Ending, Failure};
use crate::output::{Columns, Output};
use crate::view::{EVENT_COLUMNS, event_row};

/// How long to wait before a connection that was lost is made again: at first, and at the most.
const PATIENCE: (Duration, Duration) = (Duration::from_millis(500), Duration::from_secs(10));

/// Writes what happens, until Ctrl-C.
pub(crate) async fn run(watch: Watch, context: &Context) -> Result<Ending, Failure> {
    let backend = context.backend().await?;
    let mut window = Window {
        context,
        table: Columns::new(EVENT_COLUMNS, Output::width()),
        seen: 0,
        last: watch.since.map(event_at),
        watch,
    };
    // Ctrl-C is how it is meant to end.
    Interrupt::listen()?.or(window.follow(&*backend)).await?;
    Ok(Ending::Done)
}

/// What is being watched, and how far.
struct Window<'a> {
    watch: Watch,
    context: &'a Context,
    table: Columns,
    seen: u64,
    last: Option<EventId>,
}

impl Window<'_> {
    /// Follows until enough was seen; a connection that is lost is taken up again where it was lost.
    async fn follow(&mut self, backend: &dyn Backend) -> Result<(), Failure> {
        let Watch { subject, session, kind, .. } = &self.watch;
        let kind = if let [kind] = kind.as_slice() { Some(kind.clone()) } else { None };
        let follow = Follow { subject: subject.clone(), session: *session, kind };
        // From here on nothing is missed: after a loss it goes on from the last event, or from now.
        let begun = event_at(self.context.now());
        let mut events = backend.follow(&follow, self.last).await?;
        self.context.output.note("Watching; Ctrl-C ends it.");
        if !self.context.output.json {
            self.context.output.write(&self.table.piece(&[]))?;
        }
        let mut wait = PATIENCE.0;
        loop {
            let lost = loop {
                match events.next().await {
                    Some(Ok(event)) => {
                        wait = PATIENCE.0;
                        if self.show(&event)? {
                            return Ok(());
                        }
                    }
                    Some(Err(failure)) => break failure,
                    None => break Failure::passing("the connection was lost"),
                }
            };
            self.told(lost)?;
            events = loop {
                tokio::time::sleep(wait).await;
                wait = (wait * 2).min(PATIENCE.1);
                match backend.follow(&follow, Some(self.last.unwrap_or(begun))).await {
                    Ok(events) => break events,
                    Err(failure) if failure.is_passing() => {}
                    Err(failure) => return Err(failure),
                }
            };
            self.context.output.note("Connected again.");
        }
    }

    /// Says that the connection is lost, if it can come back.
    fn told(&self, lost: Failure) -> Result<(), Failure> {
        if !lost.is_passing() {
            return Err(lost);
        }
        self.context.output.warn(format_args!("{lost}; trying again"));
        Ok(())
    }

    /// Writes an event if it is asked for; answers whether that was the last.
    fn show(&mut self, event: &Event) -> Result<bool, Failure> {
        self.last = Some(event.id);
        let Watch { kind, limit, .. } = &self.watch;
        if !kind.is_empty() && !kind.contains(&event.kind) {
            return Ok(false);
        }
        let output = &self.context.output;
        if output.json {
            output.line(event)?;
        } else {
            output.write(&self.table.piece(&[event_row(event, &output.zone)]))?;
        }
        self.seen += 1;
        Ok(limit.is_some_and(|limit| self.seen >= limit.get()))
    }
}
