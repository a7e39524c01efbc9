use hallpass::{EndReason, Event, EventKind, EventQuery, Record};

use super::filter::take_page;
use crate::events;
use crate::keys::Right;
use crate::view::{Ending, SessionView, TimelineView, Timeouts};
use crate::wire::{Audit, Authorized, Json, PathId, Problem, ProblemJson, RawParams, View};

/// Shows a session, living or ended.
#[utoipa::path(get, path = "/v1/sessions/{id}", tag = "operating", params(
    ("id" = String, Path, description = "The session's public name."),
), responses(
    (status = 200, description = "The session.", body = SessionView<'_>),
    (status = 404, description = "`not_found`", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(super) async fn show(key: Authorized<View>, PathId(id): PathId) -> Result<Json, Problem> {
    let record = key.sessions().find(&id).await?.ok_or_else(Problem::not_found)?;
    let view = SessionView::of(key.sessions(), &record);
    let shows_data = key.holder.info.role.has(Right::Serve);
    Json::ok(&if shows_data { view.with_data(&record).map_err(Problem::corrupt)? } else { view })
}

/// Shows what happened to a session, oldest first, and what is left of it or what ended it.
#[utoipa::path(get, path = "/v1/sessions/{id}/timeline", tag = "events", params(
    ("id" = String, Path, description = "The session's public name."),
    ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
    ("limit" = Option<u16>, Query, description = "1 to 1,000; 100 if nobody says.", minimum = 1, maximum = 1000),
), responses(
    (status = 200, description = "A page of what happened.", body = TimelineView<'_>),
    (status = 404, description = "`not_found`", body = ProblemJson<'_>, content_type = "application/problem+json"),
    (status = 501, description = "`unsupported`: the store keeps no events.", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(super) async fn timeline(key: Authorized<Audit>, PathId(id): PathId, query: RawParams) -> Result<Json, Problem> {
    let mut params = query.read()?;
    let (cursor, limit) = take_page(&mut params)?;
    params.finish()?;
    let sessions = key.sessions();
    let record = sessions.find(&id).await?.ok_or_else(Problem::not_found)?;
    let mut query = EventQuery::of_session(sessions.realm().clone(), id);
    query.after = events::after(cursor.as_ref())?;
    query.limit = limit;
    let page = sessions.events(&query).await?;
    let last = end_event(&key, &record).await?;
    let (timeouts, ending) = (Timeouts::of(sessions, &record), Ending::of(sessions, &record, last.as_ref()));
    Json::ok(&TimelineView {
        explanation: TimelineView::explanation(timeouts.as_ref(), ending.as_ref()),
        session: SessionView::of(sessions, &record),
        items: &page.items,
        next: page.next.as_ref().map(hallpass::Cursor::as_str),
        timeouts,
        ending,
    })
}

/// Returns the event that told of the end of a session.
async fn end_event(key: &Authorized<Audit>, record: &Record) -> Result<Option<Event>, Problem> {
    let Some(ended) = &record.ended else { return Ok(None) };
    let mut query = EventQuery::of_session(record.realm.clone(), record.id);
    query.kind = Some(match ended.reason {
        EndReason::Idle | EndReason::Absolute => EventKind::Expired,
        EndReason::Replayed => EventKind::Replayed,
        _ => EventKind::Revoked,
    });
    Ok(key.sessions().events(&query).await?.items.pop())
}
