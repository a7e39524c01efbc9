use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use tower_layer::Layer;
use tower_service::Service;

use super::extract::open_for;
use crate::demand::Demand;
use crate::record::Level;

/// Lets requests through to some routes only for sessions that meet a [`Demand`], as the extractor
/// [`Authenticated`](super::Authenticated) does for one handler. It goes inside of the session layer.
///
/// ```
/// use std::time::Duration;
///
/// use axum::{Router, routing::post};
/// use hallpass::http::{CookieCarrier, RequireLayer, SessionLayer};
/// use hallpass::{MemoryStore, Sessions};
///
/// let sessions = Sessions::builder().store(MemoryStore::new()).build()?;
/// let app: Router = Router::new()
///     .route("/password", post(async || "changed"))
///     .route_layer(RequireLayer::fresh(Duration::from_secs(300)))
///     .layer(SessionLayer::new(sessions, CookieCarrier::default()));
/// # Ok::<(), hallpass::InvalidSessions>(())
/// ```
pub struct RequireLayer<Name = ()> {
    demand: Demand,
    name: PhantomData<fn() -> Name>,
}

impl RequireLayer {
    /// Returns the layer for a demand.
    pub fn new(demand: Demand) -> Self {
        Self { demand, name: PhantomData }
    }

    /// Returns the layer that asks for a sign-in.
    pub fn signed_in() -> Self {
        Self::new(Demand::signed_in())
    }

    /// Returns the layer that asks for a proof of at least this strength.
    pub fn level(least: Level) -> Self {
        Self::new(Demand::signed_in().level(least))
    }

    /// Returns the layer that asks for a proof that was given within this time.
    pub fn fresh(within: Duration) -> Self {
        Self::new(Demand::signed_in().fresh(within))
    }

    /// Returns the same layer for the sessions of the layer with this name.
    pub fn named<Name>(self) -> RequireLayer<Name> {
        RequireLayer { demand: self.demand, name: PhantomData }
    }
}

impl<Name> Clone for RequireLayer<Name> {
    fn clone(&self) -> Self {
        Self { demand: self.demand, name: PhantomData }
    }
}

impl<Name> fmt::Debug for RequireLayer<Name> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireLayer").field("demand", &self.demand).finish()
    }
}

impl<S, Name> Layer<S> for RequireLayer<Name> {
    type Service = RequireService<S, Name>;

    fn layer(&self, inner: S) -> RequireService<S, Name> {
        RequireService { inner, layer: self.clone() }
    }
}

/// The service that [`RequireLayer`] makes.
pub struct RequireService<S, Name = ()> {
    inner: S,
    layer: RequireLayer<Name>,
}

impl<S: Clone, Name> Clone for RequireService<S, Name> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), layer: self.layer.clone() }
    }
}

impl<S: fmt::Debug, Name> fmt::Debug for RequireService<S, Name> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireService").field("inner", &self.inner).field("layer", &self.layer).finish()
    }
}

/// The future of a response that first looks at the session.
pub type RequireFuture<B, E> = Pin<Box<dyn Future<Output = Result<Response<B>, E>> + Send>>;

impl<S, Name, RequestBody, ResponseBody> Service<Request<RequestBody>> for RequireService<S, Name>
where
    S: Service<Request<RequestBody>, Response = Response<ResponseBody>> + Clone + Send + 'static,
    S::Future: Send,
    Name: 'static,
    RequestBody: Send + 'static,
    ResponseBody: From<String> + Send + 'static,
{
    type Response = Response<ResponseBody>;
    type Error = S::Error;
    type Future = RequireFuture<ResponseBody, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<RequestBody>) -> Self::Future {
        // The one that is ready is the one to be called.
        let next = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, next);
        let demand = self.layer.demand;
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            match open_for::<Name>(&parts, &demand).await {
                Ok(_) => inner.call(Request::from_parts(parts, body)).await,
                Err(rejection) => Ok(rejection.into_response()),
            }
        })
    }
}
