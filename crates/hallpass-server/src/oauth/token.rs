use std::sync::Arc;

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse as _, Response};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Form, OauthClient, Refused, RefusedJson};
use crate::app::App;
use crate::wire::Json;

/// A refresh token to be replaced by the next, and an access token.
#[derive(Deserialize, ToSchema)]
#[allow(dead_code)] // named by the schema only
pub(crate) struct TokenRequest {
    /// `refresh_token`.
    grant_type: String,
    /// The token of a session.
    refresh_token: String,
    /// The realm of the API key, if anything.
    client_id: Option<String>,
}

/// The next tokens of a session (RFC 6749, section 5.1).
#[derive(Serialize, ToSchema)]
pub(crate) struct TokenAnswer<'a> {
    /// What stands for the session for some minutes.
    access_token: &'a str,
    /// `Bearer`.
    token_type: &'static str,
    /// For how many seconds the access token is good.
    expires_in: u64,
    /// The next token of the session.
    refresh_token: &'a str,
}

/// Gives the next tokens of a session for its refresh token (RFC 6749, section 6); concurrent and retried calls with one
/// token get the same refresh token.
#[utoipa::path(post, path = "/oauth2/token", tag = "standards",
    request_body(content = TokenRequest, content_type = "application/x-www-form-urlencoded"),
    security(("api_key" = []), ("client" = [])),
    responses(
        (status = 200, description = "The next tokens.", body = TokenAnswer<'_>),
        (status = 400, description = "`invalid_request`, `invalid_grant`, `invalid_scope`, `unauthorized_client` or `unsupported_grant_type`", body = RefusedJson<'_>),
        (status = 401, description = "`invalid_client`", body = RefusedJson<'_>),
    ))]
pub(crate) async fn token(State(app): State<Arc<App>>, client: OauthClient, form: Form) -> Result<Response, Refused> {
    client.check(&form)?;
    let grant_type = form.required("grant_type")?;
    if grant_type != "refresh_token" || !app.makes_access_tokens() {
        return Err(Refused::unsupported_grant_type());
    }
    let token = form.required("refresh_token")?;
    if form.optional("scope").is_some() {
        return Err(Refused::invalid_scope());
    }
    let sessions = client.sessions();
    let issued = match sessions.renew(token, &client.user()).await {
        Ok(issued) => issued,
        Err(error) if error.is_inactive() => return Err(Refused::invalid_grant()),
        Err(error) if error.is_locked() => return Err(Refused::locked()),
        Err(error) => return Err(error.into()),
    };
    let access = issued.access_token.as_ref().ok_or_else(Refused::nobody)?;
    let json = Json::ok(&TokenAnswer {
        access_token: access.token.expose(),
        token_type: "Bearer",
        expires_in: access.expires_at.since(sessions.now()).as_secs(),
        refresh_token: issued.token.expose(),
    })?;
    // As section 5.1 has it, for caches that are older than `Cache-Control`.
    Ok(([(header::PRAGMA, "no-cache")], json).into_response())
}
