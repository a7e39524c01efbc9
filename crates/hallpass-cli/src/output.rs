//! The one place that prints: data to standard output, everything else to standard error.
#![allow(clippy::print_stdout, clippy::print_stderr)] // the lint guards all other modules

mod columns;
mod progress;
mod style;
mod when;

use std::fmt::Display;
use std::io::{self, BufRead as _, IsTerminal as _, Read as _, Write};

use anstream::{AutoStream, ColorChoice};
use serde::Serialize;

pub(crate) use self::columns::{Cell, Column, Columns};
pub(crate) use self::progress::Progress;
pub(crate) use self::style::{Tone, visible};
pub(crate) use self::when::{Zone, duration, relative};

use crate::args::Global;
use crate::failure::Failure;

/// More than any answer to a choice has, in bytes.
const LONGEST_ANSWER: u64 = 256;

/// Where a command's words go, and in which form.
#[derive(Debug, Clone)]
pub(crate) struct Output {
    /// Whether data is for programs.
    pub(crate) json: bool,
    /// Whether only data and errors are told.
    pub(crate) quiet: bool,
    /// Whether causes are told too.
    pub(crate) verbose: bool,
    /// Whether colour is used, where the receiver may have it.
    pub(crate) color: ColorChoice,
    /// The zone that times are shown in.
    pub(crate) zone: Zone,
}

impl Output {
    /// Returns the output that these options ask for.
    pub(crate) fn new(global: &Global) -> Self {
        let Global { json, quiet, verbose, color, utc, .. } = global;
        let zone = Zone::new(*utc);
        Self { json: *json, quiet: *quiet, verbose: *verbose, color: (*color).into(), zone }
    }

    /// Returns the output of a program that was not told how to write.
    pub(crate) fn plain() -> Self {
        Self { json: false, quiet: false, verbose: false, color: ColorChoice::Auto, zone: Zone::new(true) }
    }

    /// Writes a line, or several, of data.
    pub(crate) fn data(&self, text: impl Display) -> Result<(), Failure> {
        self.write(&format!("{text}\n"))
    }

