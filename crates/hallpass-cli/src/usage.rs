use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;

use crate::args;
use crate::failure::{Ending, Failure};
use crate::output::Output;

/// Answers a command line that is no command: help and version are data, everything else is a failure.
pub(crate) fn explain(error: &clap::Error, words: &[OsString]) -> ExitCode {
    let output = Output::plain();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => match output.write(&error.render().ansi().to_string()) {
            Ok(()) => ExitCode::from(Ending::Done.code()),
            Err(failure) => ExitCode::from(failure.code()),
        },
        ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            output.note(error.render().ansi());
            ExitCode::from(2)
        }
        _ => {
            let failure = failure(&error.render().to_string(), words);
            output.failure(&failure);
            ExitCode::from(failure.code())
        }
    }
}

/// Makes one line and a hint of what the parser says in several paragraphs.
fn failure(said: &str, words: &[OsString]) -> Failure {
    let first = said.split("\n\n").next().unwrap_or_default();
    let first = first.strip_prefix("error: ").unwrap_or(first);
    let message = first.lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let tip = said.lines().find_map(|line| line.trim().strip_prefix("tip: "));
    let help = format!("`{} --help` says what there is", called(words));
    Failure::new(message.trim_end_matches(':')).hint(tip.map_or(help, str::to_owned))
}

/// Returns the command that was meant, with those that it stands under.
fn called(words: &[OsString]) -> String {
    let mut command = args::command();
    let mut called = "hallpass".to_owned();
    for word in words.iter().skip(1).filter_map(|word| word.to_str()) {
        if let Some(inner) = command.find_subcommand(word) {
            called.push(' ');
            called.push_str(word);
            command = inner.clone();
        }
    }
    called
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(words: &[&str]) -> Failure {
        let error = args::command().try_get_matches_from(words).expect_err("no command");
        failure(&error.render().to_string(), &words.iter().map(OsString::from).collect::<Vec<_>>())
    }

    #[test]
    fn what_cannot_be_understood_is_one_line_and_a_hint() {
        let failure = said(&["hallpass", "sessions", "lits"]);
        assert_eq!(failure.to_string(), "unrecognized subcommand 'lits'");
        assert_eq!(failure.hint_text(), Some("a similar subcommand exists: 'list'"));

        let failure = said(&["hallpass", "sessions", "show"]);
        assert_eq!(failure.to_string(), "the following required arguments were not provided: <ID>");
        assert_eq!(failure.hint_text(), Some("`hallpass sessions show --help` says what there is"));

        let failure = said(&["hallpass", "sessions", "show", "x"]);
        assert!(failure.to_string().contains("a session id is 22 characters"), "{failure}");
        assert_eq!(failure.hint_text(), Some("`hallpass sessions show --help` says what there is"));
    }
}
