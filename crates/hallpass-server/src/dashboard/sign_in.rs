//! Signing in with an API key, and out again.

use std::sync::Arc;

use askama::Template;
use axum::Extension;
use axum::extract::rejection::FormRejection;
use axum::extract::{Form, RawQuery, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Redirect, Response};
use hallpass::http::{Carrier as _, ReturnTo};
use hallpass::{Error, EventKind, Method, SignIn, Subject};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::Desk;
use super::frame::Frame;
use super::operator::{Operator, Turned};
use super::tell;
use super::trouble::Trouble;
use super::visitor::Visitor;
use super::wire::Wire;
use crate::html;
use crate::keys::{Role, is_key_shaped};

/// The attribute that says when the key was made that somebody signed in with.
pub(super) const KEY_MADE_AT: &str = "key_made_at";

/// Why somebody is asked to sign in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Why {
    Needed,
    Revoked,
    SignedOut,
}

impl Why {
    const ALL: [Self; 3] = [Self::Needed, Self::Revoked, Self::SignedOut];

    const fn word(self) -> &'static str {
        match self {
            Self::Needed => "needed",
            Self::Revoked => "revoked",
            Self::SignedOut => "signed-out",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::Needed => "Sign in to go on. Sessions here end after 15 minutes without use.",
            Self::Revoked => "The API key that you signed in with was revoked. Use another one.",
            Self::SignedOut => "You are signed out.",
        }
    }
}

#[derive(Debug, Template)]
#[template(path = "dashboard/pages/sign_in.html")]
struct SignInPage {
    frame: Frame,
    /// What it says above the form.
    said: Option<&'static str>,
    /// What was wrong with the key.
    wrong: Option<&'static str>,
    return_to: String,
    is_plain: bool,
}

/// Sends a browser to where people sign in, and from there back to `target`.
pub(super) fn redirect(why: Why, target: Option<&str>) -> Response {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("why", why.word());
    if let Some(target) = target.filter(|target| *target != "/dashboard") {
        query.append_pair(ReturnTo::PARAMETER, target);
    }
    Redirect::to(&format!("/dashboard/sign-in?{}", query.finish())).into_response()
}

/// Shows the form, or goes on where somebody is signed in already.
pub(super) async fn show(visitor: Visitor, RawQuery(query): RawQuery) -> Response {
    let query = query.unwrap_or_default();
    let field = |wanted: &str| {
        form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == wanted).map(|(_, value)| value.into_owned())
    };
    let target = target(field(ReturnTo::PARAMETER).as_deref());
    if visitor.session.subject().is_some() {
        return Redirect::to(&target).into_response();
    }
    let why = field("why").and_then(|word| Why::ALL.into_iter().find(|why| why.word() == word));
    page(StatusCode::OK, why.map(Why::text), None, target, visitor.wire)
}

fn page(
    status: StatusCode,
    said: Option<&'static str>,
    wrong: Option<&'static str>,
    return_to: String,
    wire: Wire,
) -> Response {
    let is_plain = wire == Wire::Plain;
    html::page(status, &SignInPage { frame: Frame::bare("Sign in"), said, wrong, return_to, is_plain })
}

#[derive(Deserialize)]
pub(super) struct SignInForm {
    key: String,
    return_to: Option<String>,
}

/// Takes a key, and gives a session for it.
pub(super) async fn sign_in(
    State(desk): State<Arc<Desk>>,
    visitor: Visitor,
    form: Result<Form<SignInForm>, FormRejection>,
) -> Result<Response, Trouble> {
    let Form(SignInForm { key, return_to }) = form.map_err(|rejection| Trouble::of_form(&rejection))?;
    let key = Zeroizing::new(key);
    let key = key.trim();
    let target = target(return_to.as_deref());
    let holder = if is_key_shaped(key) { desk.app.ring.holder(key).await.map_err(Error::from)? } else { None };
    let Some(holder) = holder else {
        tell::refuse(&desk, &visitor, None, "signing in with a key that there is not").await;
        if desk.app.guessed(visitor.origin.ip).is_some() {
            let wrong = "There is no such key, and too many wrong ones came from your network. Wait a minute, or use a good one.";
            return Ok(page(StatusCode::TOO_MANY_REQUESTS, None, Some(wrong), target, visitor.wire));
        }
        let wrong = "There is no such key, or it was revoked. Check that you have copied all of it.";
        return Ok(page(StatusCode::UNAUTHORIZED, None, Some(wrong), target, visitor.wire));
    };
    if holder.info.role == Role::App {
        tell::refuse(&desk, &visitor, Some(&holder), "signing in with the key of an application").await;
        let wrong = "This key is for an application. Use one of the role viewer, operator, auditor or admin.";
        return Ok(page(StatusCode::FORBIDDEN, None, Some(wrong), target, visitor.wire));
    }
    let subject = Subject::new(&holder.info.id).map_err(|_| Trouble::broken())?;
    let method = Method::new("api-key").map_err(|_| Trouble::broken())?;
    visitor.session.authenticate(SignIn::new(subject).method(method).client(visitor.client()))?;
    visitor.session.set(KEY_MADE_AT, &holder.info.created_at)?;
    // It is told once it is so.
    visitor.session.commit().await?;
    tell::act(&visitor, &holder, EventKind::OperatorSignedIn, &format!("as {}", holder.info.role)).await;
    Ok(Redirect::to(&target).into_response())
}

/// Ends the session; a store that is away does not keep the browser from forgetting its token.
pub(super) async fn sign_out(Extension(wire): Extension<Wire>, operator: Result<Operator, Turned>) -> Response {
    match operator {
        Ok(operator) => {
            operator.session.log_out();
            operator.tell("signed out").await;
            redirect(Why::SignedOut, None)
        }
        Err(turned) => {
            let mut response = turned.into_response();
            wire.carrier().remove(response.headers_mut());
            response
        }
    }
}

/// Returns where to go on: a page of the dashboard, and nowhere else.
fn target(said: Option<&str>) -> String {
    let local = said.and_then(ReturnTo::local).map(|target| target.to_string());
    let is_here = |target: &String| {
        let rest = target.strip_prefix("/dashboard");
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?'])) && !target.contains("..")
    };
    local.filter(is_here).unwrap_or_else(|| "/dashboard".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sign_in_leads_to_a_page_of_the_dashboard_and_nowhere_else() {
        for good in ["/dashboard", "/dashboard/sessions?ip=192.0.2.0%2F24", "/dashboard?x"] {
            assert_eq!(target(Some(good)), good);
        }
        for bad in
            ["https://evil.example", "//evil.example", "/demo", "/dashboards", "/dashboard/../demo", "", "/\\evil"]
        {
            assert_eq!(target(Some(bad)), "/dashboard", "{bad}");
        }
        assert_eq!(target(None), "/dashboard");
    }
}
