use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::request::Parts;
use http::{Extensions, Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::background::IsBackground;
use super::carrier::Carrier;
use super::exchange::{Exchange, HttpSessions};
use super::pages::Pages;
use super::problem::Problem;
use crate::error::Error;
use crate::session::Session;
use crate::sessions::Sessions;

/// Gives each request its [`Session`], and saves what the request did to it when the response head is ready.
///
/// A request that asks for no session costs no round trip to the store and gets no cookie. If a commit fails, its problem
/// takes the place of the response: a write that was lost is never answered with success. The response then has the
/// [`Problem`](super::Problem) as an extension, for middleware further out that shows a page instead.
///
/// ```
/// use axum::{Router, routing::get};
/// use hallpass::{Error, MemoryStore, Session, Sessions};
/// use hallpass::http::{CookieCarrier, SessionLayer};
///
/// async fn visits(session: Session) -> Result<String, Error> {
///     let visits = session.update("visits", |visits: Option<u64>| visits.unwrap_or(0) + 1)?;
///     Ok(format!("visit {visits}"))
/// }
///
/// let sessions = Sessions::builder().store(MemoryStore::new()).build()?;
/// let app: Router = Router::new()
///     .route("/", get(visits))
///     .layer(SessionLayer::new(sessions, CookieCarrier::default()));
/// # Ok::<(), hallpass::InvalidSessions>(())
/// ```
pub struct SessionLayer<Name = ()>(Arc<Settings>, PhantomData<fn() -> Name>);

struct Settings {
    http: HttpSessions,
    /// An empty map with room for what routers put into a request besides our exchange, so that it need not grow each time.
    roomy: Extensions,
}

impl SessionLayer {
    /// Returns the layer for `sessions` whose tokens travel by `carrier`.
    pub fn new(sessions: Sessions, carrier: impl Carrier) -> Self {
        let mut roomy = Extensions::new();
        roomy.insert(0_u8);
        roomy.insert(0_u16);
        roomy.insert(0_u32);
        roomy.insert(0_u64);
        roomy.clear();
        Self(Arc::new(Settings { http: HttpSessions::new(sessions, carrier), roomy }), PhantomData)
    }

    /// Gives the sessions of this layer a name, for an app that has several beside each other, each with a cookie and an
    /// end of its own: `/admin` beside the rest of a shop. Handlers ask for them by [`SessionOf`](super::SessionOf), and
    /// [`Authenticated`](super::Authenticated) takes the name as its second type.
    ///
    /// Two layers around one route with the same name, or the same cookie, would take each other's place: such a request
    /// is answered 500, which says what to do.
    ///
    /// ```
    /// use axum::{Router, routing::{get, post}};
    /// use hallpass::http::{CookieCarrier, SessionLayer, SessionOf};
    /// use hallpass::{MemoryStore, Realm, Session, Sessions};
    ///
    /// enum Admin {}
    ///
    /// let shop = Sessions::builder().store(MemoryStore::new()).build()?;
    /// let admin = shop.in_realm(Realm::new("admin")?);
    /// let cookie = CookieCarrier::builder().name("__Secure-admin").path("/admin").build()?;
    ///
    /// let app: Router = Router::new()
    ///     .route("/admin/log-out", post(async |admin: SessionOf<Admin>| admin.log_out()))
    ///     .route_layer(SessionLayer::new(admin, cookie).named::<Admin>())
    ///     .route("/", get(async |session: Session| format!("{:?}", session.subject())))
    ///     .layer(SessionLayer::new(shop, CookieCarrier::default()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn named<Name>(self) -> SessionLayer<Name> {
        SessionLayer(self.0, PhantomData)
    }
}

impl<Name> SessionLayer<Name> {
    /// Sends people who have to sign in, or to prove it once more, to these pages; without, they are told like programs.
    #[must_use]
    pub fn pages(self, pages: Pages) -> Self {
        let settings = Settings { http: self.0.http.pages(pages), roomy: self.0.roomy.clone() };
        Self(Arc::new(settings), PhantomData)
    }
}

impl<Name> Clone for SessionLayer<Name> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0), PhantomData)
    }
}

impl<Name> fmt::Debug for SessionLayer<Name> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayer").field("http", &self.0.http).finish_non_exhaustive()
    }
}

