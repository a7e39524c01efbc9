//! One request as a handler sees it.

use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Form, FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use hallpass::http::{Carrier as _, ClientAddress, SessionRejection};
use hallpass::{Actor, Caller, Client, Error, Note, Origin, Record, ReferenceToken, Session, Timestamp};
use serde::de::DeserializeOwned;

use super::page::Said;
use super::token::Shown;
use super::trouble::Trouble;
use super::wire::Wire;
use super::{agent, policy};

/// A request: its session, and what is known of who sent it.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) session: Session,
    pub(super) wire: Wire,
    /// The token that the request came with, if it opened the session.
    pub(super) shown: Option<Shown>,
    /// Whether it came with something in the place of a token that opens nothing.
    pub(super) is_refused: bool,
    /// What the page is to tell about what was done before.
    pub(super) said: Option<Said>,
    client: Client,
}

impl Visit {
    pub(super) fn now(&self) -> Timestamp {
        self.session.sessions().now()
    }

    /// Returns who acts here, for what is done to the user's other sessions.
    pub(super) fn caller(&self) -> Caller {
        let mut origin = Origin::default();
        origin.ip = self.client.ip;
        origin.user_agent.clone_from(&self.client.user_agent);
        Caller { actor: Actor::user(), origin }
    }

    /// Makes or renews what is due, so that the page shows things as they then are, and returns the record, if there is a
    /// session.
    pub(super) async fn settled(&self) -> Result<Option<Record>, Error> {
        self.session.commit().await?;
        Ok(self.session.record())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visit {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, SessionRejection> {
        let wire = parts.extensions.get::<Wire>().cloned().unwrap_or_else(Wire::secure);
        if let Some(ConnectInfo(peer)) = parts.extensions.get::<ConnectInfo<SocketAddr>>().copied() {
            parts.extensions.insert(ClientAddress(peer.ip().to_canonical()));
        }
        let session = Session::from_request_parts(parts, state).await?;
        let client = client(parts);
        session.describe_client(client.clone());
        session.choose_profile(policy::profile(session.sessions(), false));
        let presented = wire.carrier().read(&parts.headers);
        let id = session.record().map(|record| record.id);
        let shown = presented.texts().iter().find_map(|text| {
            let (token, text) = (ReferenceToken::parse(text).ok()?, str::from_utf8(text).ok()?);
            (Some(token.id) == id).then(|| Shown::new(text, token.generation))
        });
        let is_refused = shown.is_none() && !presented.texts().is_empty() && session.locked_subject().is_none();
        let said = parts.uri.query().and_then(Said::of_query);
        Ok(Self { session, wire, shown, is_refused, said, client })
    }
}

fn client(parts: &Parts) -> Client {
    let user_agent = parts.headers.get(axum::http::header::USER_AGENT).and_then(|value| value.to_str().ok());
    Client {
        ip: parts.extensions.get::<ClientAddress>().map(|ClientAddress(ip)| *ip),
        user_agent: user_agent.and_then(Note::lossy),
        label: user_agent.and_then(agent::label).as_deref().and_then(Note::lossy),
    }
}

/// The fields of a form that was sent.
#[derive(Debug)]
pub(super) struct Sent<T>(pub(super) T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequest<S> for Sent<T> {
    type Rejection = Trouble;

    async fn from_request(request: Request, state: &S) -> Result<Self, Trouble> {
        match Form::<T>::from_request(request, state).await {
            Ok(Form(fields)) => Ok(Self(fields)),
            Err(rejection) => Err(Trouble::of_form(rejection.status())),
        }
    }
}
