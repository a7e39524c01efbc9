use http::{HeaderValue, Response, StatusCode, header};

use crate::demand::Demand;
use crate::error::Error;

/// What a client is told of an [`Error`], as `application/problem+json` (RFC 9457): never its cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Problem {
    /// The status of the response.
    pub status: StatusCode,
    /// A stable machine word.
    pub code: &'static str,
    /// What is the matter, in a sentence.
    pub detail: &'static str,
    /// What was demanded, where a step-up is required.
    pub demand: Option<Demand>,
}

impl Problem {
    /// A handler asks for a session that nothing around its route gives.
    pub const NO_LAYER: Self = Self::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "no_session_layer",
        "Nothing around this route gives it a session. Add `SessionLayer` around it (`SessionMiddleware` in actix-web), \
         with the name that the handler asks for.",
    );
    /// Two session layers around one route have the same name.
    pub const SAME_NAME: Self = Self::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "session_layers_collide",
        "Two session layers around this route have the same name. Give one another name, with `named`.",
    );
    /// Two session layers around one route have the same cookie.
    pub const SAME_COOKIE: Self = Self::new(
        StatusCode::INTERNAL_SERVER_ERROR,
        "session_layers_collide",
        "Two session layers around this route have the same cookie. Give each a cookie of its own, with `CookieCarrier::builder`.",
    );
    /// In how many seconds a client may try again while the store is away.
    pub const RETRY_AFTER: u32 = 2;

    /// Returns what to tell the client.
    pub fn of(error: &Error) -> Self {
        let (status, code, detail) = if error.is_inactive() {
            (StatusCode::UNAUTHORIZED, "inactive", "The session is not active. Sign in again.")
        } else if error.is_locked() {
            (StatusCode::FORBIDDEN, "locked", "The session is locked. Authenticate again to go on.")
        } else if error.is_step_up_required() {
            (StatusCode::FORBIDDEN, "step_up_required", "This takes a fresh or stronger proof of who you are.")
        } else if error.is_oversized() {
            (
                StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
                "too_many_cookies",
                "The request brings more cookies than are read. Remove those of this site and its parent domain.",
            )
        } else if error.is_conflict() {
            (StatusCode::CONFLICT, "conflict", "Somebody else changed the same thing meanwhile. Load it and try again.")
        } else if error.is_too_large() {
            (StatusCode::PAYLOAD_TOO_LARGE, "data_too_large", "The session data would be larger than is allowed.")
        } else if error.is_limit_reached() {
            (StatusCode::CONFLICT, "limit_reached", "There are as many sessions as are allowed. End another one first.")
        } else if error.is_not_found() {
            (StatusCode::NOT_FOUND, "not_found", "There is no such session.")
        } else if error.is_key_used() {
            (StatusCode::CONFLICT, "idempotency_key_used", "The idempotency key was used for something else.")
        } else if error.is_value() {
            (StatusCode::UNPROCESSABLE_ENTITY, "invalid_value", "A value does not fit its type.")
        } else if error.is_unsupported() {
            (StatusCode::NOT_IMPLEMENTED, "unsupported", "The session store cannot do this.")
        } else if error.is_corrupt() {
            (StatusCode::INTERNAL_SERVER_ERROR, "corrupt", "The session cannot be read.")
        } else {
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "The session store is away. Keep your token and try again.",
            )
        };
        Self { demand: error.demand(), ..Self::new(status, code, detail) }
    }

    pub(crate) const fn new(status: StatusCode, code: &'static str, detail: &'static str) -> Self {
        Self { status, code, detail, demand: None }
    }

    /// Tells whether the client may try again after [`Problem::RETRY_AFTER`] seconds.
    pub fn is_temporary(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE
    }

    /// Returns the problem as JSON. Where a step-up is required it also says which `level` is the least, and of at most
    /// which `max_age` in seconds the proof is to be, as they are named in `OpenID` Connect.
    pub fn to_json(self) -> String {
        let title = self.status.canonical_reason().unwrap_or("Error");
        let mut json = serde_json::json!({
            "type": "about:blank",
            "title": title,
            "status": self.status.as_u16(),
            "detail": self.detail,
            "code": self.code,
        });
        if let Some(demand) = self.demand {
            json["level"] = demand.least_level().number().into();
            if let Some(max_age) = demand.max_age() {
                json["max_age"] = max_age.as_secs().into();
            }
        }
        json.to_string()
    }

    /// Returns the response for it, which carries it as an extension for apps that show something else.
    pub fn into_response<B: From<String>>(self) -> Response<B> {
        let mut response = Response::new(B::from(self.to_json()));
        *response.status_mut() = self.status;
        response.extensions_mut().insert(self);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        if self.is_temporary() {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(Self::RETRY_AFTER));
        }
        response
    }
}
