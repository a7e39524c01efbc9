use std::fmt;
use std::ops::Deref;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::StatusCode;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, HttpResponse, ResponseError};
use hallpass::Error;
use hallpass::http::{ClientAddress, Exchange, Problem};

use crate::headers;

/// The [session](hallpass::Session) of a request, as an extractor: everything of it is here too.
///
/// A token that opens nothing gives an empty session, as no token does; a store that is away gives 503, and never an empty
/// session. It is `Send`, and may go to other tasks.
#[derive(Debug, Clone)]
pub struct Session(hallpass::Session);

impl Session {
    /// Returns the session itself.
    pub fn into_inner(self) -> hallpass::Session {
        self.0
    }

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
    pub fn of_request(request: &HttpRequest) -> impl Future<Output = Result<Self, SessionRejection>> + use<> {
        let extensions = request.extensions();
        let exchange = extensions.get::<Exchange>().cloned();
        let address = extensions.get::<ClientAddress>().copied();
        let read = exchange.as_ref().filter(|exchange| exchange.is_untouched()).map(Exchange::reads);
        let headers = headers::of_request(read.into_iter().flatten(), request.headers());
        async move {
            let exchange = exchange.ok_or(SessionRejection(None))?;
            match exchange.open(&headers, address).await {
                Ok(session) => Ok(Self(session)),
                Err(error) => Err(SessionRejection(Some(error))),
            }
        }
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
    type Future = Pin<Box<dyn Future<Output = Result<Self, SessionRejection>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        Box::pin(Self::of_request(request))
    }
}

/// Why a handler did not get its [`Session`].
#[derive(Debug)]
pub struct SessionRejection(Option<Error>);

impl SessionRejection {
    /// Returns what the store said, or nothing if [`SessionMiddleware`](crate::SessionMiddleware) is missing.
    pub fn error(&self) -> Option<&Error> {
        self.0.as_ref()
    }
}

impl fmt::Display for SessionRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Some(error) => error.fmt(f),
            None => f.write_str("a handler asks for a session on a route without `SessionMiddleware`"),
        }
    }
}

impl ResponseError for SessionRejection {
    fn status_code(&self) -> StatusCode {
        headers::status(
            self.0.as_ref().map_or(http::StatusCode::INTERNAL_SERVER_ERROR, |error| Problem::of(error).status),
        )
    }

    fn error_response(&self) -> HttpResponse {
        let Some(error) = &self.0 else {
            tracing::error!("{self}");
            return HttpResponse::InternalServerError().finish();
        };
        let cause = std::error::Error::source(error);
        tracing::warn!(error = %error, cause = ?cause, "a session could not be opened");
        headers::response(Problem::of(error).into_response())
    }
}
