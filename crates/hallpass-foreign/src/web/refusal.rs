use std::fmt;

use axum_core::response::{IntoResponse, Response};
use http::StatusCode;
use http::header::RETRY_AFTER;

use crate::error::Error;

/// Why a request was not answered as its handler did, or could not be.
#[derive(Debug)]
pub struct Refusal(Kind);

#[derive(Debug)]
enum Kind {
    /// The session ended while the request was under way, and it had changes.
    Gone,
    /// There is no layer around the route.
    NoLayer,
    Failed(Error),
}

impl Refusal {
    pub(super) fn gone() -> Self {
        Self(Kind::Gone)
    }

    pub(super) fn no_layer() -> Self {
        Self(Kind::NoLayer)
    }

    /// Returns the status: 401 for a session that ended meanwhile, 409 for a value that somebody else changed, 503 for a
    /// store that is away, 500 for what cannot be read or written.
    pub fn status(&self) -> StatusCode {
        match &self.0 {
            Kind::Gone => StatusCode::UNAUTHORIZED,
            Kind::Failed(error) if error.is_conflict() => StatusCode::CONFLICT,
            Kind::Failed(error) if error.is_unavailable() => StatusCode::SERVICE_UNAVAILABLE,
            Kind::NoLayer | Kind::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self(Kind::Failed(error))
    }
}

/// What a client may read: the cause is for [`source`](std::error::Error::source).
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.status() {
            StatusCode::UNAUTHORIZED => "the session has ended",
            StatusCode::CONFLICT => "the session was changed by another request",
            StatusCode::SERVICE_UNAVAILABLE => "the sessions cannot be reached now",
            _ => "the session cannot be used",
        })
    }
}

impl std::error::Error for Refusal {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match &self.0 {
            Kind::Failed(error) => Some(error),
            Kind::Gone | Kind::NoLayer => None,
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = (self.status(), self.to_string()).into_response();
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, http::HeaderValue::from_static("1"));
        }
        response
    }
}