    /// Writes data as it is.
    pub(crate) fn write(&self, text: &str) -> Result<(), Failure> {
        let mut stdout = AutoStream::new(io::stdout().lock(), self.color);
        stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()).map_err(|error| told(&error))
    }

    /// Writes bytes as they are, such as a completion script.
    pub(crate) fn bytes(bytes: &[u8]) -> Result<(), Failure> {
        let mut stdout = io::stdout().lock();
        stdout.write_all(bytes).and_then(|()| stdout.flush()).map_err(|error| told(&error))
    }

    /// Writes one JSON document: indented for a person at a terminal, else on one line.
    pub(crate) fn document(&self, value: &impl Serialize) -> Result<(), Failure> {
        let text =
            if io::stdout().is_terminal() { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) };
        self.data(text.map_err(|error| Failure::new("the answer cannot be written as JSON").because(error))?)
    }

    /// Writes one JSON document on one line.
    pub(crate) fn line(&self, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_string(value);
        self.data(text.map_err(|error| Failure::new("the answer cannot be written as JSON").because(error))?)
    }

    /// Tells the person something, unless they asked for quiet.
    pub(crate) fn note(&self, text: impl Display) {
        if !self.quiet {
            self.tell(&text);
        }
    }

    /// Tells something that also those need who asked for quiet.
    pub(crate) fn always(&self, text: impl Display) {
        self.tell(&text);
    }

    /// Warns, also those who asked for quiet.
    pub(crate) fn warn(&self, text: impl Display) {
        self.tell(&format_args!("{} {text}", Tone::Warning.paint("warning:")));
    }

    /// Tells why a command failed: a line, and a line of what to do.
    pub(crate) fn failure(&self, failure: &Failure) {
        if !failure.is_worth_telling() {
            return;
        }
        self.tell(&format_args!("{} {failure}", Tone::Bad.paint("error:")));
        if self.verbose {
            for cause in failure.causes() {
                self.tell(&format_args!("  because: {cause}"));
            }
        }
        if let Some(hint) = failure.hint_text() {
            self.tell(&format_args!("{} {hint}", Tone::Good.paint("hint:")));
        }
    }

    /// Asks yes or no; the answer is no unless it begins with a y.
    ///
    /// The caller has checked that there is somebody to ask: [`Output::can_ask`].
    pub(crate) fn ask(&self, question: impl Display) -> Result<bool, Failure> {
        let mut stderr = AutoStream::new(io::stderr().lock(), self.color);
        let asked = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
        let mut answer = String::new();
        asked
            .and_then(|()| io::stdin().lock().read_line(&mut answer))
            .map_err(|error| Failure::new("the question cannot be asked").because(error))?;
        Ok(matches!(answer.trim(), "y" | "Y" | "yes" | "Yes" | "YES"))
    }

    /// Asks for one of several choices, each a word and what it means; a number or a word answers.
    ///
    /// The caller has checked that there is somebody to ask: [`Output::can_ask`].
    pub(crate) fn choose(&self, question: &str, choices: &[(&str, &str)]) -> Result<String, Failure> {
        self.tell(&Tone::Strong.paint(question));
        for (number, (word, meaning)) in (1..).zip(choices) {
            let meaning = if word == meaning { String::new() } else { format!("  {meaning}") };
            self.tell(&format_args!("  {number}  {word}{meaning}"));
        }
        loop {
            let mut stderr = AutoStream::new(io::stderr().lock(), self.color);
            let asked = write!(stderr, "> ").and_then(|()| stderr.flush());
            drop(stderr);
            let mut answer = String::new();
            let read = asked
                .and_then(|()| io::stdin().lock().take(LONGEST_ANSWER).read_line(&mut answer))
                .map_err(|error| Failure::new("the question cannot be asked").because(error))?;
            if read == 0 {
                return Err(Failure::new("the question was not answered"));
            }
            let answer = answer.trim();
            let numbered = answer.parse::<usize>().ok().and_then(|number| choices.get(number.checked_sub(1)?));
            if let Some((word, _)) = numbered.or_else(|| choices.iter().find(|(word, _)| *word == answer)) {
                return Ok((*word).to_owned());
            }
            self.tell(&format_args!("This is a number from 1 to {}, or a word of the list.", choices.len()));
        }
    }

    /// Tells whether there is a person to ask.
    pub(crate) fn can_ask() -> bool {
        io::stdin().is_terminal() && io::stderr().is_terminal()
    }

    /// Returns something that shows how far a long task is, if there is a person who looks.
    pub(crate) fn progress(&self, what: &'static str, total: Option<u64>) -> Progress {
        Progress::new(what, total, !self.quiet && io::stderr().is_terminal())
    }

    /// Returns how many characters a line of standard output can have, if it is a terminal.
    pub(crate) fn width() -> Option<usize> {
        columns::terminal_width()
    }

    // A standard error that is closed is nobody's loss: the exit code says the same.
    fn tell(&self, text: &dyn Display) {
        let mut stderr = AutoStream::new(io::stderr().lock(), self.color);
        let _ = writeln!(stderr, "{text}");
    }
}

/// Returns what log lines are written to.
pub(crate) fn log() -> io::Stderr {
    io::stderr()
}

/// Tells whether log lines may have colour.
pub(crate) fn log_has_color(choice: ColorChoice) -> bool {
    match choice {
        ColorChoice::Auto => AutoStream::choice(&io::stderr()) != ColorChoice::Never,
        choice => choice != ColorChoice::Never,
    }
}

fn told(error: &io::Error) -> Failure {
    if error.kind() == io::ErrorKind::BrokenPipe {
        Failure::reader_gone()
    } else {
        Failure::new(format!("standard output cannot be written: {error}"))
    }
}
