use std::fmt;
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
use crate::event::EventKind;
use crate::http::Problem;
use crate::http::layer::Place;
use crate::session::{FormToken, Session};

/// Refuses what would change something and does not come from the application's own pages, as a [`CsrfGuard`] judges it.
/// It goes inside of the session layer, around the routes that it is to protect.
///
/// A form token is looked for in the header `x-csrf-token`, and in the field `csrf_token` of a form that is no longer than
/// [`CsrfLayer::LONGEST_FORM`]; never in the address or a cookie (`CSF-6`).
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
#[derive(Debug, Clone)]
pub struct CsrfLayer(Arc<CsrfGuard>);

impl CsrfLayer {
    /// How many bytes of a form are read in search of a token: 1 MiB.
    pub const LONGEST_FORM: usize = 1 << 20;

    /// Returns the layer for a guard.
    pub fn new(guard: CsrfGuard) -> Self {
        Self(Arc::new(guard))
    }
}

impl<S> Layer<S> for CsrfLayer {
    type Service = CsrfService<S>;

    fn layer(&self, inner: S) -> CsrfService<S> {
        CsrfService { inner, guard: Arc::clone(&self.0) }
    }
}

/// The service that [`CsrfLayer`] makes.
#[derive(Debug, Clone)]
pub struct CsrfService<S> {
    inner: S,
    guard: Arc<CsrfGuard>,
}

impl<S> Service<Request<Body>> for CsrfService<S>
where
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
        let guard = Arc::clone(&self.guard);
        if !guard.checks(request.method(), request.uri(), request.headers()) {
            return CsrfResponseFuture::Unchecked { handler: self.inner.call(request), guard };
        }
        // The one that is ready is the one to be called.
        let next = self.inner.clone();
        let inner = mem::replace(&mut self.inner, next);
        CsrfResponseFuture::Checked { checked: Box::pin(check(guard, inner, request)) }
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
                tame(guard, &mut response);
                Poll::Ready(Ok(response))
            }
        }
    }
}

/// Judges a request, and calls the handler if nothing speaks against it.
async fn check<S>(guard: Arc<CsrfGuard>, mut inner: S, request: Request<Body>) -> Result<Response<Body>, S::Error>
where
    S: Service<Request<Body>, Response = Response<Body>>,
{
    let (parts, body) = request.into_parts();
    let (suspicion, body) = match guard.judge(&parts.method, &parts.uri, &parts.headers) {
        Judgement::Pass => (None, body),
        Judgement::Block(suspicion) => (Some(suspicion), body),
        Judgement::Prove(suspicion) => match prove(&parts, body).await {
            Ok((is_proven, body)) => ((!is_proven).then_some(suspicion), body),
            Err(problem) => return Ok(problem.into_response()),
        },
    };
    let mut response = match suspicion {
        Some(suspicion) if tell(&guard, &parts, suspicion) => CsrfGuard::problem().into_response(),
        _ => inner.call(Request::from_parts(parts, body)).await?,
    };
    response.headers_mut().append(header::VARY, CsrfGuard::VARY);
    tame(&guard, &mut response);
    Ok(response)
}

/// Tells of what is refused; answers whether it is.
fn tell(guard: &CsrfGuard, parts: &Parts, suspicion: Suspicion) -> bool {
    let is_refused = !guard.is_log_only();
    let note = if is_refused { suspicion.as_str().to_owned() } else { format!("{}, let through", suspicion.as_str()) };
    if let Some(place) = parts.extensions.get::<Place<()>>() {
        place.exchange().report(EventKind::CsrfBlocked, &note, &parts.headers, parts.extensions.get().copied());
    } else {
        tracing::warn!(suspicion = note, "a request did not come from the application's own pages");
    }
    is_refused
}

/// Looks for a form token of the request's session: in its header, or in the form, which is put back together.
async fn prove(parts: &Parts, body: Body) -> Result<(bool, Body), Problem> {
    let session = match Session::of_request(parts).await {
        Ok(Some(session)) => session,
        Ok(None) => {
            tracing::error!(
                "a form token cannot be checked on a route without a session: put `CsrfLayer` inside of `SessionLayer`"
            );
            return Ok((false, body));
        }
        Err(error) => return Err(Problem::of(&error)),
    };
    if let Some(token) = parts.headers.get(FormToken::HEADER) {
        return Ok((token.to_str().is_ok_and(|token| session.is_form_token(token)), body));
    }
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let essence = kind.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/x-www-form-urlencoded") {
        return Ok((false, body));
    }
    let length =
        parts.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if length.is_none_or(|length| length > CsrfLayer::LONGEST_FORM) {
        return Ok((false, body));
    }
    let bytes = to_bytes(body, CsrfLayer::LONGEST_FORM).await.map_err(|_| BROKEN_FORM)?;
    let is_proven = form_urlencoded::parse(&bytes)
        .find(|(name, _)| name == FormToken::FIELD)
        .is_some_and(|(_, token)| session.is_form_token(&token));
    Ok((is_proven, Body::from(bytes)))
}

const BROKEN_FORM: Problem =
    Problem::new(http::StatusCode::BAD_REQUEST, "broken_form", "The request ended before its form did.");

fn tame(guard: &CsrfGuard, response: &mut Response<Body>) {
    if guard.tame_cors(response.headers_mut()) {
        tracing::error!(
            "a response lets pages of any origin read what is for one client: name the origins that may, with `CsrfBuilder::trust`"
        );
    }
}
