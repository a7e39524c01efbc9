use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;

use axum::extract::OriginalUri;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;
use http::{Extensions, Uri};

use super::exchange::Exchange;
use super::layer::Place;
use super::rejection::SessionRejection;
use super::return_to::ReturnTo;
use crate::demand::{Demand, Demands, SignedIn};
use crate::error::Error;
use crate::name::Subject;
use crate::session::Session;

impl IntoResponse for SessionRejection {
    fn into_response(self) -> Response {
        self.to_response()
    }
}

/// Answers with its [`Problem`](super::Problem), for handlers that use `?`; what is not the client's doing is logged with
/// its cause.
///
/// ```
/// use hallpass::{Error, Session};
///
/// async fn visits(session: Session) -> Result<String, Error> {
///     let visits = session.update("visits", |visits: Option<u64>| visits.unwrap_or(0) + 1)?;
///     Ok(format!("visit {visits}"))
/// }
/// # axum::Router::<()>::new().route("/", axum::routing::get(visits));
/// ```
impl IntoResponse for Error {
    fn into_response(self) -> Response {
        SessionRejection::new(self, None).to_response()
    }
}

/// Opens the session of the request. A token that opens nothing gives an empty session, as no token does; a store that is
/// away gives 503, and never an empty session.
impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        Ok(open::<()>(parts).await?.0)
    }
}

/// The session of the layer with this name, where an app has several beside each other: see
/// [`SessionLayer::named`](super::SessionLayer::named). It derefs to its [`Session`].
#[derive(Debug)]
pub struct SessionOf<Name>(Session, PhantomData<fn() -> Name>);

impl<Name> SessionOf<Name> {
    /// Returns the session itself.
    pub fn into_session(self) -> Session {
        self.0
    }
}

impl<Name> Deref for SessionOf<Name> {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.0
    }
}

impl<Name: 'static, S: Send + Sync> FromRequestParts<S> for SessionOf<Name> {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        Ok(Self(open::<Name>(parts).await?.0, PhantomData))
    }
}

/// The session of somebody who has signed in, and whose proof meets a [demand](Demands): by default, any proof does.
///
/// Whoever does not meet it is answered 401 `inactive`, 403 `locked` or 403 `step_up_required`, as
/// `application/problem+json`; a browser that goes to a page is sent to the [page](super::Pages) where its user can sign
/// in or prove it once more, if the layer knows one. It derefs to its [`Session`].
///
/// ```
/// use axum::{Router, routing::{get, post}};
/// use hallpass::http::{Authenticated, CookieCarrier, Pages, SessionLayer};
/// use hallpass::{AtLevel, Fresh, MemoryStore, Sessions};
///
/// async fn hello(user: Authenticated) -> String {
///     format!("Hello, {}!", user.subject())
/// }
///
/// // Only with two factors, the last of them proven within five minutes.
/// async fn pay(user: Authenticated<(AtLevel<2>, Fresh<300>)>) -> String {
///     format!("{} has paid.", user.subject())
/// }
///
/// let sessions = Sessions::builder().store(MemoryStore::new()).build()?;
/// let layer = SessionLayer::new(sessions, CookieCarrier::default())
///     .pages(Pages::sign_in_at("/sign-in")?.step_up_at("/confirm")?);
/// let app: Router = Router::new().route("/", get(hello)).route("/pay", post(pay)).layer(layer);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Authenticated<Demanded = SignedIn, Name = ()> {
    session: Session,
    subject: Subject,
    types: PhantomData<fn() -> (Demanded, Name)>,
}

impl<Demanded, Name> Authenticated<Demanded, Name> {
    /// Returns who has signed in.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Returns the session itself.
    pub fn into_session(self) -> Session {
        self.session
    }
}

impl<Demanded, Name> Deref for Authenticated<Demanded, Name> {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.session
    }
}

impl<Demanded: Demands, Name: 'static, S: Send + Sync> FromRequestParts<S> for Authenticated<Demanded, Name> {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        let (session, subject) = open_for::<Name>(parts, &Demanded::DEMAND).await?;
        Ok(Self { session, subject, types: PhantomData })
    }
}

/// The session of a request that a page sends by itself, such as to poll: it counts as no activity, as by
/// [`Session::leave_untouched`]. It derefs to its [`Session`].
///
/// ```
/// use axum::{Router, routing::get};
/// use hallpass::http::Background;
///
/// // For a page that warns before the session ends.
/// async fn time_left(session: Background) -> String {
///     session.time_left().map_or_else(|| "0".to_owned(), |left| left.least().as_secs().to_string())
/// }
///
/// let app: Router = Router::new().route("/session/time-left", get(time_left));
/// ```
pub struct Background<Name = ()>(Session, PhantomData<fn() -> Name>);

impl<Name> Deref for Background<Name> {
    type Target = Session;

    fn deref(&self) -> &Session {
        &self.0
    }
}

impl<Name: 'static, S: Send + Sync> FromRequestParts<S> for Background<Name> {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        let (session, _) = open::<Name>(parts).await?;
        session.leave_untouched();
        Ok(Self(session, PhantomData))
    }
}

impl<Name> fmt::Debug for Background<Name> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Background").field(&self.0).finish()
    }
}

/// Where the page of the sign-in is to send its user afterwards, from its query: always somewhere that is allowed.
impl<S: Send + Sync> FromRequestParts<S> for ReturnTo {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        let query = parts.uri.query();
        let exchange = parts.extensions.get::<Place<()>>().map(Place::exchange);
        Ok(exchange.map_or_else(|| super::Pages::default().return_to(query), |exchange| exchange.return_to(query)))
    }
}

/// Opens the session of the layer with this name.
async fn open<Name: 'static>(parts: &Parts) -> Result<(Session, &Exchange), SessionRejection> {
    let place = parts.extensions.get::<Place<Name>>().ok_or_else(SessionRejection::missing_layer)?;
    let exchange = place.exchange();
    match place.open(parts).await {
        Ok(session) => Ok((session, exchange)),
        Err(error) => Err(reject(exchange, error, parts)),
    }
}

/// Opens the session of the layer with this name for somebody who meets a demand.
pub(super) async fn open_for<Name: 'static>(
    parts: &Parts,
    demand: &Demand,
) -> Result<(Session, Subject), SessionRejection> {
    let (session, exchange) = open::<Name>(parts).await?;
    match session.meets(demand) {
        Ok(subject) => Ok((session, subject)),
        Err(error) => Err(reject(exchange, error, parts)),
    }
}

fn reject(exchange: &Exchange, error: Error, parts: &Parts) -> SessionRejection {
    exchange.reject(error, &parts.method, address(&parts.extensions, &parts.uri), &parts.headers)
}

/// Returns the whole address of a request: inside of a nested router, its own is without what led there.
pub(super) fn address<'a>(extensions: &'a Extensions, uri: &'a Uri) -> &'a Uri {
    extensions.get().map_or(uri, |OriginalUri(whole)| whole)
}
