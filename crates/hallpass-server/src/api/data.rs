use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hallpass::{Record, SessionId, SessionState, Sessions};
use serde_json::value::RawValue;

use crate::data::{ETag, Object, Precondition, patched};
use crate::view::data_of;
use crate::wire::{Authorized, Json, MergePatchBody, PathId, Problem, ProblemJson, Serve};

/// Returns the data of a session; integers beyond 2^53 are strings.
#[utoipa::path(get, path = "/v1/sessions/{id}/data", tag = "sessions", params(
    ("id" = String, Path, description = "The session's public name."),
), responses(
    (status = 200, description = "The data.", body = Object, headers(("ETag" = String, description = "Moves with the data, and with nothing else."))),
    (status = 403, description = "`locked`", body = ProblemJson<'_>, content_type = "application/problem+json"),
    (status = 404, description = "`not_found`: there is no such living session.", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(super) async fn show_data(key: Authorized<Serve>, PathId(id): PathId) -> Result<Response, Problem> {
    answer(&living(key.sessions(), &id).await?)
}

/// Changes the data of a session by a JSON Merge Patch (RFC 7396): `null` removes a key, objects are merged.
#[utoipa::path(patch, path = "/v1/sessions/{id}/data", tag = "sessions", params(
    ("id" = String, Path, description = "The session's public name."),
    ("If-Match" = Option<String>, Header, description = "The `ETag` that the data must have."),
), request_body(content = Object, content_type = "application/merge-patch+json"), responses(
    (status = 200, description = "The data as it is now.", body = Object, headers(("ETag" = String, description = "Moves with the data, and with nothing else."))),
    (status = 403, description = "`locked`", body = ProblemJson<'_>, content_type = "application/problem+json"),
    (status = 404, description = "`not_found`: there is no such living session.", body = ProblemJson<'_>, content_type = "application/problem+json"),
    (status = 412, description = "`precondition_failed`: the data has another tag.", body = ProblemJson<'_>, content_type = "application/problem+json"),
    (status = 413, description = "`data_too_large`", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(super) async fn change_data(
    key: Authorized<Serve>,
    PathId(id): PathId,
    headers: HeaderMap,
    body: MergePatchBody,
) -> Result<Response, Problem> {
    let precondition = Precondition::of(&headers)?;
    let patch: &RawValue = body.read()?;
    let patch = Object::read(patch).map_err(|error| Problem::field("data", error.to_string()))?;
    let edit = |data: &bytes::Bytes| {
        if !precondition.holds(data) {
            return Err(failed());
        }
        patched(data, &patch).map_err(Problem::corrupt)
    };
    match key.sessions().edit_data(&id, edit, &key.caller()).await {
        Ok(edited) => answer(&edited?),
        Err(error) if error.is_not_found() => Err(why_not(key.sessions(), &id).await?),
        Err(error) => Err(error.into()),
    }
}

fn failed() -> Problem {
    let detail = "The data has changed. Load it again, and change that.";
    Problem::new(StatusCode::PRECONDITION_FAILED, "precondition_failed", detail)
}

async fn living(sessions: &Sessions, id: &SessionId) -> Result<Record, Problem> {
    let record = sessions.find(id).await?.ok_or_else(Problem::not_found)?;
    match sessions.state(&record) {
        SessionState::Active => Ok(record),
        SessionState::Locked => Err(Problem::locked()),
        SessionState::Ended => Err(Problem::not_found()),
    }
}

/// Returns why data could not be changed: the session is locked, or not there.
async fn why_not(sessions: &Sessions, id: &SessionId) -> Result<Problem, Problem> {
    match living(sessions, id).await {
        // It was unlocked in between: as good as a change by somebody else.
        Ok(_) => Ok(failed()),
        Err(problem) => Ok(problem),
    }
}

fn answer(record: &Record) -> Result<Response, Problem> {
    let data = data_of(record).map_err(Problem::corrupt)?;
    let mut response = Json::raw(data.get().as_bytes().to_vec()).into_response();
    response.headers_mut().extend(ETag::of(&record.data).header().map(|tag| (header::ETAG, tag)));
    Ok(response)
}
