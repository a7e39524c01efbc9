use std::fmt;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use actix_web::HttpMessage as _;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::error::{Error, InternalError};
use hallpass::Sessions;
use hallpass::http::{Carrier, Exchange, HttpSessions, Pages, Problem};
use pin_project_lite::pin_project;

use crate::headers;
use crate::place::Place;

/// Gives each request its [`Session`](crate::Session), and saves what the request did to it when the response head is ready.
///
/// A request that asks for no session costs no round trip to the store and gets no cookie. If a commit fails, its problem
/// takes the place of the response: a write that was lost is never answered with success. The response then has the
/// [`Problem`] as an extension, for middleware further out that shows a page instead.
///
/// Make it once, and clone it into every worker: clones are one.
///
/// ```
/// use actix_web::{App, web};
/// use hallpass::http::CookieCarrier;
/// use hallpass::{MemoryStore, Sessions};
/// use hallpass_actix::{Error, Session, SessionMiddleware};
///
/// async fn visits(session: Session) -> Result<String, Error> {
///     let visits = session.update("visits", |visits: Option<u64>| visits.unwrap_or(0) + 1)?;
///     Ok(format!("visit {visits}"))
/// }
///
/// let sessions = Sessions::builder().store(MemoryStore::new()).build()?;
/// let middleware = SessionMiddleware::new(sessions, CookieCarrier::default());
/// let app = move || App::new().wrap(middleware.clone()).route("/", web::get().to(visits));
/// # actix_web::HttpServer::new(app);
/// # Ok::<(), hallpass::InvalidSessions>(())
/// ```
pub struct SessionMiddleware<Name = ()>(HttpSessions, PhantomData<fn() -> Name>);

impl SessionMiddleware {
    /// Returns the middleware for `sessions` whose tokens travel by `carrier`.
    pub fn new(sessions: Sessions, carrier: impl Carrier) -> Self {
        Self(HttpSessions::new(sessions, carrier), PhantomData)
    }

    /// Gives the sessions of this middleware a name, for an app that has several beside each other, each with a cookie and
    /// an end of its own: `/admin` beside the rest of a shop. Handlers ask for them by [`SessionOf`](crate::SessionOf), and
    /// [`Authenticated`](crate::Authenticated) takes the name as its second type.
    ///
    /// Two around one route with the same name, or the same cookie, would take each other's place: such a request is
    /// answered 500, and says what to do.
    pub fn named<Name>(self) -> SessionMiddleware<Name> {
        SessionMiddleware(self.0, PhantomData)
    }
}

impl<Name> SessionMiddleware<Name> {
    /// Sends people who have to sign in, or to prove it once more, to these pages; without, they are told like programs.
    #[must_use]
    pub fn pages(self, pages: Pages) -> Self {
        Self(self.0.pages(pages), PhantomData)
    }
}

impl<Name> Clone for SessionMiddleware<Name> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl<Name> fmt::Debug for SessionMiddleware<Name> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SessionMiddleware").field(&self.0).finish()
    }
}

impl<S, B, Name> Transform<S, ServiceRequest> for SessionMiddleware<Name>
where
    Name: 'static,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = SessionService<S, Name>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(SessionService { inner, middleware: self.clone() }))
    }
}

/// The service that [`SessionMiddleware`] makes.
pub struct SessionService<S, Name = ()> {
    inner: S,
    middleware: SessionMiddleware<Name>,
}

impl<S, Name> fmt::Debug for SessionService<S, Name> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService").field("middleware", &self.middleware).finish_non_exhaustive()
    }
}

impl<S, B, Name> Service<ServiceRequest> for SessionService<S, Name>
where
    Name: 'static,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = ResponseFuture<S::Future, B>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let exchange = self.middleware.0.exchange();
        let outer = Place::<()>::find(request.request());
        if outer.is_some_and(|outer| outer.is_in_place_of(&exchange)) {
            return misplaced(request, Problem::SAME_COOKIE);
        }
        if request.extensions_mut().insert(Place::<Name>::new(exchange.clone())).is_some() {
            return misplaced(request, Problem::SAME_NAME);
        }
        ResponseFuture::Handling { handler: self.inner.call(request), exchange }
    }
}

/// Answers a request that came through middleware which is in each other's way.
fn misplaced<F, B: MessageBody + 'static>(request: ServiceRequest, problem: Problem) -> ResponseFuture<F, B> {
    tracing::error!("{}", problem.detail);
    let response = request.into_response(headers::response(problem.into_response())).map_into_right_body();
    ResponseFuture::Committing { commit: Box::pin(ready(Ok(response))) }
}

type Handled<B> = Result<ServiceResponse<B>, Error>;
type Answer<B> = Result<ServiceResponse<EitherBody<B>>, Error>;
type Committing<B> = Pin<Box<dyn Future<Output = Answer<B>>>>;

pin_project! {
    /// The future of a response whose session is committed when its head is ready.
    #[project = Projected]
    #[allow(missing_docs)] // the fields of its states are nobody's to use
    pub enum ResponseFuture<F, B> {
        #[doc(hidden)]
        Handling { #[pin] handler: F, exchange: Exchange },
        #[doc(hidden)]
        Committing { commit: Committing<B> },
    }
}

impl<F, B> fmt::Debug for ResponseFuture<F, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Handling { .. } => "ResponseFuture(handling)",
            Self::Committing { .. } => "ResponseFuture(committing)",
        })
    }
}

impl<F, B> Future for ResponseFuture<F, B>
where
    F: Future<Output = Handled<B>>,
    B: MessageBody + 'static,
{
    type Output = Answer<B>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Answer<B>> {
        loop {
            let commit = match self.as_mut().project() {
                Projected::Committing { commit } => return commit.as_mut().poll(context),
                Projected::Handling { handler, exchange } => {
                    let handled = std::task::ready!(handler.poll(context));
                    if exchange.is_untouched() {
                        return Poll::Ready(handled.map(ServiceResponse::map_into_left_body));
                    }
                    if !exchange.needs_commit() {
                        return Poll::Ready(finish(exchange, handled));
                    }
                    commit(exchange.clone(), handled)
                }
            };
            self.set(Self::Committing { commit });
        }
    }
}

fn commit<B: MessageBody + 'static>(exchange: Exchange, handled: Handled<B>) -> Committing<B> {
    Box::pin(async move {
        match exchange.commit().await {
            Ok(()) => finish(&exchange, handled),
            Err(problem) => finish_with(&exchange, &problem, handled),
        }
    })
}

/// Writes what the session asks of the client to a response, or to that which an error becomes further out.
fn finish<B: MessageBody>(exchange: &Exchange, handled: Handled<B>) -> Answer<B> {
    match handled {
        Ok(mut response) => {
            headers::write(response.headers_mut(), |headers| exchange.finish(headers));
            Ok(response.map_into_left_body())
        }
        Err(mut error) => {
            let mut written = headers::of_response(error.error_response().headers());
            exchange.finish(&mut written);
            error.add_response_mapper(move |mut response| {
                headers::copy(&written, response.headers_mut());
                response
            });
            Err(error)
        }
    }
}

/// Puts a problem in the place of whatever was to be answered.
fn finish_with<B: MessageBody>(exchange: &Exchange, problem: &Problem, handled: Handled<B>) -> Answer<B> {
    let mut response = headers::response(problem.into_response());
    headers::write(response.headers_mut(), |headers| exchange.finish(headers));
    match handled {
        Ok(replaced) => Ok(replaced.into_response(response).map_into_right_body()),
        Err(_) => Err(InternalError::from_response(problem.detail, response).into()),
    }
}
