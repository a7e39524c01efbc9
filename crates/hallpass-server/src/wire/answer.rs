use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use super::Problem;

/// An answer as JSON.
#[derive(Debug)]
pub(crate) struct Json(StatusCode, Vec<u8>);

impl Json {
    pub(crate) fn ok(value: &(impl Serialize + ?Sized)) -> Result<Self, Problem> {
        Self::with(StatusCode::OK, value)
    }

    pub(crate) fn created(value: &(impl Serialize + ?Sized)) -> Result<Self, Problem> {
        Self::with(StatusCode::CREATED, value)
    }

    pub(crate) fn raw(bytes: Vec<u8>) -> Self {
        Self(StatusCode::OK, bytes)
    }

    fn with(status: StatusCode, value: &(impl Serialize + ?Sized)) -> Result<Self, Problem> {
        let mut bytes = Vec::with_capacity(768);
        serde_json::to_writer(&mut bytes, value).map_err(|error| Problem::internal().caused_by(error))?;
        Ok(Self(status, bytes))
    }
}

impl IntoResponse for Json {
    fn into_response(self) -> Response {
        let mut response = Response::new(Body::from(self.1));
        *response.status_mut() = self.0;
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

/// An answer without a body.
#[derive(Debug)]
pub(crate) struct NoContent;

impl IntoResponse for NoContent {
    fn into_response(self) -> Response {
        StatusCode::NO_CONTENT.into_response()
    }
}