impl<S, Name> Layer<S> for SessionLayer<Name> {
    type Service = SessionService<S, Name>;

    fn layer(&self, inner: S) -> SessionService<S, Name> {
        SessionService { inner, layer: self.clone() }
    }
}

/// What a request carries to whoever asks for the session of the layer with this name.
pub(super) struct Place<Name>(Exchange, PhantomData<fn() -> Name>);

impl<Name> Place<Name> {
    pub(super) fn exchange(&self) -> &Exchange {
        &self.0
    }

    pub(super) async fn open(&self, parts: &Parts) -> Result<Session, Error> {
        let session = self.0.open(&parts.headers, parts.extensions.get().copied()).await?;
        if parts.extensions.get::<IsBackground>().is_some() {
            session.leave_untouched();
        }
        Ok(session)
    }
}

impl<Name> Clone for Place<Name> {
    fn clone(&self) -> Self {
        Self(self.0.clone(), PhantomData)
    }
}

impl Session {
    /// Returns the session of a request that came through a [`SessionLayer`], for services without an extractor; nothing
    /// if it came through none. The first call opens it.
    ///
    /// # Errors
    ///
    /// [`Error::is_unavailable`] if the store is away. A token that opens nothing gives an empty session, as no token does.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the first use of a new token may have been noted.
    pub async fn of_request(parts: &Parts) -> Result<Option<Self>, Error> {
        match parts.extensions.get::<Place<()>>() {
            Some(place) => place.open(parts).await.map(Some),
            None => Ok(None),
        }
    }
}

/// The service that [`SessionLayer`] makes.
pub struct SessionService<S, Name = ()> {
    inner: S,
    layer: SessionLayer<Name>,
}

impl<S: Clone, Name> Clone for SessionService<S, Name> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), layer: self.layer.clone() }
    }
}

impl<S: fmt::Debug, Name> fmt::Debug for SessionService<S, Name> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S, Name, RequestBody, ResponseBody> Service<Request<RequestBody>> for SessionService<S, Name>
where
    Name: 'static,
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>>,
    ResponseBody: From<String> + Send + 'static,
{
    type Response = Response<ResponseBody>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, ResponseBody>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<RequestBody>) -> Self::Future {
        let Settings { http, roomy } = &*self.layer.0;
        let exchange = http.exchange();
        let extensions = request.extensions_mut();
        if extensions.is_empty() {
            extensions.clone_from(roomy);
        } else if let Some(outer) = extensions.get::<Place<()>>()
            && outer.exchange().is_in_place_of(&exchange)
        {
            return misplaced(Problem::SAME_COOKIE);
        }
        if extensions.insert(Place::<Name>(exchange.clone(), PhantomData)).is_some() {
            return misplaced(Problem::SAME_NAME);
        }
        ResponseFuture::Handling { handler: self.inner.call(request), exchange }
    }
}

/// Answers a request that came through layers which are in each other's way.
fn misplaced<F, B: From<String> + Send + 'static>(problem: Problem) -> ResponseFuture<F, B> {
    tracing::error!("{}", problem.detail);
    ResponseFuture::Committing { commit: Box::pin(std::future::ready(problem.into_response())) }
}

type Committing<B> = Pin<Box<dyn Future<Output = Response<B>> + Send>>;

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

impl<F, B, E> Future for ResponseFuture<F, B>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: From<String> + Send + 'static,
{
    type Output = Result<Response<B>, E>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            let commit = match self.as_mut().project() {
                Projected::Committing { commit } => return commit.as_mut().poll(context).map(Ok),
                Projected::Handling { handler, exchange } => {
                    let mut response = ready!(handler.poll(context))?;
                    if exchange.is_untouched() {
                        return Poll::Ready(Ok(response));
                    }
                    if !exchange.needs_commit() {
                        exchange.finish(response.headers_mut());
                        return Poll::Ready(Ok(response));
                    }
                    commit(exchange.clone(), response)
                }
            };
            self.set(Self::Committing { commit });
        }
    }
}

fn commit<B: From<String> + Send + 'static>(exchange: Exchange, mut response: Response<B>) -> Committing<B> {
    Box::pin(async move {
        if let Err(problem) = exchange.commit().await {
            response = problem.into_response();
        }
        exchange.finish(response.headers_mut());
        response
    })
}
