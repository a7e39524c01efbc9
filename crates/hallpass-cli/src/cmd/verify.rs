use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read as _};
use std::path::Path;

use futures_util::StreamExt as _;
use hallpass::audit::{Checkpoint, Entry, Report, Verifier};
use hallpass_server::audit::AuditState;
use serde::Serialize;

use crate::args::AuditVerify;
use crate::backend::Purpose;
use crate::context::Context;
use crate::failure::{Ending, Failure};
use crate::output::{Progress, Tone};

/// What was found, as JSON.
#[derive(Serialize)]
struct Verified<'a> {
    whole: bool,
    #[serde(flatten)]
    report: &'a Report,
    /// The first wrong line, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    explanation: Option<String>,
}

/// Checks an export, or the trail of a store or service, and says what is wrong with it first.
pub(crate) async fn run(verify: &AuditVerify, context: &Context) -> Result<Ending, Failure> {
    let asked = (!verify.key.is_empty()).then(|| verify.key.iter().copied().collect::<BTreeSet<_>>());
    let anchors = verify.checkpoint.iter().map(|path| kept(path)).collect::<Result<Vec<_>, _>>()?;
    let (report, is_known) = if let Some(path) = &verify.file {
        let is_known = asked.is_some();
        let mut check = Check::new(Verifier::new(asked), &anchors, context);
        check.file(path)?;
        (check.finish(), is_known)
    } else {
        let backend = context.backend().await?;
        let trusted = match asked {
            Some(keys) => Some(keys),
            None => backend.audit_keys()?,
        };
        let is_known = trusted.is_some();
        let mut check = Check::new(Verifier::new(trusted), &anchors, context);
        let mut texts = backend.trail(1, Purpose::Verify).await?;
        while let Some(text) = texts.next().await {
            for line in text?.lines() {
                check.line(Some(line), None);
            }
        }
        (check.finish(), is_known)
    };
    tell(&report, is_known, context)?;
    Ok(Ending::found(report.is_whole()))
}

/// Reads a checkpoint that was kept: by itself, or with the state that it came with.
fn kept(path: &Path) -> Result<Checkpoint, Failure> {
    let name = path.display();
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::new(format!("{name}: this file cannot be read: {error}")))?;
    let state = serde_json::from_str::<AuditState>(&text).ok().and_then(|state| state.checkpoint);
    let found = state.or_else(|| serde_json::from_str(&text).ok());
    found.ok_or_else(|| {
        Failure::new(format!("{name}: this is no checkpoint")).hint("`hallpass audit checkpoint --json` writes one")
    })
}

/// A trail as it is checked.
struct Check {
    verifier: Verifier,
    progress: Progress,
    lines: u64,
}

impl Check {
    fn new(mut verifier: Verifier, anchors: &[Checkpoint], context: &Context) -> Self {
        for anchor in anchors {
            verifier.expect(anchor);
        }
        Self { verifier, progress: context.output.progress("checking", None), lines: 0 }
    }

    fn file(&mut self, path: &Path) -> Result<(), Failure> {
        let name = path.display();
        let failed = |error: std::io::Error| Failure::new(format!("{name}: this file cannot be read: {error}"));
        let mut reader: Box<dyn BufRead> = if path.as_os_str() == "-" {
            Box::new(std::io::stdin().lock())
        } else {
            Box::new(BufReader::new(File::open(path).map_err(failed)?))
        };
        let most = u64::try_from(Entry::LONGEST).unwrap_or(u64::MAX) + 2;
        let mut position = 0;
        let mut line = Vec::new();
        loop {
            line.clear();
            // A file of one endless line is no reason to take all memory.
            if (&mut reader).take(most).read_until(b'\n', &mut line).map_err(failed)? == 0 {
                return Ok(());
            }
            position += 1;
            if line.last() == Some(&b'\n') {
                line.pop();
            }
            self.line(str::from_utf8(&line).ok(), Some(position));
            if self.verifier.is_broken() {
                return Ok(());
            }
        }
    }

    fn line(&mut self, text: Option<&str>, position: Option<u64>) {
        match text.map(Entry::read) {
            Some(Ok(entry)) => {
                if let Entry::Head(head) = &entry
                    && let Some(end) = &head.end
                {
                    self.progress.total(end.number.saturating_sub(head.first.saturating_sub(1)));
                }
                if matches!(entry, Entry::Line(_)) {
                    self.lines += 1;
                    self.progress.reached(self.lines);
                }
                self.verifier.take(&entry, position);
            }
            _ => self.verifier.unreadable(position),
        }
    }

    fn finish(self) -> Report {
        self.verifier.finish()
    }
}

fn tell(report: &Report, is_known: bool, context: &Context) -> Result<(), Failure> {
    let output = &context.output;
    if output.json {
        let explanation = report.broken.as_ref().map(ToString::to_string);
        return output.document(&Verified { whole: report.is_whole(), report, explanation });
    }
    if let Some(broken) = &report.broken {
        output.data(format_args!("{} {broken}", Tone::Bad.paint("broken:")))?;
        output.note(format_args!("{} lines before that are as they were written.", report.lines));
        return Ok(());
    }
    let range = match (report.first, report.last) {
        (Some(first), Some(last)) => format!("lines {first} to {last} are as they were written"),
        _ => "nothing is sealed yet".to_owned(),
    };
    output.data(format_args!("{} {range}", Tone::Good.paint("whole:")))?;
    match (report.first, &report.purged) {
        (Some(1) | None, None) => {}
        (first, Some(purged)) if first == Some(purged.through + 1) => {
            let Some(before) = first else { return Ok(()) };
            output.data(format_args!(
                "The lines before {before}, from before {}, were purged by {} at {}.",
                purged.before, purged.actor, purged.at
            ))?;
        }
        (Some(first), _) => output.data(format_args!("It begins with line {first}: what was before is not in it."))?,
        (None, Some(_)) => {}
    }
    if report.unsealed > 0 {
        output.data(format_args!(
            "{} events at the end are not sealed yet: nothing is known of those.",
            report.unsealed
        ))?;
    }
    match report.signed_through {
        None if report.lines > 0 => {
            output.warn("nothing is signed: whoever may write to the store could have written it anew");
        }
        Some(through) => {
            let keys: Vec<_> = report.keys.iter().map(ToString::to_string).collect();
            output.data(format_args!("It is signed through line {through} by {}.", keys.join(" and ")))?;
            if !is_known {
                output.note("Compare that key with the one you know, or give it with --key.");
            }
        }
        None => {}
    }
    Ok(())
}
