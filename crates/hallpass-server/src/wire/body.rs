use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use serde::Deserialize;

use super::Problem;
use crate::app::App;
use crate::config::Limits;

/// The body of a request, of type `application/json` and within the limit; read into its type by the handler.
#[derive(Debug)]
pub(crate) struct JsonBody(Bytes);

/// The body of a request with a JSON Merge Patch (RFC 7396).
#[derive(Debug)]
pub(crate) struct MergePatchBody(JsonBody);

impl JsonBody {
    /// Reads the body as a `T`.
    pub(crate) fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Problem> {
        // serde takes an array, too, for the fields of a struct in their order.
        if self.0.trim_ascii_start().first() == Some(&b'[') {
            return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_body", "The body is to be an object."));
        }
        self.parse()
    }

    fn parse<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Problem> {
        serde_json::from_slice(&self.0).map_err(|_| self.explain::<T>())
    }

    /// Reads the body once more, slowly, to say which field is wrong.
    fn explain<'a, T: Deserialize<'a>>(&'a self) -> Problem {
        let mut deserializer = serde_json::Deserializer::from_slice(&self.0);
        let Err(error) = serde_path_to_error::deserialize::<_, T>(&mut deserializer) else {
            let rest = deserializer.end();
            return rest.map_or_else(|error| invalid_json(&error), |()| Problem::internal());
        };
        let path = error.path().to_string();
        let cause = error.into_inner();
        let message = cause.to_string();
        let place = message.rfind(" at line ").unwrap_or(message.len());
        let (message, field) = (&message[..place], field(&path, &message[..place]));
        match (cause.classify(), field) {
            (serde_json::error::Category::Data, Some(field)) => Problem::field(field, sentence(message)),
            (serde_json::error::Category::Data, None) => {
                Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_body", sentence(message))
            }
            (_, Some(field)) => invalid_json(&cause).at(field),
            (_, None) => invalid_json(&cause),
        }
    }
}

impl MergePatchBody {
    /// Reads the body as a `T`, which a patch is that is no object, too: it says so in its own words.
    pub(crate) fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, Problem> {
        self.0.parse()
    }
}

/// Returns the field that an error is about: where it happened, or which one its message names.
fn field(path: &str, message: &str) -> Option<String> {
    let outer = if path == "." { "" } else { path };
    let mut starts = ["missing field `", "unknown field `", "duplicate field `"].iter();
    let named = starts.find_map(|start| message.strip_prefix(start)?.split_once('`').map(|(name, _)| name));
    let inner = named.filter(|name| outer != *name && !outer.ends_with(&format!(".{name}")));
    let parts: Vec<_> = [outer, inner.unwrap_or_default()].into_iter().filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join("."))
}

fn sentence(message: &str) -> String {
    let mut text = message.to_owned();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text + "."
}

fn invalid_json(error: &serde_json::Error) -> Problem {
    let detail = format!("The body is not valid JSON: line {}, column {}.", error.line(), error.column());
    Problem::new(StatusCode::BAD_REQUEST, "invalid_json", detail)
}

impl FromRequest<Arc<App>> for JsonBody {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        check_type(request.headers(), &["application/json"])?;
        collect(request, &app.config.limits, Limits::LARGEST_BODY).await.map(Self)
    }
}

impl FromRequest<Arc<App>> for MergePatchBody {
    type Rejection = Problem;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Problem> {
        check_type(request.headers(), &["application/merge-patch+json", "application/json"])?;
        let bytes = collect(request, &app.config.limits, Limits::LARGEST_BODY).await?;
        Ok(Self(JsonBody(bytes)))
    }
}

/// Refuses a body of another type than these.
pub(crate) fn check_type(headers: &HeaderMap, types: &[&str]) -> Result<(), Problem> {
    let mut values = headers.get_all(header::CONTENT_TYPE).iter();
    let text = match (values.next(), values.next()) {
        (Some(value), None) => value.to_str().unwrap_or_default(),
        _ => "",
    };
    let (kind, parameters) = text.split_once(';').unwrap_or((text, ""));
    let charset =
        parameters.split(';').filter_map(|pair| pair.trim().split_once('=')).find(|(name, _)| *name == "charset");
    let is_utf8 = charset.is_none_or(|(_, value)| value.trim_matches('"').eq_ignore_ascii_case("utf-8"));
    if is_utf8 && types.iter().any(|known| kind.trim().eq_ignore_ascii_case(known)) {
        return Ok(());
    }
    let detail = format!("The body is to be of type {}, in UTF-8.", types[0]);
    Err(Problem::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", detail))
}

/// Reads a body of so many bytes at the most.
pub(crate) async fn collect(request: Request, limits: &Limits, most: usize) -> Result<Bytes, Problem> {
    let announced = request.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length: u64| length > most as u64) {
        return Err(too_large(most));
    }
    let body = Limited::new(request.into_body(), most).collect();
    match tokio::time::timeout(limits.body_time(), body).await {
        Ok(Ok(collected)) => Ok(collected.to_bytes()),
        Ok(Err(error)) if error.downcast_ref::<LengthLimitError>().is_some() => Err(too_large(most)),
        Ok(Err(_)) => Err(Problem::new(StatusCode::BAD_REQUEST, "torn_body", "The body ended early.")),
        Err(_) => Err(Problem::new(StatusCode::REQUEST_TIMEOUT, "body_timeout", "The body took too long to arrive.")),
    }
}

fn too_large(most: usize) -> Problem {
    let detail = format!("The body is larger than {} KiB.", most >> 10);
    Problem::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", detail)
}
