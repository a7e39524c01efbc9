use std::fmt;

use http::{HeaderValue, Response, StatusCode, header};

use super::problem::Problem;
use crate::error::Error;

/// Why a handler did not get the session that it asked for, and what its client is answered.
///
/// A program is answered with a [`Problem`]; a browser whose user can do something about it is sent to the
/// [page](super::Pages) for that, with 303.
pub struct SessionRejection {
    error: Option<Error>,
    location: Option<String>,
}

impl SessionRejection {
    /// Returns the rejection for an error, with the page where people can do something about it, if there is one.
    pub(super) fn new(error: Error, location: Option<String>) -> Self {
        Self { error: Some(error), location }
    }

    /// Returns the rejection on a route that has no session layer around it: a mistake of the application, which is told
    /// in the log and not to the client.
    pub fn missing_layer() -> Self {
        Self { error: None, location: None }
    }

    /// Returns what is the matter with the session, or nothing if the layer for it is missing.
    pub fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// Returns where the browser is sent to, if it is.
    pub fn location(&self) -> Option<&str> {
        self.location.as_deref()
    }

    /// Returns the response for it, with the [`Problem`] as an extension for apps that show something else.
    pub fn into_response<B: From<String>>(self) -> Response<B> {
        let Some(error) = self.error else {
            tracing::error!(
                "a handler asks for a session that no layer around its route gives: add `SessionLayer`, of the same name"
            );
            let mut response = Response::new(B::from(String::new()));
            *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
            return response;
        };
        if error.is_inactive() || error.is_locked() || error.is_step_up_required() {
            tracing::debug!(%error, "a request got no further");
        } else {
            tracing::warn!(%error, cause = ?std::error::Error::source(&error), "a session could not be opened");
        }
        let location = self.location.and_then(|location| HeaderValue::try_from(location).ok());
        let Some(location) = location else { return Problem::of(&error).into_response() };
        let mut response = Response::new(B::from(String::new()));
        *response.status_mut() = StatusCode::SEE_OTHER;
        response.extensions_mut().insert(Problem::of(&error));
        response.headers_mut().insert(header::LOCATION, location);
        response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        response
    }
}

impl fmt::Debug for SessionRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionRejection").field("error", &self.error).field("location", &self.location).finish()
    }
}
