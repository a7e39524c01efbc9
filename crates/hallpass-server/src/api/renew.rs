use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use serde::Deserialize;
use utoipa::ToSchema;

use super::issued::{Handing, IssuedView};
use crate::app::App;
use crate::wire::{Authorized, Json, JsonBody, Problem, ProblemJson, Serve};

/// A token to be replaced by the next.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RenewRequest<'a> {
    /// The token.
    #[serde(borrow)]
    #[schema(value_type = String)]
    token: Cow<'a, str>,
    /// Whether the old token is dead at once: for a change of role or password.
    #[serde(default)]
    new_chain: bool,
}

/// Gives the next token of a session; concurrent and retried calls with one token get the same.
#[utoipa::path(post, path = "/v1/renew", tag = "sessions", request_body = RenewRequest<'_>, responses(
    (status = 200, description = "The session and its next token.", body = IssuedView<'_>),
    (status = 401, description = "`inactive`", body = ProblemJson<'_>, content_type = "application/problem+json"),
    (status = 403, description = "`locked`", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(super) async fn renew(
    State(app): State<Arc<App>>,
    key: Authorized<Serve>,
    body: JsonBody,
) -> Result<Json, Problem> {
    let RenewRequest { token, new_chain } = body.read()?;
    let sessions = key.sessions();
    let issued = if new_chain {
        sessions.rechain(&token, &key.user()).await?
    } else {
        sessions.renew(&token, &key.user()).await?
    };
    Handing { sessions, carrier: &app.carrier }.answer(&issued, |view| Json::ok(view))
}
