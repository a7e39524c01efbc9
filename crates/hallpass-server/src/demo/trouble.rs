//! Pages for when something is in the way.

use askama::Template;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hallpass::Error;
use hallpass::http::{Carrier as _, Problem, SessionRejection};

use super::page::{Page, Place, html};
use super::wire::Wire;

/// What is in the way of a request, as a page.
#[derive(Debug)]
pub(super) struct Trouble {
    status: StatusCode,
    title: &'static str,
    text: &'static str,
    advice: &'static str,
    wire: Wire,
    /// Whether trying again would help.
    is_temporary: bool,
    /// Whether the browser is to forget its token.
    forgets: bool,
}

#[derive(Debug, Template)]
#[template(path = "demo/pages/trouble.html")]
struct TroublePage {
    page: Page,
    status: u16,
    text: &'static str,
    advice: &'static str,
    is_temporary: bool,
}

impl Trouble {
    fn new(status: StatusCode, wire: &Wire, title: &'static str, text: &'static str, advice: &'static str) -> Self {
        let is_temporary = status == StatusCode::SERVICE_UNAVAILABLE;
        Self { status, title, text, advice, wire: wire.clone(), is_temporary, forgets: false }
    }

    /// What a session's error means for the person in front of the browser.
    pub(super) fn of(error: &Error, wire: &Wire) -> Self {
        let Problem { status, detail, .. } = Problem::of(error);
        if status.is_server_error() {
            tracing::warn!(error = %error, cause = ?std::error::Error::source(error), "a page of the demo has no session");
        }
        let (title, text, advice) = if error.is_unavailable() {
            (
                "The session store is away",
                "You are still signed in. An outage is not a logout: your browser keeps its token, and nothing was lost that was saved.",
                "Try again in a moment. What you just sent was not saved.",
            )
        } else if error.is_inactive() {
            (
                "Your session has just ended",
                "It ended, or somebody else signed in with it, while this request was under way. What the request changed was discarded.",
                "Sign in again to go on.",
            )
        } else if error.is_conflict() {
            (
                "Somebody was faster",
                "Another tab or device changed the same thing while you did. Nothing was overwritten.",
                "Go back to the page, look at what is there now, and try again.",
            )
        } else if error.is_limit_reached() {
            (
                "There are too many sessions",
                "Everybody may have only so many sessions at once, and this person has them all.",
                "Log out on another device first.",
            )
        } else {
            ("That did not work", detail, "Go back to the session and try something else.")
        };
        Self::new(status, wire, title, text, advice)
    }

    /// What is in the way of opening a session at all.
    pub(super) fn of_rejection(rejection: &SessionRejection, wire: &Wire) -> Self {
        match rejection.error() {
            Some(error) => Self::of(error, wire),
            None => Self::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                wire,
                "The demo is not set up",
                "This page has no session layer around it.",
                "",
            ),
        }
    }

    /// A form that cannot be read.
    pub(super) fn of_form(status: StatusCode, wire: &Wire) -> Self {
        let text = if status == StatusCode::PAYLOAD_TOO_LARGE {
            "The form is larger than any form of this demo can be. Nothing was changed."
        } else {
            "The form has not the fields that it should have. Nothing was changed."
        };
        Self::new(status, wire, "That form cannot be read", text, "Go back to the page and send it from there.")
    }

    /// A form that another site sent, or nobody knows who.
    pub(super) fn foreign_form(wire: &Wire) -> Self {
        let text = if wire.is_plain() {
            "A form is taken only from a page of this demo, and your browser did not say that it came from one. Nothing was changed."
        } else {
            "A form is taken only from a page of this demo, opened over HTTPS. Over plain HTTP the demo works on the machine that it runs on, and nowhere else. Nothing was changed."
        };
        let title = "That form came from elsewhere";
        Self::new(StatusCode::FORBIDDEN, wire, title, text, "Open the demo itself and send the form from there.")
    }

    /// A session of somebody else, or none.
    pub(super) fn no_session(wire: &Wire) -> Self {
        let text = "You have no session of that name.";
        Self::new(StatusCode::NOT_FOUND, wire, "No such session", text, "Your devices show those that you have.")
    }

    /// A value that the form cannot have sent.
    pub(super) fn bad_field(wire: &Wire) -> Self {
        Self::of_form(StatusCode::UNPROCESSABLE_ENTITY, wire)
    }

    /// An address without a page.
    pub(super) fn no_page(wire: &Wire) -> Self {
        let text = "The demo has no page at this address.";
        Self::new(StatusCode::NOT_FOUND, wire, "Nothing here", text, "")
    }

    /// A page asked for where only forms are sent to.
    pub(super) fn wrong_method(wire: &Wire) -> Self {
        let text = "This address changes something, so it is only for the forms of the demo. Nothing was changed.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, wire, "That needs its form", text, "")
    }

    /// A logout that the store could not be told of: the browser forgets its token all the same.
    ///
    /// Where the session could be opened, its layer sees to that; where it could not, we do.
    #[must_use]
    pub(super) fn while_logging_out(self, was_opened: bool) -> Self {
        if !self.is_temporary {
            return self;
        }
        Self {
            title: "Logged out here, but only here",
            text: "This browser has forgotten its token. The session store is away, so the session itself is still open: whoever has a copy of the token can still use it until it expires.",
            advice: "When the store is back, sign in and log out everywhere to be sure.",
            is_temporary: false,
            forgets: !was_opened,
            ..self
        }
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let page = TroublePage {
            page: Page::without_session(self.title, Place::Aside, &self.wire),
            status: self.status.as_u16(),
            text: self.text,
            advice: self.advice,
            is_temporary: self.is_temporary,
        };
        let mut response = html(self.status, &page);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(Problem::RETRY_AFTER));
        }
        if self.forgets {
            self.wire.carrier().remove(response.headers_mut());
        }
        response
    }
}
