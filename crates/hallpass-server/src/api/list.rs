use hallpass::{Cursor, PageLimit};
use serde::Serialize;
use utoipa::ToSchema;

use super::filter::{Filter, check_cursor, take_page};
use crate::keys::Right;
use crate::view::SessionView;
use crate::wire::{Authorized, Json, PathSubject, Problem, ProblemJson, RawParams, View};

/// A page of sessions, newest first.
#[derive(Serialize, ToSchema)]
pub(super) struct SessionPage<'a> {
    /// The sessions; fewer than the limit, or none, does not mean that there are no more.
    pub(super) items: Vec<SessionView<'a>>,
    /// Where the next page begins, if there is one.
    #[schema(value_type = Option<String>)]
    pub(super) next: Option<Cursor>,
}

/// Lists sessions, newest first, a page at a time.
#[utoipa::path(get, path = "/v1/sessions", tag = "operating", params(
    Filter,
    ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
    ("limit" = Option<u16>, Query, description = "1 to 1,000; 100 if nobody says.", minimum = 1, maximum = 1000),
), responses(
    (status = 200, description = "A page.", body = SessionPage<'_>),
    (status = 501, description = "`unsupported`: the store cannot list.", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(super) async fn list(key: Authorized<View>, query: RawParams) -> Result<Json, Problem> {
    let mut params = query.read()?;
    let filter = Filter::take(&mut params)?;
    let (cursor, limit) = take_page(&mut params)?;
    params.finish()?;
    page(&key, &filter, cursor, limit).await
}

/// Lists the sessions of a subject, newest first, a page at a time.
#[utoipa::path(get, path = "/v1/subjects/{subject}/sessions", tag = "operating", params(
    ("subject" = String, Path, description = "The subject."),
    ("state" = Option<String>, Query, description = "Some of `active`, `locked` and `ended`, separated by commas."),
    ("cursor" = Option<String>, Query, description = "The `next` of the page before."),
    ("limit" = Option<u16>, Query, description = "1 to 1,000; 100 if nobody says.", minimum = 1, maximum = 1000),
), responses(
    (status = 200, description = "A page.", body = SessionPage<'_>),
))]
pub(super) async fn list_of_subject(
    key: Authorized<View>,
    PathSubject(subject): PathSubject,
    query: RawParams,
) -> Result<Json, Problem> {
    let mut params = query.read()?;
    let filter = Filter::of_subject(subject, &mut params)?;
    let (cursor, limit) = take_page(&mut params)?;
    params.finish()?;
    page(&key, &filter, cursor, limit).await
}

async fn page(
    key: &Authorized<View>,
    filter: &Filter,
    cursor: Option<Cursor>,
    limit: PageLimit,
) -> Result<Json, Problem> {
    check_cursor(cursor.as_ref())?;
    let sessions = key.sessions();
    let mut query = filter.query();
    query.after = cursor;
    query.limit = limit;
    let page = sessions.list_in(&query, filter.states()).await?;
    let shows_data = key.holder.info.role.has(Right::Serve);
    let view = |record| -> Result<SessionView<'_>, Problem> {
        let view = SessionView::of(sessions, record);
        if shows_data { view.with_data(record).map_err(Problem::corrupt) } else { Ok(view) }
    };
    let items = page.items.iter().map(view).collect::<Result<_, _>>()?;
    Json::ok(&SessionPage { items, next: page.next })
}
