//! Pages for when something is in the way.

use askama::Template;
use axum::Extension;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hallpass::Error;
use hallpass::http::Problem;

use super::page::{Page, Place, html};
use super::wire::Wire;

/// What is in the way of a request.
///
/// As a response it is no more than a status; [`show`] makes it a page, as it does with what the session layer answers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Trouble {
    status: StatusCode,
    title: &'static str,
    text: &'static str,
    advice: &'static str,
    /// Whether trying again would help.
    is_temporary: bool,
}

#[derive(Debug, Template)]
#[template(path = "demo/pages/trouble.html")]
struct TroublePage {
    page: Page,
    trouble: Trouble,
}

impl Trouble {
    const fn new(status: StatusCode, title: &'static str, text: &'static str, advice: &'static str) -> Self {
        Self { status, title, text, advice, is_temporary: false }
    }

    /// What a session's problem means for the person in front of the browser.
    fn of(problem: Problem) -> Self {
        let (title, text, advice) = match problem.code {
            "unavailable" => (
                "The session store is away",
                "You are still signed in. An outage is not a logout: your browser keeps its token, and nothing was lost that was saved.",
                "Try again in a moment. What you just sent may not have been saved: look before you send it again.",
            ),
            "inactive" => (
                "Your session has just ended",
                "It ended, or somebody else signed in with it, while this request was under way. What the request changed was discarded.",
                "Sign in again to go on.",
            ),
            "conflict" => (
                "Somebody was faster",
                "Another tab or device changed the same thing while you did. Nothing was overwritten.",
                "Go back to the page, look at what is there now, and try again.",
            ),
            "limit_reached" => (
                "There are too many sessions",
                "Everybody may have only so many sessions at once, and this person has them all.",
                "Log out on another device first.",
            ),
            "locked" => (
                "The session is locked",
                "It was unused for too long. Nothing was changed.",
                "Go to the session and say that it is you.",
            ),
            _ => ("That did not work", problem.detail, "Go back to the session and try something else."),
        };
        Self { is_temporary: problem.is_temporary(), ..Self::new(problem.status, title, text, advice) }
    }

    /// A form that cannot be read.
    pub(super) fn of_form(status: StatusCode) -> Self {
        let text = if status == StatusCode::PAYLOAD_TOO_LARGE {
            "The form is larger than any form of this demo can be. Nothing was changed."
        } else {
            "The form has not the fields that it should have. Nothing was changed."
        };
        Self::new(status, "That form cannot be read", text, "Go back to the page and send it from there.")
    }

    /// A value that no form of ours can have sent.
    pub(super) fn bad_field() -> Self {
        Self::of_form(StatusCode::UNPROCESSABLE_ENTITY)
    }

    /// A form that another site sent, or nobody knows who.
    pub(super) fn foreign_form(wire: &Wire) -> Self {
        let text = if wire.is_plain() {
            "A form is taken only from a page of this demo, and your browser did not say that it came from one. Nothing was changed."
        } else {
            "A form is taken only from a page of this demo, opened over HTTPS. Over plain HTTP the demo works on the machine that it runs on, and nowhere else. Nothing was changed."
        };
        let advice = "Open the demo itself and send the form from there.";
        Self::new(StatusCode::FORBIDDEN, "That form came from elsewhere", text, advice)
    }

    /// A session of somebody else, or none.
    pub(super) fn no_session() -> Self {
        let advice = "Your devices show those that you have.";
        Self::new(StatusCode::NOT_FOUND, "No such session", "You have no session of that name.", advice)
    }

    /// An address without a page.
    pub(super) fn no_page() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Nothing here", "The demo has no page at this address.", "")
    }

    /// A page asked for where only forms are sent to.
    pub(super) fn wrong_method() -> Self {
        let text = "This address changes something, so it is only for the forms of the demo. Nothing was changed.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "That needs its form", text, "")
    }

    /// A logout that the store could not be told of, while the browser forgets its token all the same.
    fn while_logging_out(self) -> Self {
        Self {
            title: "Logged out here, but only here",
            text: "This browser has forgotten its token. The session store is away, so the session itself may still be open: whoever has a copy of the token could use it until it expires.",
            advice: "When the store is back, sign in and log out everywhere to be sure.",
            is_temporary: false,
            ..self
        }
    }

    fn page(self, wire: &Wire) -> Response {
        let page = Page::without_session(self.title, Place::Aside, wire);
        html(self.status, &TroublePage { page, trouble: self })
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let problem = Problem::of(&error);
        if problem.status.is_server_error() {
            let cause = std::error::Error::source(&error);
            tracing::warn!(error = %error, cause = ?cause, "a page of the demo could not be answered");
        }
        Self::of(problem)
    }
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        (self.status, Extension(self)).into_response()
    }
}

/// Shows what is in the way as a page: what a handler says, or what the session layer put in the place of its answer.
pub(super) async fn show(Extension(wire): Extension<Wire>, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let said = response.extensions().get::<Trouble>().copied();
    let problem = response.extensions().get::<Problem>().copied();
    let Some(trouble) = problem.map(Trouble::of).or(said) else { return response };
    let headers = response.headers();
    let removal = wire.carrier().removal_cookie();
    let is_logged_out = headers.get_all(header::SET_COOKIE).iter().any(|cookie| *cookie == *removal);
    let is_away = trouble.status == StatusCode::SERVICE_UNAVAILABLE;
    let mut page = if is_away && is_logged_out { trouble.while_logging_out() } else { trouble }.page(&wire);
    for name in [header::SET_COOKIE, header::VARY] {
        for value in headers.get_all(&name) {
            page.headers_mut().append(&name, value.clone());
        }
    }
    if is_away {
        page.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(Problem::RETRY_AFTER));
    }
    page
}
