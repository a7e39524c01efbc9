use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRequestParts, OriginalUri};
use axum::http::Method;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use hallpass::http::SessionRejection;
use hallpass::{Caller, Error, Sessions, Timestamp};

use super::Desk;
use super::sign_in::{self, KEY_MADE_AT, Why};
use super::tell;
use super::trouble::Trouble;
use super::visitor::Visitor;
use crate::keys::{KeyHolder, Right};

/// Somebody who has signed in with a key that is still good.
#[derive(Debug)]
pub(super) struct Operator {
    visitor: Visitor,
    pub(super) holder: Arc<KeyHolder>,
    pub(super) desk: Arc<Desk>,
}

impl Operator {
    /// Returns the sessions that the key is for.
    pub(super) fn sessions(&self) -> &Sessions {
        &self.holder.sessions
    }

    pub(super) fn now(&self) -> Timestamp {
        self.sessions().now()
    }

    pub(super) fn may(&self, right: Right) -> bool {
        self.holder.info.role.has(right)
    }

    /// Refuses who may not do something, and says so in the events.
    pub(super) async fn needs(&self, right: Right, deed: &str) -> Result<(), Trouble> {
        if self.may(right) {
            return Ok(());
        }
        let role = self.holder.info.role;
        tell::refuse(&self.desk, &self.visitor, Some(&self.holder), &format!("the role {role} may not {deed}")).await;
        Err(Trouble::not_allowed(role, deed))
    }

    /// Returns who acts, for what is done to sessions of others.
    pub(super) fn caller(&self) -> Caller {
        self.visitor.caller(&self.holder)
    }

    /// Tells what the operator did that changes no session of an application.
    pub(super) async fn tell(&self, note: &str) {
        tell::act(&self.visitor, &self.holder, hallpass::EventKind::OperatorAction, note).await;
    }
}

impl Deref for Operator {
    type Target = Visitor;

    fn deref(&self) -> &Visitor {
        &self.visitor
    }
}

/// Why a request gets no further.
pub(super) enum Turned {
    /// Its session cannot be opened.
    Session(SessionRejection),
    /// Nobody is signed in: the browser goes where they can.
    Away(Response),
    /// Something else is in the way.
    Trouble(Trouble),
}

impl IntoResponse for Turned {
    fn into_response(self) -> Response {
        match self {
            Self::Session(rejection) => rejection.into_response(),
            Self::Away(response) => response,
            Self::Trouble(trouble) => trouble.into_response(),
        }
    }
}

impl From<Error> for Turned {
    fn from(error: Error) -> Self {
        Self::Trouble(error.into())
    }
}

impl FromRequestParts<Arc<Desk>> for Operator {
    type Rejection = Turned;

    async fn from_request_parts(parts: &mut Parts, desk: &Arc<Desk>) -> Result<Self, Turned> {
        let visitor = Visitor::from_request_parts(parts, desk).await.map_err(Turned::Session)?;
        // What only reads is gone back to; a form is not sent a second time.
        let address = parts.extensions.get::<OriginalUri>().map_or(&parts.uri, |OriginalUri(uri)| uri);
        let target = address.path_and_query().filter(|_| parts.method == Method::GET).map(ToString::to_string);
        let Some(subject) = visitor.session.subject() else {
            return Err(Turned::Away(sign_in::redirect(Why::Needed, target.as_deref())));
        };
        let made_at = visitor.session.get::<Timestamp>(KEY_MADE_AT)?;
        let holder = desk.app.ring.named(subject.as_str()).await.map_err(Error::from)?;
        // A key of the same name that was made at another time is another key.
        if let Some(holder) = holder.filter(|holder| Some(holder.info.created_at) == made_at) {
            return Ok(Self { visitor, holder, desk: Arc::clone(desk) });
        }
        visitor.session.log_out();
        let note = format!("the key {} that signed in was revoked", subject.as_str());
        tell::refuse(desk, &visitor, None, &note).await;
        Err(Turned::Away(sign_in::redirect(Why::Revoked, target.as_deref())))
    }
}
