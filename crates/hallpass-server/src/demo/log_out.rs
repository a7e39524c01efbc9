//! Ending sessions: this one, another one, the others, all of them.

use askama::Template;
use axum::Extension;
use axum::http::{HeaderName, HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};
use hallpass::http::{Carrier as _, SessionRejection};
use hallpass::{Error, Note, Revocation, Session, SessionId, Subject};
use serde::Deserialize;

use super::page::{Page, Place, Said, done, html};
use super::trouble::Trouble;
use super::visit::{Sent, Visit};
use super::wire::Wire;
use crate::html::span;

#[derive(Debug, Deserialize)]
pub(super) struct EndingForm {
    pub(super) what: Option<String>,
    id: Option<String>,
}

/// What is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    Here,
    One(SessionId),
    Elsewhere,
    Everywhere,
}

/// Asks for a fresh proof before other sessions end.
#[derive(Debug, Template)]
#[template(path = "demo/pages/confirm.html")]
struct ConfirmPage {
    page: Page,
    what: &'static str,
    id: Option<String>,
    deed: &'static str,
    fresh: String,
}

/// Ends what the form says; a store that is away does not keep this browser from forgetting its token.
pub(super) async fn log_out(
    Extension(wire): Extension<Wire>,
    visit: Result<Visit, SessionRejection>,
    Sent(form): Sent<EndingForm>,
) -> Response {
    match visit {
        Ok(visit) => end(&visit, &form).await.into_response(),
        Err(rejection) => {
            let mut response = rejection.into_response();
            if form.what.as_deref() == Some("here") {
                wire.carrier().remove(response.headers_mut());
            }
            response
        }
    }
}

/// Ends it, or asks for a fresh proof first: whoever finds a browser open is not to end all others.
async fn end(visit: &Visit, form: &EndingForm) -> Result<Response, Trouble> {
    let session = &visit.session;
    let ending = Ending::of(form, session)?;
    let record = session.record().filter(|record| record.subject.is_some());
    let fresh = record.map(|record| session.sessions().policy(&record.profile).fresh());
    match fresh {
        Some(fresh) if ending != Ending::Here && !session.is_fresh(fresh) => {
            let id = if let Ending::One(id) = ending { Some(id.to_string()) } else { None };
            let page = ConfirmPage {
                page: Page::new("Is it still you?", Place::Aside, visit),
                what: ending.word(),
                deed: ending.deed(),
                fresh: span(fresh),
                id,
            };
            Ok(html(StatusCode::FORBIDDEN, &page))
        }
        _ => ending.carry_out(visit).await,
    }
}

impl Ending {
    pub(super) fn of(form: &EndingForm, session: &Session) -> Result<Self, Trouble> {
        let id = || form.id.as_deref().and_then(|id| id.parse::<SessionId>().ok());
        let ending = match form.what.as_deref() {
            Some("here") => Some(Self::Here),
            Some("elsewhere") => Some(Self::Elsewhere),
            Some("everywhere") => Some(Self::Everywhere),
            Some("one") => id().map(|id| if session.id() == Some(id) { Self::Here } else { Self::One(id) }),
            _ => None,
        };
        ending.ok_or_else(Trouble::bad_field)
    }

    fn word(self) -> &'static str {
        match self {
            Self::Here => "here",
            Self::One(_) => "one",
            Self::Elsewhere => "elsewhere",
            Self::Everywhere => "everywhere",
        }
    }

    /// What the button does that needs a fresh proof.
    fn deed(self) -> &'static str {
        match self {
            Self::Here => "log out",
            Self::One(_) => "end that session",
            Self::Elsewhere => "log out everywhere but here",
            Self::Everywhere => "log out everywhere",
        }
    }

    pub(super) async fn carry_out(self, visit: &Visit) -> Result<Response, Trouble> {
        let session = &visit.session;
        if self == Self::Here {
            session.log_out();
            return Ok(forgotten(Said::LoggedOut));
        }
        let Some(subject) = session.subject() else {
            return Ok(done("/demo", Said::NobodyThere));
        };
        match self {
            Self::One(id) => revoke(visit, &subject, &id).await,
            Self::Elsewhere => {
                revoke_all(visit, &subject, session.id().as_ref(), "logged out everywhere but there").await?;
                Ok(done("/demo/devices", Said::LoggedOutElsewhere))
            }
            Self::Here | Self::Everywhere => {
                revoke_all(visit, &subject, None, "logged out everywhere").await?;
                session.log_out();
                Ok(forgotten(Said::LoggedOutEverywhere))
            }
        }
    }
}

async fn revoke(visit: &Visit, subject: &Subject, id: &SessionId) -> Result<Response, Trouble> {
    let sessions = visit.session.sessions();
    let record = sessions.find(id).await?;
    if record.is_none_or(|record| record.subject.as_ref() != Some(subject)) {
        return Err(Trouble::no_session());
    }
    let was_usable = sessions.revoke(id, &revocation(visit, "ended from another device")).await?;
    Ok(done("/demo/devices", if was_usable { Said::Revoked } else { Said::WasOver }))
}

async fn revoke_all(visit: &Visit, subject: &Subject, except: Option<&SessionId>, note: &str) -> Result<u64, Error> {
    visit.session.sessions().revoke_subject(subject, except, &revocation(visit, note)).await
}

fn revocation(visit: &Visit, note: &str) -> Revocation {
    Revocation { note: Note::lossy(note), caller: visit.caller() }
}

/// Has the browser forget the pages that it keeps for its back button as well (Clear-Site-Data section 3.1); its cookies
/// are not cleared so, since that would be those of every port of this host.
fn forgotten(said: Said) -> Response {
    let mut response = done("/demo", said);
    let name = HeaderName::from_static("clear-site-data");
    response.headers_mut().insert(name, HeaderValue::from_static("\"cache\""));
    response
}
