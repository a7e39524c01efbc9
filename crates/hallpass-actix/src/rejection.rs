use std::fmt;

use crate::headers;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};

/// Why a handler did not get the session that it asked for, and what its client is answered: as for axum, a
/// [`SessionRejection`](hallpass::http::SessionRejection) of hallpass.
#[derive(Debug)]
pub struct SessionRejection(hallpass::http::SessionRejection);

impl SessionRejection {
    /// Returns the rejection of hallpass.
    pub fn inner(&self) -> &hallpass::http::SessionRejection {
        &self.0
    }
}

impl From<hallpass::http::SessionRejection> for SessionRejection {
    fn from(rejection: hallpass::http::SessionRejection) -> Self {
        Self(rejection)
    }
}

impl fmt::Display for SessionRejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.error() {
            Some(error) => error.fmt(f),
            None => f.write_str("a handler asks for a session that no middleware around its route gives"),
        }
    }
}

impl std::error::Error for SessionRejection {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.error().map(|error| error as _)
    }
}

impl ResponseError for SessionRejection {
    fn status_code(&self) -> StatusCode {
        headers::status(self.0.status())
    }

    fn error_response(&self) -> HttpResponse {
        headers::response(self.0.to_response())
    }
}
