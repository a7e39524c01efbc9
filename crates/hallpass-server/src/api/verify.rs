use std::borrow::Cow;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use hallpass::{Caller, Record, Sessions, Verified};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::input::Requirement;
use crate::app::App;
use crate::metrics::Verification;
use crate::view::SessionView;
use crate::wire::{Authorized, Json, JsonBody, Problem, ProblemJson, Serve};

/// A token to be judged.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct VerifyRequest<'a> {
    /// The token of a session.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    token: Option<Cow<'a, str>>,
    /// An access token, instead. Its session is shown as it was when the token was made, without its data, and this does
    /// not count as use of it.
    #[serde(borrow)]
    #[schema(value_type = Option<String>)]
    access_token: Option<Cow<'a, str>>,
    /// Whether this counts as use of the session.
    #[serde(default = "yes")]
    #[schema(default = true)]
    touch: bool,
    /// How old the answer may be, in seconds. Where the service has no cache, it never is older than the call; where it
    /// has one, at most two seconds, and with 0 or 1 the cache is not asked. What is known of revoked self-contained
    /// tokens is at most two seconds old; where that is older than allowed, the store is asked, and with 0 always.
    max_staleness: Option<u32>,
    /// What the session must have, beyond being active.
    require: Option<Requirement>,
}

fn yes() -> bool {
    true
}

/// What a good token opens.
#[derive(Serialize, ToSchema)]
pub(super) struct VerifyAnswer<'a> {
    /// `true`.
    active: bool,
    session: SessionView<'a>,
    /// Whether the client should be sent where it gets its next token.
    renew_due: bool,
}

/// Judges a token: says what it opens, and renews nothing.
#[utoipa::path(post, path = "/v1/verify", tag = "sessions", request_body = VerifyRequest<'_>, responses(
    (status = 200, description = "The token is good.", body = VerifyAnswer<'_>),
    (status = 401, description = "`inactive`: the token is missing, unknown, malformed, expired or revoked.", body = ProblemJson<'_>, content_type = "application/problem+json"),
    (status = 403, description = "`locked`, or `step_up_required`.", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(super) async fn verify(
    State(app): State<Arc<App>>,
    key: Authorized<Serve>,
    body: JsonBody,
) -> Result<Json, Problem> {
    let request: VerifyRequest<'_> = body.read()?;
    let verified = judge(&app, &key, &request).await;
    app.metrics.verified(match &verified {
        Ok(_) => Verification::Active,
        Err(problem) => problem.verification(),
    });
    let Verified { record, renewal_due, .. } = verified?;
    let session = SessionView::of(key.sessions(), &record);
    let session = match request.token {
        Some(_) => session.with_data(&record).map_err(Problem::corrupt)?,
        None => session,
    };
    Json::ok(&VerifyAnswer { active: true, session, renew_due: renewal_due })
}

async fn judge(app: &App, key: &Authorized<Serve>, request: &VerifyRequest<'_>) -> Result<Verified, Problem> {
    let (sessions, user) = (key.sessions(), key.user());
    let bound = request.max_staleness.map(|seconds| Duration::from_secs(seconds.into()));
    let verified = match (&request.token, &request.access_token) {
        (Some(token), None) => by_token(sessions, token, bound, request.touch, &user).await?,
        (None, Some(token)) if app.makes_access_tokens() => {
            let carried = sessions.verify_access(token, bound, &user).await?;
            Verified { record: Record::clone(&carried.record), is_locked: false, renewal_due: false }
        }
        // No access token was ever handed out, so none is good.
        (None, Some(_)) => return Err(Problem::inactive()),
        (Some(_), Some(_)) => return Err(Problem::field("access_token", "This is instead of `token`.")),
        (None, None) => return Err(Problem::field("token", "This is missing.")),
    };
    if verified.is_locked {
        return Err(Problem::locked());
    }
    let now = key.sessions().now();
    if request.require.is_some_and(|requirement| !requirement.is_met(&verified.record, now)) {
        return Err(Problem::step_up_required());
    }
    Ok(verified)
}

/// Judges a token that points at a session, or carries it.
pub(crate) async fn by_token(
    sessions: &Sessions,
    token: &str,
    bound: Option<Duration>,
    touch: bool,
    user: &Caller,
) -> Result<Verified, hallpass::Error> {
    let may_lag = if sessions.is_carried() { sessions.revocation_bound() } else { sessions.store().staleness() };
    if bound.is_some_and(|bound| bound < may_lag) {
        sessions.verify_fresh(token, touch, user).await
    } else {
        sessions.verify(token, touch, user).await
    }
}
