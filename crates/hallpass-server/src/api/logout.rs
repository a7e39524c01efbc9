use std::borrow::Cow;

use serde::Deserialize;
use utoipa::ToSchema;

use crate::wire::{Authorized, JsonBody, NoContent, Problem, Serve};

/// A token alone.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct LogoutRequest<'a> {
    /// The token.
    #[serde(borrow)]
    #[schema(value_type = String)]
    token: Cow<'a, str>,
}

/// Ends the session that a token opens; a token that opens none is as good as logged out.
#[utoipa::path(post, path = "/v1/logout", tag = "sessions", request_body = LogoutRequest<'_>, responses(
    (status = 204, description = "The token opens nothing any more."),
))]
pub(super) async fn logout(key: Authorized<Serve>, body: JsonBody) -> Result<NoContent, Problem> {
    let LogoutRequest { token } = body.read()?;
    key.sessions().log_out(&token, &key.user()).await?;
    Ok(NoContent)
}
