use std::net::SocketAddr;

use axum::Extension;
use axum::extract::{ConnectInfo, FromRequestParts, Request};
use axum::http::header;
use axum::http::request::Parts;
use axum::middleware::Next;
use axum::response::Response;
use hallpass::http::{ClientAddress, SessionRejection};
use hallpass::{Caller, Client, Note, Origin, Session};

use super::wire::Wire;
use crate::keys::KeyHolder;
use crate::view;
use crate::wire::RequestId;

/// Whoever sent a request, signed in or not.
#[derive(Debug)]
pub(super) struct Visitor {
    pub(super) session: Session,
    pub(super) origin: Origin,
    pub(super) wire: Wire,
}

impl Visitor {
    /// Returns what is known of their browser.
    pub(super) fn client(&self) -> Client {
        let Origin { ip, user_agent, .. } = &self.origin;
        let label = user_agent.as_ref().and_then(|agent| view::label(agent.as_str()));
        Client { ip: *ip, user_agent: user_agent.clone(), label }
    }

    /// Returns the caller as whoever holds a key.
    pub(super) fn caller(&self, holder: &KeyHolder) -> Caller {
        let mut caller = Caller::new(holder.actor());
        caller.origin = self.origin.clone();
        caller
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Visitor {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, SessionRejection> {
        let session = Session::from_request_parts(parts, state).await?;
        let wire =
            Extension::<Wire>::from_request_parts(parts, state).await.map_or(Wire::Secure, |Extension(wire)| wire);
        let mut origin = Origin::default();
        origin.request_id = parts.extensions.get::<RequestId>().map(RequestId::note);
        origin.ip = parts.extensions.get::<ClientAddress>().map(|ClientAddress(ip)| *ip);
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        origin.user_agent = user_agent.and_then(Note::lossy);
        Ok(Self { session, origin, wire })
    }
}

/// Says in the events of a request where it comes from: the peer of its connection.
pub(super) async fn locate(mut request: Request, next: Next) -> Response {
    if let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<SocketAddr>>().copied() {
        request.extensions_mut().insert(ClientAddress(peer.ip().to_canonical()));
    }
    next.run(request).await
}
