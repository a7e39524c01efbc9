use std::borrow::Cow;
use std::error::Error as StdError;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hallpass::http::Problem as Known;
use hallpass::{Refusal, StoreError};
use serde::Serialize;
use utoipa::ToSchema;

use super::RequestId;
use crate::keys::KeyError;
use crate::metrics::Verification;
use crate::tokens::SigningKeyError;

/// Why a call was refused: what the client is told, and the cause, which only the log is.
#[derive(Debug, Clone)]
pub(crate) struct Problem(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    status: StatusCode,
    code: &'static str,
    detail: Cow<'static, str>,
    field: Option<String>,
    cause: Option<Box<dyn StdError + Send + Sync>>,
    /// Whether what was shown opens nothing and never did, as far as is known.
    is_guess: bool,
    /// How many seconds the client is to wait.
    retry_after: Option<u64>,
}

/// An error as JSON (RFC 9457, `application/problem+json`).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub(crate) struct ProblemJson<'a> {
    /// `about:blank`: the code says more.
    #[serde(rename = "type")]
    kind: &'static str,
    /// The name of the status.
    title: &'a str,
    /// The status.
    status: u16,
    /// What is the matter, in a sentence.
    detail: &'a str,
    /// A stable machine word.
    code: &'a str,
    /// The name of the request in the service's log.
    request_id: &'a str,
    /// The field that is wrong, if it is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, code: &'static str, detail: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            status,
            code,
            detail: detail.into(),
            field: None,
            cause: None,
            is_guess: false,
            retry_after: None,
        }))
    }

    /// Returns the problem of a field whose value cannot be taken.
    pub(crate) fn field(name: impl Into<String>, detail: impl Into<Cow<'static, str>>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_field", detail).at(name)
    }

    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "not_found", "There is no such thing.")
    }

    pub(crate) fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", "This path has other methods.")
    }

    pub(crate) fn bad_api_key() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "bad_api_key", "The API key is missing, unknown or revoked.")
    }

    /// Returns the problem of somebody from whose network too much came that opens nothing.
    pub(crate) fn too_many_guesses(status: StatusCode, wait: Duration) -> Self {
        let detail =
            "Too many unknown tokens or keys came from this network. Whoever has a good one is let in; else wait.";
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self::new(status, "too_many_guesses", detail).with(|inner| inner.retry_after = Some(seconds))
    }

    /// Returns whether what was shown may have been guessed.
    pub(crate) fn is_guess(&self) -> bool {
        self.0.is_guess
    }

    pub(crate) fn inactive() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, "inactive", "The session is not active. Sign in again.")
    }

    pub(crate) fn locked() -> Self {
        Self::new(StatusCode::FORBIDDEN, "locked", "The session is locked. Authenticate again to go on.")
    }

    pub(crate) fn step_up_required() -> Self {
        let detail = "This needs a stronger or more recent authentication. Authenticate again to go on.";
        Self::new(StatusCode::FORBIDDEN, "step_up_required", detail)
    }

    pub(crate) fn overloaded(detail: &'static str) -> Self {
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "overloaded", detail)
    }

    pub(crate) fn timed_out() -> Self {
        let detail = "The request took too long. It may have been done: keep your token and try again.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "timeout", detail)
    }

    pub(crate) fn internal() -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "Something went wrong. The log says what.")
    }

    /// Returns the problem of stored data that is not what was stored.
    pub(crate) fn corrupt(cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "corrupt", "The session cannot be read.").caused_by(cause)
    }

    /// Returns its machine word.
    pub(crate) fn code(&self) -> &'static str {
        self.0.code
    }

    /// Returns its status.
    pub(crate) fn status(&self) -> StatusCode {
        self.0.status
    }

    /// Returns what is the matter, in a sentence.
    pub(crate) fn detail(&self) -> &str {
        &self.0.detail
    }

    /// Returns the field that is wrong, if it is one.
    pub(crate) fn wrong_field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// Returns what a verification that ended so is counted as.
    pub(crate) fn verification(&self) -> Verification {
        match self.0.code {
            "inactive" => Verification::Inactive,
            "locked" => Verification::Locked,
            "step_up_required" => Verification::StepUp,
            _ => Verification::Failed,
        }
    }

    /// Names the field that it is about.
    pub(crate) fn at(self, field: impl Into<String>) -> Self {
        self.with(|inner| inner.field = Some(field.into()))
    }

    /// Keeps the cause for the log.
    pub(crate) fn caused_by(self, cause: impl Into<Box<dyn StdError + Send + Sync>>) -> Self {
        self.with(|inner| inner.cause = Some(cause.into()))
    }

    fn with(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        // It was just made, and nobody else has it.
        if let Some(inner) = Arc::get_mut(&mut self.0) {
            change(inner);
        }
        self
    }

    /// Writes the problem into its response, and its cause into the log.
    pub(crate) fn render(&self, request_id: &RequestId, response: &mut Response) {
        let Inner { status, code, detail, field, cause, .. } = &*self.0;
        if let Some(cause) = cause {
            let (source, status) = (cause.source().map(tracing::field::display), status.as_u16());
            tracing::warn!(%request_id, status, code, error = %cause, cause = source, "a request was refused");
        }
        let json = ProblemJson {
            kind: "about:blank",
            title: status.canonical_reason().unwrap_or("Error"),
            status: status.as_u16(),
            detail,
            code,
            request_id: request_id.as_str(),
            field: field.as_deref(),
        };
        *response.body_mut() = Body::from(serde_json::to_vec(&json).unwrap_or_default());
        self.add_headers(response.headers_mut());
    }

    fn add_headers(&self, headers: &mut HeaderMap) {
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        headers.remove(header::CONTENT_LENGTH);
        if let Some(seconds) = self.0.retry_after {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
        }
        match self.0.status {
            StatusCode::SERVICE_UNAVAILABLE => {
                headers.insert(header::RETRY_AFTER, HeaderValue::from(Known::RETRY_AFTER));
            }
            // RFC 9110 section 15.5.2: a 401 has a challenge.
            StatusCode::UNAUTHORIZED if self.0.code == "bad_api_key" => {
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"hallpass\""));
            }
            StatusCode::UNAUTHORIZED => {
                let challenge = "Bearer realm=\"session\", error=\"invalid_token\"";
                headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
            }
            // What was not read of a body would be taken for the next request.
            StatusCode::PAYLOAD_TOO_LARGE | StatusCode::REQUEST_TIMEOUT => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            _ => {}
        }
    }
}

