use std::num::NonZeroU64;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use hallpass::audit::Entry;
use hallpass::{Event, EventKind, Note, Realm, StoreError};

use super::{AuditState, AuditTrail, Export, NO_TRAIL};
use crate::app::App;
use crate::wire::{Audit, Authorized, Json, Problem, ProblemJson, RawParams};

const OF_ALL: &str = "The trail is of all realms: it is for auditors of the realm `default`.";

/// Shows how far the audit trail is sealed: its last line, signed, and what waits. Kept elsewhere, the checkpoint shows later
/// that everything up to it is still as it was. For auditors of the realm `default`, since it counts what happened in all
/// realms.
#[utoipa::path(get, path = "/v1/audit/checkpoint", tag = "events", responses(
    (status = 200, description = "The state of the trail.", body = AuditState),
    (status = 501, description = "`unsupported`: the store keeps no sealed trail; SQLite, PostgreSQL and MySQL do.", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(crate) async fn checkpoint(State(app): State<Arc<App>>, key: Authorized<Audit>) -> Result<Json, Problem> {
    key.needs_all_realms(OF_ALL)?;
    Json::ok(&trail(&app)?.state().await?)
}

/// Gives the audit trail of all realms as JSON lines, with what is needed to check it offline: a head, each line with its
/// number and hash, the checkpoints, and what is not sealed yet. For auditors of the realm `default`.
#[utoipa::path(get, path = "/v1/audit/export", tag = "events", params(
    ("from" = Option<u64>, Query, description = "The number of the first line; the first that is there if nobody says.", minimum = 1),
    ("purpose" = Option<String>, Query, description = "`export` or `verify`: what is written down about it; `export` if nobody says."),
), responses(
    (status = 200, description = "The trail.", body = String, content_type = "application/jsonl"),
    (status = 501, description = "`unsupported`: the store keeps no sealed trail.", body = ProblemJson<'_>, content_type = "application/problem+json"),
    (status = 503, description = "`overloaded`: as many streams are open as may be.", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(crate) async fn export(
    State(app): State<Arc<App>>,
    key: Authorized<Audit>,
    query: RawParams,
) -> Result<Response, Problem> {
    let mut params = query.read()?;
    let from = params.parse::<NonZeroU64>("from")?.map_or(1, NonZeroU64::get);
    if i64::try_from(from).is_err() {
        return Err(Problem::field("from", "No trail has so many lines."));
    }
    let kind = match params.take("purpose").as_deref() {
        None | Some("export") => EventKind::AuditExported,
        Some("verify") => EventKind::AuditVerified,
        Some(_) => return Err(Problem::field("purpose", "This is `export` or `verify`.")),
    };
    params.finish()?;
    key.needs_all_realms(OF_ALL)?;
    let trail = trail(&app)?;
    let place = Arc::clone(&app.streams).try_acquire_owned();
    let place = place.map_err(|_| Problem::overloaded("As many streams are open as may be."))?;
    let export = trail.export(from).await?;
    let mut event = Event::new(kind, Realm::default(), key.sessions().now());
    let caller = key.caller();
    (event.actor, event.origin) = (caller.actor, caller.origin);
    event.note = Note::lossy(&format!("from line {from} through line {}", export.through()));
    app.actions.keep(key.sessions(), event).await?;
    let chunks = stream::try_unfold((export, place), |(mut export, place)| async move {
        let entries = next(&mut export).await?;
        Ok::<_, StoreError>(entries.map(|text| (text, (export, place))))
    });
    let mut response = Response::new(Body::from_stream(chunks));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static("application/jsonl"));
    Ok(response)
}

async fn next(export: &mut Export) -> Result<Option<Bytes>, StoreError> {
    let Some(entries) = export.next().await? else { return Ok(None) };
    let line = |mut text: String, entry: Entry| {
        text.push_str(&entry.to_string());
        text.push('\n');
        text
    };
    Ok(Some(entries.into_iter().fold(String::new(), line).into()))
}

fn trail(app: &App) -> Result<&AuditTrail, Problem> {
    let none = || {
        let mut detail = NO_TRAIL.to_owned();
        detail.replace_range(..1, "T");
        Problem::new(StatusCode::NOT_IMPLEMENTED, "unsupported", format!("{detail}."))
    };
    app.audit.as_ref().ok_or_else(none)
}
