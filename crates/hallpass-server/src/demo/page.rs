//! What all pages have in common.

use axum::response::{IntoResponse as _, Redirect, Response};

use super::people::Who;
use super::visit::Visit;
use super::wire::Wire;
pub(super) use crate::html::page as html;

/// The frame around a page.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) title: &'static str,
    pub(super) place: Place,
    /// Who is signed in.
    pub(super) who: Option<Who>,
    pub(super) said: Option<Said>,
    pub(super) cookie: String,
    pub(super) is_plain: bool,
}

/// Which of the places in the menu a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Home,
    Devices,
    Timeline,
    /// None of them.
    Aside,
}

impl Page {
    pub(super) fn new(title: &'static str, place: Place, visit: &Visit) -> Self {
        let who = visit.session.subject().as_ref().map(Who::from);
        Self { who, said: visit.said, ..Self::without_session(title, place, &visit.wire) }
    }

    /// The frame where no session could be asked.
    pub(super) fn without_session(title: &'static str, place: Place, wire: &Wire) -> Self {
        let cookie = wire.carrier().name().to_owned();
        Self { title, place, who: None, said: None, cookie, is_plain: wire.is_plain() }
    }

    pub(super) fn is_home(&self) -> bool {
        self.place == Place::Home
    }

    pub(super) fn is_devices(&self) -> bool {
        self.place == Place::Devices
    }

    pub(super) fn is_timeline(&self) -> bool {
        self.place == Place::Timeline
    }
}

/// Sends the browser to a page that tells what was done; a reload there does not do it again.
pub(super) fn done(path: &str, said: Said) -> Response {
    Redirect::to(&format!("{path}?said={}{}", said.word(), said.place())).into_response()
}

/// What the next page tells about what was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Said {
    SignedIn,
    Confirmed,
    SecondFactor,
    Counted,
    NoteSaved,
    NoteCleared,
    NoteTooLong,
    Renewed,
    LoggedOut,
    LoggedOutElsewhere,
    LoggedOutEverywhere,
    Revoked,
    WasOver,
    NobodyThere,
}

/// Whether it is good news.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Bad,
}

impl Said {
    const ALL: [Self; 14] = [
        Self::SignedIn,
        Self::Confirmed,
        Self::SecondFactor,
        Self::Counted,
        Self::NoteSaved,
        Self::NoteCleared,
        Self::NoteTooLong,
        Self::Renewed,
        Self::LoggedOut,
        Self::LoggedOutElsewhere,
        Self::LoggedOutEverywhere,
        Self::Revoked,
        Self::WasOver,
        Self::NobodyThere,
    ];

    /// Reads which message an address asks for; only those that there are can be asked for.
    pub(super) fn of_query(query: &str) -> Option<Self> {
        let word = query.split('&').find_map(|pair| pair.strip_prefix("said="))?;
        Self::ALL.into_iter().find(|said| said.word() == word)
    }

    /// Where on the page to go on, for those who scroll or use the keyboard.
    fn place(self) -> &'static str {
        match self {
            Self::Counted | Self::NoteSaved | Self::NoteCleared | Self::NoteTooLong => "#kept",
            Self::Renewed => "#token",
            Self::SecondFactor => "#proof",
            _ => "",
        }
    }

    fn word(self) -> &'static str {
        self.parts().0
    }

    pub(super) fn text(self) -> &'static str {
        self.parts().1
    }

    pub(super) fn is_good(self) -> bool {
        self.parts().2 == Tone::Good
    }

    fn parts(self) -> (&'static str, &'static str, Tone) {
        use Tone::{Bad, Good};
        match self {
            Self::SignedIn => ("signed-in", "Signed in. The token from before is dead: you have a new one.", Good),
            Self::Confirmed => ("confirmed", "Thank you. For the next while, you may end your other sessions.", Good),
            Self::SecondFactor => ("second-factor", "Second factor taken. The token changed with it.", Good),
            Self::Counted => ("counted", "Counted.", Good),
            Self::NoteSaved => ("note-saved", "The note is kept in the session.", Good),
            Self::NoteCleared => ("note-cleared", "The note is gone.", Good),
            Self::NoteTooLong => ("note-too-long", "A note has at most 500 characters. Nothing was changed.", Bad),
            Self::Renewed => ("renewed", "The token was renewed. What was before and what is now stands there.", Good),
            Self::LoggedOut => ("logged-out", "Logged out. The session has ended, and the cookie is gone.", Good),
            Self::LoggedOutElsewhere => {
                ("logged-out-elsewhere", "Logged out everywhere but here. Your other sessions have ended.", Good)
            }
            Self::LoggedOutEverywhere => {
                ("logged-out-everywhere", "Logged out everywhere. All your sessions have ended.", Good)
            }
            Self::Revoked => ("revoked", "That session has ended. Its next request will be a stranger's.", Good),
            Self::WasOver => ("was-over", "That session was over already.", Good),
            Self::NobodyThere => ("sign-in-first", "Sign in first: nobody is signed in here.", Bad),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_message_is_found_by_its_word_and_nothing_else_is() {
        for said in Said::ALL {
            assert_eq!(Said::of_query(&format!("x=1&said={}", said.word())), Some(said));
        }
        assert_eq!(Said::of_query("said=<b>you+won</b>"), None);
        assert_eq!(Said::of_query(""), None);
    }
}
