use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use hallpass::http::Pages;
use hallpass::{Demands, SignedIn, Subject};

use crate::place::{Place, open, open_for};
use crate::rejection::SessionRejection;

type Extracting<T> = Pin<Box<dyn Future<Output = Result<T, SessionRejection>>>>;

/// The [session](hallpass::Session) of a request, as an extractor: everything of it is here too.
///
/// A token that opens nothing gives an empty session, as no token does; a store that is away gives 503, and never an empty
/// session. It is `Send`, and may go to other tasks.
#[derive(Debug, Clone)]
pub struct Session(hallpass::Session);

impl Session {
    /// Returns the session of a request that came through a [`SessionMiddleware`](crate::SessionMiddleware), for services
    /// and middleware without extractors. The first call opens it.
    ///
    /// # Errors
    ///
    /// [`SessionRejection`] if the store is away, or if the middleware is missing.
    ///
    /// # Cancel safety
    ///
    /// If the future is dropped, the first use of a new token may have been noted.
    pub async fn of_request(request: &HttpRequest) -> Result<Self, SessionRejection> {
        Ok(Self(open::<()>(request).await?.0))
    }

    /// Returns the session itself.
    pub fn into_session(self) -> hallpass::Session {
        self.0
    }
}

impl Deref for Session {
    type Target = hallpass::Session;

    fn deref(&self) -> &hallpass::Session {
        &self.0
    }
}

impl FromRequest for Session {
    type Error = SessionRejection;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Self::of_request(&request).await })
    }
}

/// The session of the middleware with this name, where an app has several beside each other: see
/// [`SessionMiddleware::named`](crate::SessionMiddleware::named). It derefs to its [`Session`](hallpass::Session).
#[derive(Debug)]
pub struct SessionOf<Name>(hallpass::Session, PhantomData<fn() -> Name>);

impl<Name> SessionOf<Name> {
    /// Returns the session itself.
    pub fn into_session(self) -> hallpass::Session {
        self.0
    }
}

impl<Name> Deref for SessionOf<Name> {
    type Target = hallpass::Session;

    fn deref(&self) -> &hallpass::Session {
        &self.0
    }
}

impl<Name: 'static> FromRequest for SessionOf<Name> {
    type Error = SessionRejection;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { Ok(Self(open::<Name>(&request).await?.0, PhantomData)) })
    }
}

/// The session of somebody who has signed in, and whose proof meets a [demand](Demands): by default, any proof does.
///
/// Whoever does not meet it is answered 401 `inactive`, 403 `locked` or 403 `step_up_required`, as
/// `application/problem+json`; a browser that goes to a page is sent to the [page](Pages) where its user can sign in or
/// prove it once more, if the middleware knows one. It derefs to its [`Session`](hallpass::Session).
///
/// ```
/// use hallpass::{AtLevel, Fresh};
/// use hallpass_actix::Authenticated;
///
/// async fn hello(user: Authenticated) -> String {
///     format!("Hello, {}!", user.subject())
/// }
///
/// // Only with two factors, the last of them proven within five minutes.
/// async fn pay(user: Authenticated<(AtLevel<2>, Fresh<300>)>) -> String {
///     format!("{} has paid.", user.subject())
/// }
/// # actix_web::App::new().route("/", actix_web::web::get().to(hello)).route("/pay", actix_web::web::post().to(pay));
/// ```
#[derive(Debug)]
pub struct Authenticated<Demanded = SignedIn, Name = ()> {
    session: hallpass::Session,
    subject: Subject,
    types: PhantomData<fn() -> (Demanded, Name)>,
}

impl<Demanded, Name> Authenticated<Demanded, Name> {
    /// Returns who has signed in.
    pub fn subject(&self) -> &Subject {
        &self.subject
    }

    /// Returns the session itself.
    pub fn into_session(self) -> hallpass::Session {
        self.session
    }
}

impl<Demanded, Name> Deref for Authenticated<Demanded, Name> {
    type Target = hallpass::Session;

    fn deref(&self) -> &hallpass::Session {
        &self.session
    }
}

impl<Demanded: Demands, Name: 'static> FromRequest for Authenticated<Demanded, Name> {
    type Error = SessionRejection;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (session, subject) = open_for::<Name>(&request, &Demanded::DEMAND).await?;
            Ok(Self { session, subject, types: PhantomData })
        })
    }
}

/// The session of a request that a page sends by itself, such as to poll: it counts as no activity, as by
/// [`leave_untouched`](hallpass::Session::leave_untouched). It derefs to its [`Session`](hallpass::Session).
pub struct Background<Name = ()>(hallpass::Session, PhantomData<fn() -> Name>);

impl<Name> Deref for Background<Name> {
    type Target = hallpass::Session;

    fn deref(&self) -> &hallpass::Session {
        &self.0
    }
}

impl<Name: 'static> FromRequest for Background<Name> {
    type Error = SessionRejection;
    type Future = Extracting<Self>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move {
            let (session, _) = open::<Name>(&request).await?;
            session.leave_untouched();
            Ok(Self(session, PhantomData))
        })
    }
}

impl<Name> fmt::Debug for Background<Name> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Background").field(&self.0).finish()
    }
}

/// Where the page of the sign-in is to send its user afterwards, from its query: always somewhere that is allowed. It
/// derefs to its [`ReturnTo`](hallpass::http::ReturnTo).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnTo(hallpass::http::ReturnTo);

impl Deref for ReturnTo {
    type Target = hallpass::http::ReturnTo;

    fn deref(&self) -> &hallpass::http::ReturnTo {
        &self.0
    }
}

impl FromRequest for ReturnTo {
    type Error = Infallible;
    type Future = Ready<Result<Self, Infallible>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let query = request.uri().query();
        let exchange = Place::<()>::find(request);
        let to = exchange.map_or_else(|| Pages::default().return_to(query), |exchange| exchange.return_to(query));
        ready(Ok(Self(to)))
    }
}
