use std::num::NonZeroU64;

use hallpass::{Cursor, Extent, Note, Revocation, Revoked, SessionId, Sessions, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::filter::{Filter, check_cursor};
use crate::wire::{Authorized, Json, JsonBody, PathId, PathSubject, Problem, ProblemJson, Revoke};

/// How many sessions ended, and by when for everybody.
#[derive(Serialize, ToSchema)]
pub(super) struct Effect {
    /// How many sessions ended that were usable until then.
    pub(super) revoked: u64,
    /// Since when their tokens are refused everywhere.
    #[schema(value_type = String, format = DateTime)]
    pub(super) effective_at: Timestamp,
}

/// Returns since when an end that was just written is heeded by every verifier, also by one with a cache, or that asks no
/// store.
pub(crate) fn effective_at(sessions: &Sessions) -> Timestamp {
    sessions.now().plus(sessions.revocation_bound())
}

/// Why a session is to end.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RevokeRequest {
    /// What is said about it: 1 to 512 bytes.
    #[schema(value_type = String, min_length = 1, max_length = 512)]
    reason: Note,
}

/// Why the sessions of a subject are to end.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SubjectRevokeRequest {
    /// What is said about it: 1 to 512 bytes.
    #[schema(value_type = String, min_length = 1, max_length = 512)]
    reason: Note,
    /// The one that stays.
    #[schema(value_type = Option<String>)]
    except: Option<SessionId>,
}

/// Which sessions are to end, and why.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct BulkRequest {
    /// Which; an empty filter is every session of the realm.
    filter: Filter,
    /// What is said about it: 1 to 512 bytes.
    #[schema(value_type = String, min_length = 1, max_length = 512)]
    reason: Note,
    /// Whether only to say which would.
    #[serde(default)]
    dry_run: bool,
    /// The most sessions to end in this call, 1 to 1,000,000; all if nobody says.
    #[schema(minimum = 1, maximum = 1_000_000)]
    limit: Option<u32>,
    /// The `next` of the call before.
    #[schema(value_type = Option<String>)]
    cursor: Option<Cursor>,
}

/// What a revocation of many sessions did.
#[derive(Serialize, ToSchema)]
pub(super) struct BulkAnswer {
    /// How many sessions match and were usable.
    matched: u64,
    /// How many of them ended.
    revoked: u64,
    /// The first of them, at most 10.
    #[schema(value_type = Vec<String>)]
    sample: Vec<SessionId>,
    /// Since when their tokens are refused everywhere.
    #[schema(value_type = String, format = DateTime)]
    effective_at: Timestamp,
    /// Where to go on, if the limit was reached.
    #[schema(value_type = Option<String>)]
    next: Option<Cursor>,
}

/// Ends a session.
#[utoipa::path(post, path = "/v1/sessions/{id}/revoke", tag = "operating", params(
    ("id" = String, Path, description = "The session's public name."),
), request_body = RevokeRequest, responses(
    (status = 200, description = "It has ended.", body = Effect),
    (status = 404, description = "`not_found`", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(super) async fn revoke(key: Authorized<Revoke>, PathId(id): PathId, body: JsonBody) -> Result<Json, Problem> {
    let RevokeRequest { reason } = body.read()?;
    let revocation = Revocation { note: Some(reason), caller: key.caller() };
    let revoked = key.sessions().revoke(&id, &revocation).await?;
    Json::ok(&Effect { revoked: revoked.into(), effective_at: effective_at(key.sessions()) })
}

/// Ends all sessions of a subject, or all but one.
#[utoipa::path(post, path = "/v1/subjects/{subject}/revoke", tag = "operating", params(
    ("subject" = String, Path, description = "The subject."),
), request_body = SubjectRevokeRequest, responses(
    (status = 200, description = "They have ended.", body = Effect),
))]
pub(super) async fn revoke_subject(
    key: Authorized<Revoke>,
    PathSubject(subject): PathSubject,
    body: JsonBody,
) -> Result<Json, Problem> {
    let SubjectRevokeRequest { reason, except } = body.read()?;
    let revocation = Revocation { note: Some(reason), caller: key.caller() };
    let revoked = key.sessions().revoke_subject(&subject, except.as_ref(), &revocation).await?;
    Json::ok(&Effect { revoked, effective_at: effective_at(key.sessions()) })
}

/// Ends every session that matches, in batches. A call that was cut off can be made again: it ends the rest.
#[utoipa::path(post, path = "/v1/revoke", tag = "operating", request_body = BulkRequest, responses(
    (status = 200, description = "What was done.", body = BulkAnswer),
    (status = 501, description = "`unsupported`: the store cannot list.", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(super) async fn revoke_matching(key: Authorized<Revoke>, body: JsonBody) -> Result<Json, Problem> {
    let BulkRequest { filter, reason, dry_run, limit, cursor } = body.read()?;
    check_cursor(cursor.as_ref())?;
    if limit.is_some_and(|limit| !(1..=1_000_000).contains(&limit)) {
        return Err(Problem::field("limit", "This is 1 to 1,000,000."));
    }
    let sessions = key.sessions();
    let revocation = Revocation { note: Some(reason), caller: key.caller() };
    let mut query = filter.query();
    query.after = cursor;
    let most = limit.and_then(|limit| NonZeroU64::new(limit.into()));
    let extent = Extent { states: filter.states(), most, dry_run };
    let Revoked { matched, revoked, sample, next } =
        sessions.revoke_matching(&query, &extent, &revocation, |_| {}).await?;
    Json::ok(&BulkAnswer { matched, revoked, sample, effective_at: effective_at(sessions), next })
}
