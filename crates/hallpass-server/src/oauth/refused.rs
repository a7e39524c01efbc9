use std::borrow::Cow;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hallpass::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::wire::Problem;

/// Why a call of OAuth was refused: in its own words (RFC 6749, section 5.2), or as a problem where the service is at
/// fault.
#[derive(Debug)]
pub(crate) enum Refused {
    Oauth { status: StatusCode, error: &'static str, description: Cow<'static, str>, challenge: Option<&'static str> },
    Problem(Problem),
}

/// An error as OAuth has it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = OauthError)]
pub(crate) struct RefusedJson<'a> {
    /// A word of RFC 6749.
    error: &'a str,
    /// What is the matter, in a sentence.
    error_description: &'a str,
}

impl Refused {
    fn oauth(error: &'static str, description: impl Into<Cow<'static, str>>) -> Self {
        Self::Oauth { status: StatusCode::BAD_REQUEST, error, description: description.into(), challenge: None }
    }

    pub(super) fn invalid_request(description: impl Into<Cow<'static, str>>) -> Self {
        Self::oauth("invalid_request", description)
    }

    /// Refuses who calls; the challenge is of the scheme that they tried (RFC 6749, section 5.2).
    pub(super) fn invalid_client(challenge: &'static str) -> Self {
        Self::Oauth {
            status: StatusCode::UNAUTHORIZED,
            error: "invalid_client",
            description: "The API key is missing, unknown or revoked, or of another realm.".into(),
            challenge: Some(challenge),
        }
    }

    pub(super) fn unauthorized_client() -> Self {
        Self::oauth("unauthorized_client", "The role of this API key may not do this.")
    }

    pub(super) fn invalid_grant() -> Self {
        Self::oauth("invalid_grant", "The session is not active. Sign in again.")
    }

    pub(super) fn locked() -> Self {
        Self::oauth("invalid_grant", "The session is locked. Authenticate again to go on.")
    }

    pub(super) fn nobody() -> Self {
        Self::oauth("invalid_grant", "Nobody is signed in to this session.")
    }

    pub(super) fn invalid_scope() -> Self {
        Self::oauth("invalid_scope", "Tokens have no scope here, and get none.")
    }

    pub(super) fn unsupported_grant_type() -> Self {
        Self::oauth("unsupported_grant_type", "Only `refresh_token` is, where the service makes access tokens.")
    }
}

impl From<Problem> for Refused {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl From<hallpass::Error> for Refused {
    fn from(error: hallpass::Error) -> Self {
        Self::Problem(error.into())
    }
}

impl From<StoreError> for Refused {
    fn from(error: StoreError) -> Self {
        Self::Problem(error.into())
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let (status, error, description, challenge) = match self {
            Self::Oauth { status, error, description, challenge } => (status, error, description, challenge),
            Self::Problem(problem) => return problem.into_response(),
        };
        let json = serde_json::to_vec(&RefusedJson { error, error_description: &description });
        let mut response = (status, Body::from(json.unwrap_or_default())).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(challenge) = challenge {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        response
    }
}
