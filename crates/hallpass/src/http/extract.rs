use axum_core::body::Body;
use axum_core::extract::FromRequestParts;
use axum_core::response::{IntoResponse, Response};
use http::request::Parts;

use super::problem::Problem;
use crate::error::Error;
use crate::session::Session;

/// Why a handler did not get its [`Session`].
#[derive(Debug)]
pub struct SessionRejection(Option<Error>);

impl SessionRejection {
    /// Returns what the store said, or nothing if [`SessionLayer`](super::SessionLayer) is missing.
    pub fn error(&self) -> Option<&Error> {
        self.0.as_ref()
    }
}

impl IntoResponse for SessionRejection {
    fn into_response(self) -> Response {
        let Some(error) = self.0 else {
            tracing::error!("a handler asks for a session on a route without `SessionLayer`");
            return http::StatusCode::INTERNAL_SERVER_ERROR.into_response();
        };
        let cause = std::error::Error::source(&error);
        tracing::warn!(error = %error, cause = ?cause, "a session could not be opened");
        Problem::of(&error).into_response::<Body>()
    }
}

/// Opens the session of the request. A token that opens nothing gives an empty session, as no token does; a store that is
/// away gives 503, and never an empty session.
impl<S: Send + Sync> FromRequestParts<S> for Session {
    type Rejection = SessionRejection;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, SessionRejection> {
        match Self::of_request(parts).await {
            Ok(session) => session.ok_or(SessionRejection(None)),
            Err(error) => Err(SessionRejection(Some(error))),
        }
    }
}
