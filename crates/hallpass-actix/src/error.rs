use std::fmt;

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use hallpass::http::Problem;

use crate::headers;

/// An [error of hallpass](hallpass::Error) that is answered as `application/problem+json`, for handlers that use `?`.
///
/// ```
/// use hallpass_actix::{Error, Session};
///
/// async fn count(session: Session) -> Result<String, Error> {
///     Ok(session.update("count", |count: Option<u64>| count.unwrap_or(0) + 1)?.to_string())
/// }
/// ```
#[derive(Debug)]
pub struct Error(hallpass::Error);

impl Error {
    /// Returns what the client is told.
    pub fn problem(&self) -> Problem {
        Problem::of(&self.0)
    }
}

impl From<hallpass::Error> for Error {
    fn from(error: hallpass::Error) -> Self {
        Self(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        headers::status(self.problem().status)
    }

    fn error_response(&self) -> HttpResponse {
        headers::response(self.problem().into_response())
    }
}
