//! Pages for when something is in the way.

use std::borrow::Cow;

use askama::Template;
use axum::Extension;
use axum::extract::Request;
use axum::extract::rejection::FormRejection;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hallpass::Error;
use hallpass::http::Problem as Known;

use super::frame::Frame;
use super::wire::Wire;
use crate::html;
use crate::keys::Role;
use crate::wire::Problem;

/// What is in the way of a request, and what to do about it.
///
/// As a response it is no more than a status; [`show`] makes it a page, as it does with what the session layer answers.
#[derive(Debug, Clone)]
pub(super) struct Trouble {
    status: StatusCode,
    title: &'static str,
    text: Cow<'static, str>,
    advice: &'static str,
}

#[derive(Debug, Template)]
#[template(path = "dashboard/pages/trouble.html")]
struct TroublePage {
    frame: Frame,
    trouble: Trouble,
}

impl Trouble {
    fn new(status: StatusCode, title: &'static str, text: impl Into<Cow<'static, str>>, advice: &'static str) -> Self {
        Self { status, title, text: text.into(), advice }
    }

    /// What the role of a key does not allow.
    pub(super) fn not_allowed(role: Role, deed: &str) -> Self {
        let text = format!("Your key has the role {role}, which may not {deed}. Nothing was changed.");
        let advice = "Sign in with a key of another role, or ask somebody who has one.";
        Self::new(StatusCode::FORBIDDEN, "Your role may not do this", text, advice)
    }

    /// An address without a page.
    pub(super) async fn no_page() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Nothing here", "The dashboard has no page at this address.", "")
    }

    /// A page asked for where only forms are sent to.
    pub(super) async fn wrong_method() -> Self {
        let text = "This address is for the forms of the dashboard. Nothing was changed.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "That needs its form", text, "")
    }

    /// A session that is not there.
    pub(super) fn no_session() -> Self {
        let text =
            "There is no session of this name in the realm of your key, or it ended so long ago that it was forgotten.";
        Self::new(StatusCode::NOT_FOUND, "No such session", text, "Search for it by its subject or its address.")
    }

    /// A form that cannot be read.
    pub(super) fn of_form(rejection: &FormRejection) -> Self {
        let text = "The form could not be read. Nothing was changed.";
        Self::new(rejection.status(), "That form makes no sense", text, "Go back, and send it from its page.")
    }

    /// A field that no form of ours would send.
    pub(super) fn bad_field(text: impl Into<Cow<'static, str>>) -> Self {
        let advice = "Go back, and send it from its page.";
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "That form makes no sense", text, advice)
    }

    /// A defect.
    pub(super) fn broken() -> Self {
        let text = "Something went wrong. The log of the service says what.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "That did not work", text, "")
    }

    /// What a session's problem means for the person in front of the browser.
    fn of(status: StatusCode, code: &str, detail: &str) -> Self {
        let (title, text, advice) = match code {
            "unavailable" => (
                "The session store is away",
                "Nothing was shown that may be wrong, and nobody is logged out: an outage is not a logout. What you just sent may have been done in part.",
                "Try again in a moment, and look at the store page then.",
            ),
            "inactive" => ("Your session has ended", "Nothing was changed.", "Sign in again to go on."),
            "conflict" => (
                "Somebody was faster",
                "Another tab or operator changed the same thing meanwhile. Nothing was overwritten.",
                "Go back, look at what is there now, and try again.",
            ),
            "csrf_blocked" => (
                "This did not come from the dashboard",
                "A form has to come from a page of the dashboard that your browser has just opened. Nothing was changed.",
                "Open the page again and send it from there. The dashboard needs HTTPS, or the name of this very machine, such as localhost.",
            ),
            "unsupported" => (
                "This store cannot do that",
                "What the page shows needs a store that lists sessions, and keeps events.",
                "The store page says what this one can do. Where clients carry their sessions, nobody can list them; they end by their names.",
            ),
            _ => return Self::new(status, "That did not work", detail.to_owned(), "Go back and try something else."),
        };
        Self::new(status, title, text, advice)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        let Known { status, code, detail, .. } = Known::of(&error);
        if status.is_server_error() {
            let cause = std::error::Error::source(&error);
            tracing::warn!(error = %error, cause = ?cause, "a page of the dashboard could not be answered");
        }
        Self::of(status, code, detail)
    }
}

impl From<Problem> for Trouble {
    fn from(problem: Problem) -> Self {
        Self::of(problem.status(), problem.code(), problem.detail())
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
    let known = response.extensions().get::<Known>().map(|known| Trouble::of(known.status, known.code, known.detail));
    let Some(mut trouble) = known.or_else(|| response.extensions().get::<Trouble>().cloned()) else { return response };
    let headers = response.headers();
    let removal = wire.removal_cookie();
    let is_away = trouble.status == StatusCode::SERVICE_UNAVAILABLE;
    if is_away && headers.get_all(header::SET_COOKIE).iter().any(|cookie| *cookie == *removal) {
        trouble.title = "Signed out here, but only here";
        trouble.text = "This browser has forgotten its token. The store is away, so the session itself is open until its time is over.".into();
        trouble.advice = "Revoke your API key if somebody may have a copy of the cookie.";
    }
    let frame = Frame::bare(trouble.title);
    let mut page = html::page(trouble.status, &TroublePage { frame, trouble });
    for name in [header::SET_COOKIE, header::VARY] {
        for value in headers.get_all(&name) {
            page.headers_mut().append(&name, value.clone());
        }
    }
    if is_away {
        page.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(Known::RETRY_AFTER));
    }
    page
}
