use std::ffi::OsString;

use hallpass::SessionId;
use hallpass_foreign::{Credential, Fingerprint};

use crate::failure::Failure;

/// What is put before an id that begins with a dash, since the parser would take it for an option.
const MARK: &str = "id:";

/// Returns the words of a command line with every session id marked that looks like an option.
///
/// One id in 64 begins with a dash. No option can be taken for an id: those are 22 characters of a canonical encoding.
pub(super) fn marked(words: impl Iterator<Item = OsString>) -> impl Iterator<Item = OsString> {
    words.map(|word| match word.to_str() {
        Some(text) if text.starts_with('-') && text.parse::<SessionId>().is_ok() => format!("{MARK}{text}").into(),
        _ => word,
    })
}

/// Reads a session id, marked or not.
pub(super) fn session_id(text: &str) -> Result<SessionId, String> {
    let id = text.strip_prefix(MARK).unwrap_or(text).parse();
    id.map_err(|_| NO_ID.to_owned())
}

/// What names a session: ours its id, one of another framework the start of its key's hash, or the key itself.
#[derive(Debug, Clone)]
pub(crate) enum Name {
    Own(SessionId),
    Fingerprint(Fingerprint),
    Key(Credential),
}

impl Name {
    /// Returns the id of one of ours.
    pub(crate) fn own(&self) -> Result<SessionId, Failure> {
        match self {
            Self::Own(id) => Ok(*id),
            Self::Fingerprint(_) | Self::Key(_) => {
                Err(Failure::new(NO_ID).hint("--dialect is for sessions of other frameworks"))
            }
        }
    }
}

const NO_ID: &str = "a session id is 22 characters, as `hallpass sessions list` shows them";
/// Shorter than any key of a framework's own.
const SHORTEST_KEY: usize = 24;

/// Reads what names a session.
pub(super) fn session_name(text: &str) -> Result<Name, String> {
    if let Ok(id) = session_id(text) {
        return Ok(Name::Own(id));
    }
    let key = || Credential::new(text).filter(|_| text.len() >= SHORTEST_KEY).map(Name::Key);
    Fingerprint::parse(text).map(Name::Fingerprint).or_else(key).ok_or_else(|| NO_ID.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::command;

    fn options(command: &clap::Command, found: &mut Vec<String>) {
        found.extend(command.get_arguments().filter_map(|arg| arg.get_long()).map(|long| format!("--{long}")));
        command.get_subcommands().for_each(|inner| options(inner, found));
    }

    #[test]
    fn no_option_is_taken_for_an_id() {
        let mut all = Vec::new();
        options(&command(), &mut all);
        assert!(all.len() > 50, "{all:?}");
        let kept: Vec<_> = marked(all.iter().map(OsString::from)).collect();
        assert!(kept.iter().zip(&all).all(|(kept, option)| kept == option.as_str()), "{kept:?}");
    }

    #[test]
    fn an_id_that_begins_with_a_dash_is_read() {
        let id = SessionId::from_bytes([0xfb; 16]);
        assert!(id.to_string().starts_with('-'));
        let words = marked([OsString::from(id.to_string()), "-q".into()].into_iter());
        let words: Vec<_> = words.map(|word| word.into_string().expect("text")).collect();
        assert_eq!(words[1], "-q");
        assert_eq!(session_id(&words[0]), Ok(id));
    }
}
