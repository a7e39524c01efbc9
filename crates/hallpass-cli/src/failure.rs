use std::error::Error as StdError;
use std::fmt;

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ending {
    /// What was asked for was done.
    Done,
    /// There was nothing to show or to do.
    Nothing,
}

impl Ending {
    /// Returns `Done` if something was found.
    pub(crate) fn found(is_found: bool) -> Self {
        if is_found { Self::Done } else { Self::Nothing }
    }

    /// Returns the exit code: 0 or 1.
    pub(crate) fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Nothing => 1,
        }
    }
}

/// Why a command did not do what was asked: one line, and one line of what to do about it.
#[derive(Debug)]
pub(crate) struct Failure {
    kind: Kind,
    message: String,
    hint: Option<String>,
    source: Option<Box<dyn StdError + Send + Sync>>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Refused,
    Failed,
    Passing,
    ReaderGone,
}

impl Failure {
    /// Something did not work: exit code 2.
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { kind: Kind::Failed, message: message.into(), hint: None, source: None }
    }

    /// Somebody said no, or the thing does not exist: exit code 1.
    pub(crate) fn refused(message: impl Into<String>) -> Self {
        Self { kind: Kind::Refused, ..Self::new(message) }
    }

    /// Something did not work that may work later: exit code 2.
    pub(crate) fn passing(message: impl Into<String>) -> Self {
        Self { kind: Kind::Passing, ..Self::new(message) }
    }

    /// Whoever reads standard output has closed it: nothing to complain of.
    pub(crate) fn reader_gone() -> Self {
        Self { kind: Kind::ReaderGone, ..Self::new("standard output was closed") }
    }

    /// Something did not work whose error says after a semicolon what to do; `or` is what else may help.
    pub(crate) fn advising(error: impl StdError + Send + Sync + 'static, or: &str) -> Self {
        let said = error.to_string();
        let (message, hint) = said.split_once("; ").unwrap_or((&said, ""));
        let hints: Vec<_> = [hint, or].into_iter().filter(|hint| !hint.is_empty()).collect();
        let failure = Self::new(message);
        let failure = if hints.is_empty() { failure } else { failure.hint(hints.join("; ")) };
        failure.because(error)
    }

    /// Says what to do about it.
    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Keeps the cause, for `--verbose`.
    pub(crate) fn because(mut self, source: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }

    /// Returns the hint.
    pub(crate) fn hint_text(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    /// Returns the exit code: 0 if nobody reads any more, 1 if refused, 2 if failed.
    pub(crate) fn code(&self) -> u8 {
        match self.kind {
            Kind::ReaderGone => 0,
            Kind::Refused => 1,
            Kind::Failed | Kind::Passing => 2,
        }
    }

    /// Tells whether trying again may help.
    pub(crate) fn is_passing(&self) -> bool {
        self.kind == Kind::Passing
    }

    /// Tells whether somebody should hear of it.
    pub(crate) fn is_worth_telling(&self) -> bool {
        self.kind != Kind::ReaderGone
    }

    /// Returns the causes, outermost first, without those that repeat what was said before them.
    pub(crate) fn causes(&self) -> Vec<String> {
        let mut causes: Vec<String> = Vec::new();
        let mut next = self.source.as_deref().map(|source| source as &(dyn StdError + 'static));
        while let Some(cause) = next {
            let text = cause.to_string();
            let said = causes.last().unwrap_or(&self.message);
            if !said.contains(&text) {
                causes.push(text);
            }
            next = cause.source();
        }
        causes
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<hallpass::Error> for Failure {
    fn from(error: hallpass::Error) -> Self {
        let failure = if error.is_unavailable() {
            Self::passing("the store cannot be used now").hint("try again; --verbose shows the cause")
        } else if error.is_unsupported() {
            Self::new(match innermost(&error) {
                Some(why) => format!("this store cannot do that: {why}"),
                None => "this store cannot do that".to_owned(),
            })
        } else if error.is_corrupt() {
            Self::new("the store holds something that is not a session")
                .hint("--verbose shows the cause; was the file changed by another program?")
        } else {
            Self::new(error.to_string())
        };
        failure.because(error)
    }
}

/// Returns what the last of the causes says.
fn innermost(error: &dyn StdError) -> Option<String> {
    let last = std::iter::successors(error.source(), |cause| (*cause).source()).last();
    last.map(ToString::to_string)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_codes_tell_no_from_failure() {
        assert_eq!(Ending::Done.code(), 0);
        assert_eq!(Ending::Nothing.code(), 1);
        assert_eq!(Failure::refused("no").code(), 1);
        assert_eq!(Failure::new("broken").code(), 2);
        assert_eq!(Failure::reader_gone().code(), 0);
    }

    #[test]
    fn causes_do_not_repeat_each_other() {
        let inner = hallpass::StoreError::unavailable("the disk is full");
        let failure = Failure::from(hallpass::Error::from(inner));
        let causes = failure.causes();
        assert!(causes.iter().any(|cause| cause.contains("the disk is full")), "{causes:?}");
        assert_eq!(causes.iter().filter(|cause| cause.ends_with("the disk is full")).count(), 1, "{causes:?}");
    }
}