impl From<hallpass::Error> for Problem {
    fn from(error: hallpass::Error) -> Self {
        let Known { status, code, detail, .. } = Known::of(&error);
        let problem = Self::new(status, code, detail);
        if error.is_too_large() {
            return problem.at("data");
        }
        if matches!(error.refusal(), Some(Refusal::Unknown | Refusal::Wrong | Refusal::Malformed)) {
            return problem.with(|inner| inner.is_guess = true);
        }
        let is_answer = error.is_inactive() || error.is_locked() || error.is_not_found() || error.is_limit_reached();
        if is_answer { problem } else { problem.caused_by(error) }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        hallpass::Error::from(error).into()
    }
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        match error {
            KeyError::NotFound => Self::not_found(),
            KeyError::Reserved => Self::field("realm", "This realm is the service's own. Choose another."),
            KeyError::TooMany => Self::new(StatusCode::CONFLICT, "too_many_keys", error.to_string()),
            KeyError::LastAdmin => Self::new(StatusCode::CONFLICT, "last_admin_key", error.to_string()),
            KeyError::NoRandomness => Self::internal().caused_by(error),
            KeyError::Store(error) => error.into(),
        }
    }
}

impl From<SigningKeyError> for Problem {
    fn from(error: SigningKeyError) -> Self {
        let code = match error {
            SigningKeyError::NotFound => return Self::not_found(),
            SigningKeyError::Store(error) => return error.into(),
            SigningKeyError::None => "no_signing_keys",
            SigningKeyError::Given => "given_signing_keys",
            SigningKeyError::TooMany => "too_many_keys",
        };
        Self::new(StatusCode::CONFLICT, code, error.to_string())
    }
}

/// Only the status is set here: who knows the request's name writes the rest.
impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.0.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
