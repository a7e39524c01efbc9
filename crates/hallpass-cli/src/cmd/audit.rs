use std::fs::OpenOptions;
use std::io::{BufWriter, Write as _};
use std::num::NonZeroU64;

use futures_util::StreamExt as _;
use hallpass::Event;
use hallpass::audit::Entry;

use super::{csv, verify};
use crate::args::{AuditCommand, AuditExport, AuditList, Format};
use crate::backend::{Follow, Purpose, event_at};
use crate::context::Context;
use crate::failure::{Ending, Failure};
use crate::output::{Columns, Output, visible};
use crate::view::{EVENT_COLUMNS, event_row};

/// Lists, exports and checks the audit trail.
pub(crate) async fn run(command: AuditCommand, context: &Context) -> Result<Ending, Failure> {
    match command {
        AuditCommand::List(list) => self::list(&list, context).await,
        AuditCommand::Export(export) => self::export(&export, context).await,
        AuditCommand::Verify(verify) => verify::run(&verify, context).await,
        AuditCommand::Checkpoint => checkpoint(context).await,
    }
}

async fn list(list: &AuditList, context: &Context) -> Result<Ending, Failure> {
    let backend = context.backend().await?;
    let kind = if let [kind] = list.kind.as_slice() { Some(kind.clone()) } else { None };
    let follow = Follow { subject: list.subject.clone(), session: list.session, kind };
    let is_asked = |event: &Event| list.kind.is_empty() || list.kind.contains(&event.kind);
    let mut after = list.since.map(event_at);
    let mut room = list.limit.map_or(u64::MAX, NonZeroU64::get);
    let mut table = Columns::new(EVENT_COLUMNS, Output::width());
    let mut found = false;
    let output = &context.output;
    loop {
        let part = backend.events(&follow, after).await?;
        after = part.items.last().map(|event| event.id);
        let fit = usize::try_from(room).unwrap_or(usize::MAX);
        let events: Vec<_> = part.items.into_iter().filter(is_asked).take(fit).collect();
        room = room.saturating_sub(events.len() as u64);
        found |= !events.is_empty();
        if output.json {
            events.iter().try_for_each(|event| output.line(event))?;
        } else if !events.is_empty() {
            let rows: Vec<_> = events.iter().map(|event| event_row(event, &output.zone)).collect();
            output.write(&table.piece(&rows))?;
        }
        if room == 0 || part.next.is_none() || after.is_none() {
            break;
        }
    }
    if !found {
        output.note("Nothing matches.");
    }
    Ok(Ending::found(found))
}

async fn checkpoint(context: &Context) -> Result<Ending, Failure> {
    let state = context.backend().await?.audit_state().await?;
    let output = &context.output;
    if output.json {
        output.document(&state)?;
        return Ok(Ending::found(state.checkpoint.is_some()));
    }
    let Some(checkpoint) = &state.checkpoint else {
        output.note("Nothing is sealed yet: a running service does that.");
        return Ok(Ending::Nothing);
    };
    output.data(format_args!("line       {}", checkpoint.number))?;
    output.data(format_args!("hash       {}", checkpoint.hash))?;
    output.data(format_args!("made       {}", output.zone.show_short(checkpoint.at)))?;
    match (&checkpoint.key, &checkpoint.signature) {
        (Some(key), Some(signature)) => {
            output.data(format_args!("key        {key}"))?;
            output.data(format_args!("signature  {}", visible(signature)))?;
        }
        _ => output.note("Not signed: `audit.key_file` names a key to sign with."),
    }
    if let Some(purged) = &state.purged {
        output.data(format_args!("purged     through line {}, from before {}", purged.through, purged.before))?;
    }
    if let Some(since) = state.unsealed_since {
        let since = output.zone.show_short(since);
        output.note(format_args!("{} events are not sealed yet, the oldest of {since}.", state.unsealed));
    }
    Ok(Ending::Done)
}

async fn export(export: &AuditExport, context: &Context) -> Result<Ending, Failure> {
    let backend = context.backend().await?;
    // Before a file is made: what can never work leaves none behind.
    let mut texts = backend.trail(export.from.get(), Purpose::Export).await?;
    let mut sink = Sink::open(export, context)?;
    let progress = context.output.progress("exporting", None);
    if export.format == Format::Csv {
        sink.write(csv::HEADER)?;
    }
    while let Some(text) = texts.next().await {
        let text = text?;
        match export.format {
            Format::Jsonl => sink.write(&text)?,
            Format::Csv => sink.write(&text.lines().filter_map(csv::row).collect::<String>())?,
        }
        for line in text.lines() {
            match Entry::read(line) {
                Ok(Entry::Head(head)) => {
                    if let Some(end) = head.end {
                        progress.total(end.number.saturating_sub(head.first - 1));
                    }
                }
                Ok(Entry::Line(_)) => {
                    sink.lines += 1;
                    progress.reached(sink.lines);
                }
                Ok(Entry::Unsealed(_)) => sink.unsealed += 1,
                _ => {}
            }
        }
    }
    drop(progress);
    sink.finish(context)
}

/// Where an export goes.
struct Sink {
    file: Option<(BufWriter<std::fs::File>, String)>,
    output: Output,
    lines: u64,
    unsealed: u64,
}

impl Sink {
    fn open(export: &AuditExport, context: &Context) -> Result<Self, Failure> {
        let file = match &export.output {
            None => None,
            Some(path) => {
                let name = path.display().to_string();
                let made = OpenOptions::new().write(true).create_new(true).open(path);
                let failed = |error: std::io::Error| {
                    Failure::new(format!("{name}: this file cannot be made: {error}"))
                        .hint("name one that is not there")
                };
                Some((BufWriter::new(made.map_err(failed)?), name))
            }
        };
        Ok(Self { file, output: context.output.clone(), lines: 0, unsealed: 0 })
    }

    fn write(&mut self, text: &str) -> Result<(), Failure> {
        match &mut self.file {
            None => self.output.write(text),
            Some((file, name)) => file.write_all(text.as_bytes()).map_err(|error| unwritten(name, &error)),
        }
    }

    fn finish(mut self, context: &Context) -> Result<Ending, Failure> {
        if let Some((file, name)) = &mut self.file {
            file.flush().and_then(|()| file.get_ref().sync_all()).map_err(|error| unwritten(name, &error))?;
        }
        context.output.note(format_args!("{} lines.", self.lines));
        if self.unsealed > 0 {
            context.output.note(format_args!("{} events at the end are not sealed yet.", self.unsealed));
        }
        Ok(Ending::Done)
    }
}

fn unwritten(name: &str, error: &std::io::Error) -> Failure {
    Failure::new(format!("{name}: this file cannot be written: {error}"))
}
