use std::fmt;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll};

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Payload, Service, ServiceRequest, ServiceResponse, Transform};
use actix_web::error::PayloadError;
use actix_web::web::Bytes;
use actix_web::{Error, HttpMessage as _};
use futures_util::{StreamExt as _, stream};
use hallpass::http::{CsrfGuard, Judgement, Proof};
use http::{HeaderMap, header};

use crate::headers;
use crate::place::{Place, address, open};

/// Refuses what would change something and does not come from the application's own pages, as a [`CsrfGuard`] judges it.
/// It goes inside of the [`SessionMiddleware`](crate::SessionMiddleware), around the routes that it is to protect.
///
/// A form token is looked for in the header `x-csrf-token`, and in the field `csrf_token` of a form that is no longer than
/// [`CsrfGuard::LONGEST_FORM`]; never in the address or a cookie (`CSF-6`).
///
/// ```
/// use actix_web::{App, web};
/// use hallpass::http::{CookieCarrier, CsrfGuard};
/// use hallpass::{MemoryStore, Sessions};
/// use hallpass_actix::{CsrfMiddleware, Session, SessionMiddleware};
///
/// let sessions = Sessions::builder().store(MemoryStore::new()).build()?;
/// App::new()
///     .route("/log-out", web::post().to(async |session: Session| {
///         session.log_out();
///         "bye"
///     }))
///     .wrap(CsrfMiddleware::new(CsrfGuard::builder().origin("https://shop.example").build()?))
///     .wrap(SessionMiddleware::new(sessions, CookieCarrier::default()));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct CsrfMiddleware<Name = ()>(Arc<CsrfGuard>, PhantomData<fn() -> Name>);

impl CsrfMiddleware {
    /// Returns the middleware for a guard.
    pub fn new(guard: CsrfGuard) -> Self {
        Self(Arc::new(guard), PhantomData)
    }

    /// Returns the same for the form tokens of the
    /// [session middleware with this name](crate::SessionMiddleware::named).
    pub fn named<Name>(self) -> CsrfMiddleware<Name> {
        CsrfMiddleware(self.0, PhantomData)
    }
}

impl<Name> Clone for CsrfMiddleware<Name> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0), PhantomData)
    }
}

impl<Name> fmt::Debug for CsrfMiddleware<Name> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("CsrfMiddleware").field(&self.0).finish()
    }
}

impl<S, B, Name> Transform<S, ServiceRequest> for CsrfMiddleware<Name>
where
    Name: 'static,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = CsrfService<S, Name>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(CsrfService { inner: Rc::new(inner), middleware: self.clone() }))
    }
}

/// The service that [`CsrfMiddleware`] makes.
pub struct CsrfService<S, Name = ()> {
    inner: Rc<S>,
    middleware: CsrfMiddleware<Name>,
}

impl<S, Name> fmt::Debug for CsrfService<S, Name> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CsrfService").field("middleware", &self.middleware).finish_non_exhaustive()
    }
}

type Answer<B> = Result<ServiceResponse<EitherBody<B>>, Error>;

impl<S, B, Name> Service<ServiceRequest> for CsrfService<S, Name>
where
    Name: 'static,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Answer<B>>>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let (inner, guard) = (Rc::clone(&self.inner), Arc::clone(&self.middleware.0));
        Box::pin(async move {
            let (method, uri) = (headers::method(request.method()), headers::uri(request.uri()));
            let mut response =
                if guard.checks(&method, &uri, &headers::of_request([header::UPGRADE], request.headers())) {
                    let judgement = guard.judge(&method, &uri, &headers::all(request.headers()));
                    let mut response = check::<S, B, Name>(&guard, judgement, &*inner, request).await?;
                    let vary = HeaderMap::from_iter([(header::VARY, CsrfGuard::VARY)]);
                    headers::copy(&vary, response.headers_mut());
                    response
                } else {
                    inner.call(request).await?.map_into_left_body()
                };
            tame(&guard, &mut response);
            Ok(response)
        })
    }
}

/// Calls the handler if nothing speaks against it.
async fn check<S, B, Name>(guard: &CsrfGuard, judgement: Judgement, inner: &S, mut request: ServiceRequest) -> Answer<B>
where
    Name: 'static,
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    let suspicion = match judgement {
        Judgement::Pass => None,
        Judgement::Block(suspicion) => Some(suspicion),
        Judgement::Prove(suspicion) => match prove::<Name>(&mut request).await {
            Ok(is_proven) => (!is_proven).then_some(suspicion),
            Err(error) => return Ok(request.error_response(error).map_into_right_body()),
        },
    };
    if let Some(suspicion) = suspicion {
        let exchange = Place::<Name>::find(request.request());
        let (sent, address) = (headers::all(request.headers()), address(request.request()));
        if guard.tell(exchange.as_ref(), suspicion, &sent, address) {
            let refusal = headers::response(CsrfGuard::problem().into_response());
            return Ok(request.into_response(refusal).map_into_right_body());
        }
    }
    Ok(inner.call(request).await?.map_into_left_body())
}

/// Looks for a form token of the request's session: in its header, or in the form, which is put back together.
async fn prove<Name: 'static>(request: &mut ServiceRequest) -> Result<bool, Error> {
    let (session, _) = open::<Name>(request.request()).await?;
    match CsrfGuard::proof(&headers::all(request.headers())) {
        Proof::Header(token) => Ok(session.is_form_token(&token)),
        Proof::Form => {
            let form = read(request.take_payload()).await?;
            let is_proven = CsrfGuard::is_proven_by(&form, &session);
            request.set_payload(Payload::Stream {
                payload: Box::pin(stream::iter([Ok::<_, PayloadError>(Bytes::from(form))])),
            });
            Ok(is_proven)
        }
        Proof::Missing => Ok(false),
    }
}

async fn read(mut payload: Payload) -> Result<Vec<u8>, Error> {
    let mut form = Vec::new();
    while let Some(chunk) = payload.next().await {
        form.extend_from_slice(&chunk?);
        if form.len() > CsrfGuard::LONGEST_FORM {
            return Err(PayloadError::Overflow.into());
        }
    }
    Ok(form)
}

fn tame<B>(guard: &CsrfGuard, response: &mut ServiceResponse<B>) {
    let (origin, credentials) = (header::ACCESS_CONTROL_ALLOW_ORIGIN, header::ACCESS_CONTROL_ALLOW_CREDENTIALS);
    let mut said = headers::of_request([origin, credentials.clone()], response.headers());
    if guard.tame_cors(&mut said) && !said.contains_key(&credentials) {
        response.headers_mut().remove(credentials.as_str());
    }
}
