use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use hallpass::{SessionId, Subject};

use super::Problem;

/// The session that a path names; one that cannot be a name is not found.
#[derive(Debug)]
pub(crate) struct PathId(pub(crate) SessionId);

/// The subject that a path names.
#[derive(Debug)]
pub(crate) struct PathSubject(pub(crate) Subject);

/// The API key that a path names.
#[derive(Debug)]
pub(crate) struct PathKey(pub(crate) String);

impl<S: Send + Sync> FromRequestParts<S> for PathId {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let text = param(parts, state, "id").await.ok_or_else(Problem::not_found)?;
        text.parse().map(Self).map_err(|_| Problem::not_found())
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PathKey {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        param(parts, state, "id").await.map(Self).ok_or_else(Problem::not_found)
    }
}

impl<S: Send + Sync> FromRequestParts<S> for PathSubject {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let invalid = |detail: String| Problem::field("subject", detail);
        let text = param(parts, state, "subject").await.ok_or_else(|| invalid("This is not UTF-8.".to_owned()))?;
        Subject::new(&text).map(Self).map_err(|error| invalid(format!("This is no subject: {error}.")))
    }
}

/// Returns a part of the path, decoded; nothing if it is not UTF-8.
async fn param<S: Send + Sync>(parts: &mut Parts, state: &S, name: &str) -> Option<String> {
    let params = RawPathParams::from_request_parts(parts, state).await.ok()?;
    params.iter().find(|(key, _)| *key == name).map(|(_, value)| value.to_owned())
}
