use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use http::request::Parts;
use http::{Extensions, Request, Response};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::carrier::Carrier;
use super::exchange::{Exchange, HttpSessions};
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
/// use hallpass::{MemoryStore, Session, Sessions};
/// use hallpass::http::{CookieCarrier, SessionLayer};
///
/// async fn visits(session: Session) -> Result<String, String> {
///     let visits = session.update("visits", |visits: Option<u64>| visits.unwrap_or(0) + 1);
///     visits.map(|visits| format!("visit {visits}")).map_err(|error| error.to_string())
/// }
///
/// let sessions = Sessions::builder().store(MemoryStore::new()).build()?;
/// let app: Router = Router::new()
///     .route("/", get(visits))
///     .layer(SessionLayer::new(sessions, CookieCarrier::default()));
/// # Ok::<(), hallpass::InvalidSessions>(())
/// ```
#[derive(Clone)]
pub struct SessionLayer(Arc<Settings>);

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
        Self(Arc::new(Settings { http: HttpSessions::new(sessions, carrier), roomy }))
    }
}

impl fmt::Debug for SessionLayer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionLayer").field("http", &self.0.http).finish_non_exhaustive()
    }
}

impl<S> Layer<S> for SessionLayer {
    type Service = SessionService<S>;

    fn layer(&self, inner: S) -> SessionService<S> {
        SessionService { inner, settings: Arc::clone(&self.0) }
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
        match parts.extensions.get::<Exchange>() {
            Some(exchange) => exchange.open(&parts.headers, parts.extensions.get().copied()).await.map(Some),
            None => Ok(None),
        }
    }
}

/// The service that [`SessionLayer`] makes.
#[derive(Clone)]
pub struct SessionService<S> {
    inner: S,
    settings: Arc<Settings>,
}

impl<S: fmt::Debug> fmt::Debug for SessionService<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionService").field("inner", &self.inner).finish_non_exhaustive()
    }
}

impl<S, RequestBody, ResponseBody> Service<Request<RequestBody>> for SessionService<S>
where
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
        let exchange = self.settings.http.exchange();
        if request.extensions().is_empty() {
            request.extensions_mut().clone_from(&self.settings.roomy);
        }
        request.extensions_mut().insert(exchange.clone());
        ResponseFuture::Handling { handler: self.inner.call(request), exchange }
    }
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
