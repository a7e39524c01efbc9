use std::fmt;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use actix_web::Error;
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use hallpass::{Demand, Level};

use crate::place::open_for;

/// Lets requests through to some routes only for sessions that meet a [`Demand`], as the extractor
/// [`Authenticated`](crate::Authenticated) does for one handler. It goes inside of the
/// [`SessionMiddleware`](crate::SessionMiddleware).
///
/// ```
/// use std::time::Duration;
///
/// use actix_web::{App, web};
/// use hallpass::http::CookieCarrier;
/// use hallpass::{MemoryStore, Sessions};
/// use hallpass_actix::{RequireMiddleware, SessionMiddleware};
///
/// let sessions = Sessions::builder().store(MemoryStore::new()).build()?;
/// let account = web::scope("/account")
///     .wrap(RequireMiddleware::fresh(Duration::from_secs(300)))
///     .route("/password", web::post().to(async || "changed"));
/// App::new().wrap(SessionMiddleware::new(sessions, CookieCarrier::default())).service(account);
/// # Ok::<(), hallpass::InvalidSessions>(())
/// ```
pub struct RequireMiddleware<Name = ()> {
    demand: Demand,
    name: PhantomData<fn() -> Name>,
}

impl RequireMiddleware {
    /// Returns the middleware for a demand.
    pub fn new(demand: Demand) -> Self {
        Self { demand, name: PhantomData }
    }

    /// Returns the middleware that asks for a sign-in.
    pub fn signed_in() -> Self {
        Self::new(Demand::signed_in())
    }

    /// Returns the middleware that asks for a proof of at least this strength.
    pub fn level(least: Level) -> Self {
        Self::new(Demand::signed_in().level(least))
    }

    /// Returns the middleware that asks for a proof that was given within this time.
    pub fn fresh(within: Duration) -> Self {
        Self::new(Demand::signed_in().fresh(within))
    }

    /// Returns the same for the sessions of the middleware with this name.
    pub fn named<Name>(self) -> RequireMiddleware<Name> {
        RequireMiddleware { demand: self.demand, name: PhantomData }
    }
}

impl<Name> Clone for RequireMiddleware<Name> {
    fn clone(&self) -> Self {
        Self { demand: self.demand, name: PhantomData }
    }
}

impl<Name> fmt::Debug for RequireMiddleware<Name> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireMiddleware").field("demand", &self.demand).finish()
    }
}

impl<S, B, Name> Transform<S, ServiceRequest> for RequireMiddleware<Name>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
    Name: 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Transform = RequireService<S, Name>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(RequireService { inner: Rc::new(inner), middleware: self.clone() }))
    }
}

/// The service that [`RequireMiddleware`] makes.
pub struct RequireService<S, Name = ()> {
    inner: Rc<S>,
    middleware: RequireMiddleware<Name>,
}

impl<S, Name> fmt::Debug for RequireService<S, Name> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RequireService").field("middleware", &self.middleware).finish_non_exhaustive()
    }
}

impl<S, B, Name> Service<ServiceRequest> for RequireService<S, Name>
where
    S: Service<ServiceRequest, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
    Name: 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Error>>>>;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> Self::Future {
        let inner = Rc::clone(&self.inner);
        let demand = self.middleware.demand;
        Box::pin(async move {
            let opened = open_for::<Name>(request.request(), &demand).await;
            match opened {
                Ok(_) => Ok(inner.call(request).await?.map_into_left_body()),
                Err(rejection) => Ok(request.error_response(rejection).map_into_right_body()),
            }
        })
    }
}
