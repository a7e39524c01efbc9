use std::fmt;
use std::marker::PhantomData;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use axum::body::to_bytes;
use axum_core::body::Body;
use http::request::Parts;
use http::{Request, Response, header};
use pin_project_lite::pin_project;
use tower_layer::Layer;
use tower_service::Service;

use super::guard::{CsrfGuard, Judgement, Suspicion};
use super::proof::Proof;
use crate::http::Problem;
use crate::http::extract::address;
use crate::http::layer::Place;

/// Refuses what would change something and does not come from the application's own pages, as a [`CsrfGuard`] judges it.
/// It goes inside of the session layer, around the routes that it is to protect.
///
/// A form token is looked for in the header `x-csrf-token`, and in the field `csrf_token` of a form that is no longer than
/// [`CsrfGuard::LONGEST_FORM`]; never in the address or a cookie (`CSF-6`).
///
/// ```
/// use axum::{Router, routing::post};
/// use hallpass::http::{CookieCarrier, CsrfGuard, CsrfLayer, SessionLayer};
/// use hallpass::{MemoryStore, Session, Sessions};
///
/// let sessions = Sessions::builder().store(MemoryStore::new()).build()?;
/// let app: Router = Router::new()
///     .route("/log-out", post(async |session: Session| session.log_out()))
///     .layer(CsrfLayer::new(CsrfGuard::builder().origin("https://shop.example").build()?))
///     .layer(SessionLayer::new(sessions, CookieCarrier::default()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CsrfLayer<Name = ()>(Arc<CsrfGuard>, PhantomData<fn() -> Name>);

impl CsrfLayer {
    /// Returns the layer for a guard.
    pub fn new(guard: CsrfGuard) -> Self {
        Self(Arc::new(guard), PhantomData)
    }

    /// Returns the same layer for the form tokens of the [session layer with this name](crate::http::SessionLayer::named).
    pub fn named<Name>(self) -> CsrfLayer<Name> {
        CsrfLayer(self.0, PhantomData)
    }
}

impl<Name> Clone for CsrfLayer<Name> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0), PhantomData)
    }
}

impl<Name> fmt::Debug for CsrfLayer<Name> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CsrfLayer").field(&self.0).finish()
    }
}

impl<S, Name> Layer<S> for CsrfLayer<Name> {
    type Service = CsrfService<S, Name>;

    fn layer(&self, inner: S) -> CsrfService<S, Name> {
        CsrfService { inner, layer: self.clone() }
    }
}

/// The service that [`CsrfLayer`] makes.
pub struct CsrfService<S, Name = ()> {
    inner: S,
    layer: CsrfLayer<Name>,
}

impl<S: Clone, Name> Clone for CsrfService<S, Name> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), layer: self.layer.clone() }
    }
}

impl<S: fmt::Debug, Name> fmt::Debug for CsrfService<S, Name> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsrfService").field("inner", &self.inner).field("layer", &self.layer).finish()
    }
}

impl<S, Name> Service<Request<Body>> for CsrfService<S, Name>
where
    Name: 'static,
    S: Service<Request<Body>, Response = Response<Body>> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response<Body>;
    type Error = S::Error;
    type Future = CsrfResponseFuture<S::Future, S::Error>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let guard = Arc::clone(&self.layer.0);
        if !guard.checks(request.method(), address(request.extensions(), request.uri()), request.headers()) {
            return CsrfResponseFuture::Unchecked { handler: self.inner.call(request), guard };
        }
        // The one that is ready is the one to be called.
        let next = self.inner.clone();
        let inner = mem::replace(&mut self.inner, next);
        CsrfResponseFuture::Checked { checked: Box::pin(check::<S, Name>(guard, inner, request)) }
    }
}

type Checked<E> = Pin<Box<dyn Future<Output = Result<Response<Body>, E>> + Send>>;

pin_project! {
    /// The future of a response to a request that may have been checked.
    #[project = Projected]
    #[allow(missing_docs)] // the fields of its states are nobody's to use
    pub enum CsrfResponseFuture<F, E> {
        #[doc(hidden)]
        Unchecked { #[pin] handler: F, guard: Arc<CsrfGuard> },
        #[doc(hidden)]
        Checked { checked: Checked<E> },
    }
}

impl<F, E> fmt::Debug for CsrfResponseFuture<F, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unchecked { .. } => "CsrfResponseFuture(unchecked)",
            Self::Checked { .. } => "CsrfResponseFuture(checked)",
        })
    }
}

impl<F, E> Future for CsrfResponseFuture<F, E>
where
    F: Future<Output = Result<Response<Body>, E>>,
{
    type Output = Result<Response<Body>, E>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        match self.project() {
            Projected::Checked { checked } => checked.as_mut().poll(context),
            Projected::Unchecked { handler, guard } => {
                let mut response = ready!(handler.poll(context))?;
                guard.tame_cors(response.headers_mut());
                Poll::Ready(Ok(response))
            }
        }
    }
}

/// Judges a request, and calls the handler if nothing speaks against it.
async fn check<S, Name>(guard: Arc<CsrfGuard>, mut inner: S, request: Request<Body>) -> Result<Response<Body>, S::Error>
where
    Name: 'static,
    S: Service<Request<Body>, Response = Response<Body>>,
{
    let (parts, body) = request.into_parts();
    let (suspicion, body) = match guard.judge(&parts.method, address(&parts.extensions, &parts.uri), &parts.headers) {
        Judgement::Pass => (None, body),
        Judgement::Block(suspicion) => (Some(suspicion), body),
        Judgement::Prove(suspicion) => match prove::<Name>(&parts, body).await {
            Ok((is_proven, body)) => ((!is_proven).then_some(suspicion), body),
            Err(problem) => return Ok(problem.into_response()),
        },
    };
    let mut response = match suspicion {
        Some(suspicion) if tell::<Name>(&guard, &parts, suspicion) => CsrfGuard::problem().into_response(),
        _ => inner.call(Request::from_parts(parts, body)).await?,
    };
    response.headers_mut().append(header::VARY, CsrfGuard::VARY);
    guard.tame_cors(response.headers_mut());
    Ok(response)
}

/// Tells of what is refused; answers whether it is.
fn tell<Name: 'static>(guard: &CsrfGuard, parts: &Parts, suspicion: Suspicion) -> bool {
    let exchange = parts.extensions.get::<Place<Name>>().map(Place::exchange);
    guard.tell(exchange, suspicion, &parts.headers, parts.extensions.get().copied())
}

/// Looks for a form token of the request's session: in its header, or in the form, which is put back together.
async fn prove<Name: 'static>(parts: &Parts, body: Body) -> Result<(bool, Body), Problem> {
    let place = parts.extensions.get::<Place<Name>>().ok_or(Problem::NO_LAYER)?;
    let session = place.open(parts).await.map_err(|error| Problem::of(&error))?;
    match CsrfGuard::proof(&parts.headers) {
        Proof::Header(token) => Ok((session.is_form_token(&token), body)),
        Proof::Form => {
            let form = to_bytes(body, CsrfGuard::LONGEST_FORM).await.map_err(|_| BROKEN_FORM)?;
            Ok((CsrfGuard::is_proven_by(&form, &session), Body::from(form)))
        }
        Proof::Missing => Ok((false, body)),
    }
}

const BROKEN_FORM: Problem =
    Problem::new(http::StatusCode::BAD_REQUEST, "broken_form", "The request ended before its form did.");
