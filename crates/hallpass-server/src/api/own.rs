use std::borrow::Cow;

use hallpass::{Cursor, PageLimit, Query, Record, Revocation, SessionId, SessionState};
use serde::Deserialize;
use utoipa::ToSchema;

use super::filter::check_cursor;
use super::list::SessionPage;
use super::revoke::{Effect, effective_at};
use crate::view::SessionView;
use crate::wire::{Authorized, Json, JsonBody, Problem, ProblemJson, Serve};

/// A user who asks for their own sessions.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnRequest<'a> {
    /// The token of one of them.
    #[serde(borrow)]
    #[schema(value_type = String)]
    token: Cow<'a, str>,
    /// The `next` of the page before.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    cursor: Option<Cow<'a, str>>,
    /// How many on a page: 1 to 1,000; 100 if nobody says.
    #[schema(minimum = 1, maximum = 1000)]
    limit: Option<u16>,
}

/// A user who ends sessions of their own: exactly one of `id`, `others` and `all`.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct OwnRevokeRequest<'a> {
    /// The token of one of them.
    #[serde(borrow)]
    #[schema(value_type = String)]
    token: Cow<'a, str>,
    /// This one.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    id: Option<Cow<'a, str>>,
    /// All but the one of the token: `true`.
    others: Option<bool>,
    /// All: `true`.
    all: Option<bool>,
}

/// Lists a user's own sessions that can be used, newest first, with the present one marked.
#[utoipa::path(post, path = "/v1/self/sessions", tag = "own", request_body = OwnRequest<'_>, responses(
    (status = 200, description = "A page.", body = SessionPage<'_>),
    (status = 401, description = "`inactive`", body = ProblemJson<'_>, content_type = "application/problem+json"),
    (status = 403, description = "`locked`", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(super) async fn own(key: Authorized<Serve>, body: JsonBody) -> Result<Json, Problem> {
    let OwnRequest { token, cursor, limit } = body.read()?;
    let cursor = cursor.map(|text| Cursor::new(&text)).transpose();
    let cursor = cursor.map_err(|error| Problem::field("cursor", format!("This is {error}.")))?;
    check_cursor(cursor.as_ref())?;
    let limit = limit.map(|limit| PageLimit::new(limit).ok_or_else(|| Problem::field("limit", "This is 1 to 1,000.")));
    let limit = limit.transpose()?.unwrap_or_default();
    let present = present(&key, &token).await?;
    let sessions = key.sessions();
    let view = |record| {
        let current = Some(SessionView::of(sessions, record).id == present.id);
        SessionView { current, ..SessionView::of(sessions, record) }
    };
    let Some(subject) = &present.subject else {
        return Json::ok(&SessionPage { items: vec![view(&present)], next: None });
    };
    let mut query = Query::of_subject(sessions.realm().clone(), subject.clone());
    query.ended = Some(false);
    query.expires_after = Some(sessions.now());
    query.after = cursor;
    query.limit = limit;
    let page = sessions.list(&query).await?;
    let usable = page.items.iter().filter(|record| sessions.state(record) != SessionState::Ended);
    Json::ok(&SessionPage { items: usable.map(view).collect(), next: page.next })
}

/// Ends a user's own sessions; for others than the present one the authentication must be fresh.
#[utoipa::path(post, path = "/v1/self/revoke", tag = "own", request_body = OwnRevokeRequest<'_>, responses(
    (status = 200, description = "They have ended.", body = Effect),
    (status = 401, description = "`inactive`", body = ProblemJson<'_>, content_type = "application/problem+json"),
    (status = 403, description = "`locked`, or `step_up_required`.", body = ProblemJson<'_>, content_type = "application/problem+json"),
    (status = 404, description = "`not_found`: the user has no such session.", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(super) async fn own_revoke(key: Authorized<Serve>, body: JsonBody) -> Result<Json, Problem> {
    let request: OwnRevokeRequest<'_> = body.read()?;
    let which = Which::of(&request)?;
    let present = present(&key, &request.token).await?;
    let sessions = key.sessions();
    let is_own = matches!(which, Which::One(id) if id == present.id);
    let policy = sessions.policy(&present.profile);
    let is_fresh = present.authenticated_at.is_some_and(|at| sessions.now().since(at) <= policy.fresh());
    // Whoever has not signed in has no other sessions, and could not authenticate again to go on.
    if present.subject.is_some() && !is_own && !is_fresh {
        return Err(Problem::step_up_required());
    }
    let revocation = Revocation { note: None, caller: key.user() };
    let revoked = match (which, &present.subject) {
        (Which::One(id), _) if is_own => u64::from(sessions.revoke(&id, &revocation).await?),
        (Which::One(id), Some(subject)) => {
            let record = sessions.find(&id).await?;
            let is_theirs = |record: &Record| {
                record.subject.as_ref() == Some(subject) && sessions.state(record) != SessionState::Ended
            };
            let record = record.filter(is_theirs).ok_or_else(Problem::not_found)?;
            u64::from(sessions.revoke(&record.id, &revocation).await?)
        }
        (Which::One(_), None) => return Err(Problem::not_found()),
        (Which::Others, Some(subject)) => sessions.revoke_subject(subject, Some(&present.id), &revocation).await?,
        (Which::All, Some(subject)) => sessions.revoke_subject(subject, None, &revocation).await?,
        (Which::Others, None) => 0,
        (Which::All, None) => u64::from(sessions.revoke(&present.id, &revocation).await?),
    };
    Json::ok(&Effect { revoked, effective_at: effective_at(sessions) })
}

/// Which of a user's sessions.
#[derive(Clone, Copy)]
enum Which {
    One(SessionId),
    Others,
    All,
}

impl Which {
    fn of(request: &OwnRevokeRequest<'_>) -> Result<Self, Problem> {
        let only_true = |name: &'static str, value| match value {
            Some(false) => Err(Problem::field(name, "This is `true`, or left out.")),
            value => Ok(value.is_some()),
        };
        let (others, all) = (only_true("others", request.others)?, only_true("all", request.all)?);
        match (&request.id, others, all) {
            (Some(id), false, false) => {
                let id = id.parse();
                id.map(Self::One).map_err(|error| Problem::field("id", format!("This is wrong: {error}.")))
            }
            (None, true, false) => Ok(Self::Others),
            (None, false, true) => Ok(Self::All),
            _ => Err(Problem::field("id", "Exactly one of `id`, `others` and `all` is needed.")),
        }
    }
}

/// Returns the session of the one who asks.
async fn present(key: &Authorized<Serve>, token: &str) -> Result<Record, Problem> {
    let verified = key.sessions().verify(token, true, &key.user()).await?;
    if verified.is_locked { Err(Problem::locked()) } else { Ok(verified.record) }
}
