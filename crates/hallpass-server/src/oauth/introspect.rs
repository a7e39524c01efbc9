use std::sync::Arc;

use axum::extract::State;
use hallpass::{Method, Record, SessionId, Sessions, Subject, Timestamp};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Form, OauthClient, Refused, RefusedJson, is_access_shaped};
use crate::app::App;
use crate::metrics::Verification;
use crate::tokens::Mint;
use crate::wire::Json;

/// A token to be asked about.
#[derive(Deserialize, ToSchema)]
#[allow(dead_code)] // named by the schema only
pub(crate) struct IntrospectRequest {
    /// An access token, or the token of a session.
    token: String,
    /// What kind of token it may be; it is found out anyway.
    token_type_hint: Option<String>,
}

/// What is known of a token (RFC 7662, section 2.2); of one that is not good, no more than `{"active":false}`.
#[derive(Serialize, ToSchema)]
pub(crate) struct Introspection<'a> {
    active: bool,
    /// `access_token`, `refresh_token` where there are access tokens, or `session`. Whoever takes access tokens only is to
    /// look at it.
    #[schema(required = false)]
    token_use: &'static str,
    /// `Bearer`; left out for what is not to be shown to a resource.
    #[serde(skip_serializing_if = "Option::is_none")]
    token_type: Option<&'static str>,
    /// The realm.
    #[schema(required = false)]
    client_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    iss: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    aud: Option<&'a str>,
    /// Whose session it is; left out while anonymous.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    sub: Option<&'a Subject>,
    /// The session's public name.
    #[schema(value_type = String, required = false)]
    sid: SessionId,
    /// When it was made, in seconds since 1970.
    #[schema(required = false)]
    iat: u64,
    /// Until when it is good if nothing happens, in seconds since 1970.
    #[schema(required = false)]
    exp: u64,
    /// When its subject authenticated, in seconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_time: Option<u64>,
    /// How strongly its subject authenticated: `0` to `9`.
    #[schema(required = false)]
    acr: String,
    /// How its subject authenticated.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    #[schema(value_type = Vec<String>)]
    amr: &'a [Method],
    /// Who really acts, if it is not the subject (RFC 8693, section 4.1).
    #[serde(skip_serializing_if = "Option::is_none")]
    act: Option<Acting<'a>>,
}

/// Who acts as the subject of a token.
#[derive(Serialize, ToSchema)]
#[schema(as = Acting)]
pub(crate) struct Acting<'a> {
    #[schema(value_type = String)]
    sub: &'a Subject,
}

/// Tells what is known of a token (RFC 7662). A session's token counts as used by it.
#[utoipa::path(post, path = "/oauth2/introspect", tag = "standards",
    request_body(content = IntrospectRequest, content_type = "application/x-www-form-urlencoded"),
    security(("api_key" = []), ("client" = [])),
    responses(
        (status = 200, description = "What is known; exactly `{\"active\":false}` of a token that is not good.", body = Introspection<'_>),
        (status = 400, description = "`invalid_request` or `unauthorized_client`", body = RefusedJson<'_>),
        (status = 401, description = "`invalid_client`", body = RefusedJson<'_>),
    ))]
pub(crate) async fn introspect(State(app): State<Arc<App>>, client: OauthClient, form: Form) -> Result<Json, Refused> {
    client.check(&form)?;
    let token = form.required("token")?;
    let answer = if is_access_shaped(token) {
        of_access(&app, &client, token).await
    } else {
        of_session(&app, &client, token).await
    };
    app.metrics.verified(match &answer {
        Ok(Some(_)) => Verification::Active,
        Ok(None) => Verification::Inactive,
        Err(_) => Verification::Failed,
    });
    Ok(answer?.unwrap_or_else(|| Json::raw(br#"{"active":false}"#.to_vec())))
}

async fn of_access(app: &App, client: &OauthClient, token: &str) -> Result<Option<Json>, Refused> {
    let Some(jwt) = app.mint.as_ref().and_then(Mint::access) else { return Ok(None) };
    let carried = match client.sessions().verify_access(token, None, &client.user()).await {
        Ok(carried) => carried,
        Err(error) if error.is_inactive() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let mut known = Introspection::of(&carried.record, carried.issued_at, carried.expires_at);
    known.token_use = "access_token";
    known.token_type = Some("Bearer");
    (known.iss, known.aud) = (Some(jwt.issuer()), Some(jwt.audience()));
    Ok(Some(Json::ok(&known)?))
}

async fn of_session(app: &App, client: &OauthClient, token: &str) -> Result<Option<Json>, Refused> {
    let sessions = client.sessions();
    let record = match sessions.verify(token, true, &client.user()).await {
        Ok(verified) if verified.is_locked => return Ok(None),
        Ok(verified) => verified.record,
        Err(error) if error.is_inactive() => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let made_at = record.chain.as_ref().map_or(record.created_at, |chain| chain.renewed_at);
    let mut known = Introspection::of(&record, made_at, ends_at(sessions, &record));
    if app.makes_access_tokens() {
        known.token_use = "refresh_token";
    } else {
        known.token_type = Some("Bearer");
    }
    Ok(Some(Json::ok(&known)?))
}

fn ends_at(sessions: &Sessions, record: &Record) -> Timestamp {
    let deadlines = sessions.policy(&record.profile).deadlines(record);
    deadlines.idle.min(deadlines.absolute)
}

impl<'a> Introspection<'a> {
    fn of(record: &'a Record, made_at: Timestamp, ends_at: Timestamp) -> Self {
        Self {
            active: true,
            token_use: "session",
            token_type: None,
            client_id: record.realm.as_str(),
            iss: None,
            aud: None,
            sub: record.subject.as_ref(),
            sid: record.id,
            iat: seconds(made_at),
            exp: seconds(ends_at),
            auth_time: record.authenticated_at.map(seconds),
            acr: record.level.number().to_string(),
            amr: &record.methods,
            act: record.impersonator.as_ref().map(|sub| Acting { sub }),
        }
    }
}

fn seconds(at: Timestamp) -> u64 {
    at.as_millis() / 1000
}
