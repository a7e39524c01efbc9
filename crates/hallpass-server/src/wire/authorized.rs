use std::marker::PhantomData;
use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, FromRequestParts};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use hallpass::{Actor, Caller, Note, Realm, Sessions};

use super::{Problem, RequestId};
use crate::app::App;
use crate::audit::route;
use crate::keys::{KeyHolder, Right, is_key_shaped};

/// Proof that the caller showed an API key whose role has the right `R`.
#[derive(Debug)]
pub(crate) struct Authorized<R> {
    pub(crate) holder: Arc<KeyHolder>,
    request_id: RequestId,
    route: Option<Note>,
    right: PhantomData<R>,
}

/// A right, as a type.
pub(crate) trait Needs: Send {
    const RIGHT: Right;
}

macro_rules! right {
    ($($name:ident),+) => {$(
        #[derive(Debug)]
        pub(crate) struct $name;

        impl Needs for $name {
            const RIGHT: Right = Right::$name;
        }
    )+};
}

right!(Serve, View, Revoke, Audit, Administer);

impl<R> Authorized<R> {
    /// Returns the sessions of the key's realm.
    pub(crate) fn sessions(&self) -> &Sessions {
        &self.holder.sessions
    }

    /// Returns the caller as whoever holds the key.
    pub(crate) fn caller(&self) -> Caller {
        self.named(self.holder.actor())
    }

    /// Returns the caller as the person whose token the holder of the key passes on.
    pub(crate) fn user(&self) -> Caller {
        self.named(Actor::user())
    }

    /// Refuses a key of one application, where what is asked for is of all of them.
    pub(crate) fn needs_all_realms(&self, why: &'static str) -> Result<(), Problem> {
        if *self.sessions().realm() == Realm::default() {
            return Ok(());
        }
        Err(Problem::new(StatusCode::FORBIDDEN, "insufficient_role", why))
    }

    fn named(&self, actor: Actor) -> Caller {
        let mut caller = Caller::new(actor);
        caller.origin.request_id = Some(self.request_id.note());
        caller.origin.route.clone_from(&self.route);
        caller
    }
}

impl<R: Needs> Authorized<R> {
    /// Returns the proof, if this key is one.
    pub(crate) async fn by_key(key: &str, parts: &Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let holder = if is_key_shaped(key) { app.ring.holder(key).await? } else { None };
        let Some(holder) = holder else { return Err(unknown(parts, app)) };
        if !holder.info.role.has(R::RIGHT) {
            let detail = format!("The role `{}` of this API key may not do this.", holder.info.role);
            return Err(Problem::new(StatusCode::FORBIDDEN, "insufficient_role", detail));
        }
        let request_id = parts.extensions.get::<RequestId>().cloned().ok_or_else(Problem::internal)?;
        let proof = Self { holder, request_id, route: route(parts), right: PhantomData };
        app.actions.ask(R::RIGHT, parts, &proof.caller(), proof.sessions()).await?;
        Ok(proof)
    }
}

impl<R: Needs> FromRequestParts<Arc<App>> for Authorized<R> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &Arc<App>) -> Result<Self, Problem> {
        let key = bearer(&parts.headers).ok_or_else(Problem::bad_api_key)?;
        Self::by_key(key, parts, app).await
    }
}

/// Returns the problem of whoever shows a key that there is not.
fn unknown(parts: &Parts, app: &App) -> Problem {
    let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    match app.guessed(peer) {
        Some(wait) => Problem::too_many_guesses(StatusCode::TOO_MANY_REQUESTS, wait),
        None => Problem::bad_api_key(),
    }
}

/// Returns what stands behind `Bearer` in the one header that a request may have for it.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, key) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim_start_matches(' '))
}
