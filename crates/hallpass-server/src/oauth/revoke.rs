use std::sync::Arc;

use axum::extract::State;
use axum::http::StatusCode;
use hallpass::Revocation;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{Form, OauthClient, Refused, RefusedJson, is_access_shaped};
use crate::app::App;

/// A token whose session is to end.
#[derive(Deserialize, ToSchema)]
#[allow(dead_code)] // named by the schema only
pub(crate) struct RevocationRequest {
    /// An access token, or the token of a session.
    token: String,
    /// What kind of token it may be; it is found out anyway.
    token_type_hint: Option<String>,
}

/// Ends the session of a token (RFC 7009), and with it all its tokens; one that opens nothing is as good as revoked.
#[utoipa::path(post, path = "/oauth2/revoke", tag = "standards",
    request_body(content = RevocationRequest, content_type = "application/x-www-form-urlencoded"),
    security(("api_key" = []), ("client" = [])),
    responses(
        (status = 200, description = "The token opens nothing any more, or never did."),
        (status = 400, description = "`invalid_request` or `unauthorized_client`", body = RefusedJson<'_>),
        (status = 401, description = "`invalid_client`", body = RefusedJson<'_>),
    ))]
pub(crate) async fn revoke_token(
    State(app): State<Arc<App>>,
    client: OauthClient,
    form: Form,
) -> Result<StatusCode, Refused> {
    client.check(&form)?;
    let token = form.required("token")?;
    if is_access_shaped(token) {
        end_by_access(&app, &client, token).await?;
    } else {
        client.sessions().log_out(token, &client.user()).await?;
    }
    Ok(StatusCode::OK)
}

async fn end_by_access(app: &App, client: &OauthClient, token: &str) -> Result<(), Refused> {
    if !app.makes_access_tokens() {
        return Ok(());
    }
    let sessions = client.sessions();
    let id = match sessions.verify_access(token, None, &client.user()).await {
        Ok(carried) => carried.record.id,
        Err(error) if error.is_inactive() => return Ok(()),
        Err(error) => return Err(error.into()),
    };
    let revocation = Revocation { note: None, caller: client.user() };
    match sessions.revoke(&id, &revocation).await {
        Err(error) if !error.is_not_found() => Err(error.into()),
        _ => Ok(()),
    }
}
