//! Ending sessions: first what would end, then why, and then it is done.

use askama::Template;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, RawQuery};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use hallpass::{Note, Revocation, Timestamp};
use serde::{Deserialize, Serialize};

use super::frame::{Frame, Place};
use super::operator::Operator;
use super::scope::{DryRun, Scope};
use super::trouble::Trouble;
use super::when::When;
use crate::api::effective_at;
use crate::html;
use crate::keys::Right;

const DEED: &str = "end sessions";
/// The attribute with what was done last.
const DONE: &str = "revoked";

#[derive(Debug, Template)]
#[template(path = "dashboard/pages/revoke.html")]
struct RevokePage {
    frame: Frame,
    scope: Scope,
    found: DryRun,
    reason: String,
    wrong: Option<&'static str>,
}

/// What was done, as the session of the operator keeps it for the next page.
#[derive(Debug, Serialize, Deserialize)]
struct Done {
    what: Vec<(String, String)>,
    revoked: u64,
    effective_at: Timestamp,
    reason: String,
    /// Whether the time was up before all had ended.
    is_cut: bool,
    /// What to ask for again.
    again: String,
    origin: String,
}

#[derive(Debug, Template)]
#[template(path = "dashboard/pages/revoked.html")]
struct RevokedPage {
    frame: Frame,
    done: Done,
    effective: When,
    is_effective: bool,
}

/// Shows what would end, and asks why.
pub(super) async fn ask(operator: Operator, RawQuery(query): RawQuery) -> Result<Response, Trouble> {
    operator.needs(Right::Revoke, DEED).await?;
    let fields: Vec<_> = form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect();
    let scope = Scope::of(fields.iter().map(|(name, value)| (name.as_str(), value.as_str())))?;
    page(&operator, StatusCode::OK, scope, String::new(), None).await
}

async fn page(
    operator: &Operator,
    status: StatusCode,
    scope: Scope,
    reason: String,
    wrong: Option<&'static str>,
) -> Result<Response, Trouble> {
    // From here on a time such as "within the last hour" means the same until the form is sent.
    let scope = match scope {
        Scope::Matching(search) => Scope::Matching(Box::new(search.pinned(operator.now()))),
        scope => scope,
    };
    let found = scope.dry_run(operator).await?;
    let frame = Frame::new("End sessions", Place::Sessions, operator).await?;
    Ok(html::page(status, &RevokePage { frame, scope, found, reason, wrong }))
}

/// Ends the sessions, if the form says why.
pub(super) async fn revoke(
    operator: Operator,
    form: Result<Form<Vec<(String, String)>>, FormRejection>,
) -> Result<Response, Trouble> {
    operator.needs(Right::Revoke, DEED).await?;
    let Form(fields) = form.map_err(|rejection| Trouble::of_form(&rejection))?;
    let pairs = || fields.iter().map(|(name, value)| (name.as_str(), value.as_str()));
    let field = |wanted: &str| pairs().find(|(name, _)| *name == wanted).map(|(_, value)| value.trim());
    let scope = Scope::of(pairs())?;
    let reason = field("reason").unwrap_or_default();
    let Ok(note) = Note::new(reason) else {
        let wrong = "Say why, in 1 to 512 bytes on one line: it stands in the events of every session that ends.";
        return page(&operator, StatusCode::UNPROCESSABLE_ENTITY, scope, reason.to_owned(), Some(wrong)).await;
    };
    if scope.is_everything() && field("everything") != Some("yes") {
        let wrong = "Check the box first: without a search, this ends every session of the realm.";
        return page(&operator, StatusCode::UNPROCESSABLE_ENTITY, scope, reason.to_owned(), Some(wrong)).await;
    }
    let revocation = Revocation { note: Some(note), caller: operator.caller() };
    operator.desk.app.actions.announce(&revocation.caller, operator.sessions(), "/dashboard/revoke").await?;
    let (revoked, is_cut) = scope.revoke(&operator, &revocation).await?;
    let done = Done {
        what: scope.words().into_iter().map(|(name, value)| (name.to_owned(), value)).collect(),
        revoked,
        effective_at: effective_at(operator.sessions()),
        reason: reason.to_owned(),
        is_cut,
        again: scope.query(),
        origin: scope.origin(),
    };
    operator.session.set(DONE, &done)?;
    Ok(Redirect::to("/dashboard/revoked").into_response())
}

/// Shows what was done last; a reload does not do it again.
pub(super) async fn done(operator: Operator) -> Result<Response, Trouble> {
    operator.needs(Right::Revoke, DEED).await?;
    let Some(done) = operator.session.get::<Done>(DONE)? else {
        return Ok(Redirect::to("/dashboard/sessions").into_response());
    };
    let now = operator.now();
    let page = RevokedPage {
        effective: When::new(done.effective_at, now),
        is_effective: done.effective_at <= now,
        done,
        frame: Frame::new("Sessions ended", Place::Sessions, &operator).await?,
    };
    Ok(html::page(StatusCode::OK, &page))
}
