use std::borrow::Cow;
use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use hallpass::{Profile, SignIn, Subject};
use serde::Deserialize;
use utoipa::ToSchema;

use super::input::{Authentication, ClientInput, idempotency, note_client, profile};
use super::issued::{Handing, IssuedView};
use crate::app::App;
use crate::wire::{Authorized, Json, JsonBody, Problem, ProblemJson, Serve};

/// A proof of who holds a token.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct AuthenticateRequest<'a> {
    /// The token that the client has; it is dead at once.
    #[serde(borrow)]
    #[schema(value_type = String)]
    token: Cow<'a, str>,
    /// Who has signed in: 1 to 255 bytes.
    #[schema(value_type = String, min_length = 1, max_length = 255)]
    subject: Subject,
    /// How they proved who they are; one factor, just now, if nobody says.
    authentication: Option<Authentication>,
    /// The names of attributes from before a login that the session keeps: at most 64.
    #[serde(default)]
    #[schema(max_items = 64)]
    keep: Vec<String>,
    /// The policy that the session goes on under; the one it has if nobody says.
    #[schema(value_type = Option<String>)]
    profile: Option<Profile>,
    /// Whether the client is to be remembered: the profile `remember`.
    #[serde(default)]
    remember: bool,
    /// What is known of the client; what was known before if nobody says.
    client: Option<ClientInput>,
}

/// Sets the subject of a session, or proves the same one afresh: a new token, and the old one is dead at once.
#[utoipa::path(post, path = "/v1/authenticate", tag = "sessions", request_body = AuthenticateRequest<'_>,
    params(("Idempotency-Key" = Option<String>, Header, description = "Recognises a retry with the same token.")),
    responses(
        (status = 200, description = "The session and its new token.", body = IssuedView<'_>),
        (status = 401, description = "`inactive`", body = ProblemJson<'_>, content_type = "application/problem+json"),
        (status = 409, description = "`limit_reached`, or `idempotency_key_used` for something else.", body = ProblemJson<'_>, content_type = "application/problem+json"),
    ))]
pub(super) async fn authenticate(
    State(app): State<Arc<App>>,
    key: Authorized<Serve>,
    headers: HeaderMap,
    body: JsonBody,
) -> Result<Json, Problem> {
    let request: AuthenticateRequest<'_> = body.read()?;
    if request.keep.len() > 64 {
        return Err(Problem::field("keep", "These are at most 64 names."));
    }
    let mut caller = key.user();
    let mut sign_in = SignIn::new(request.subject);
    if let Some(authentication) = request.authentication {
        authentication.apply(&mut sign_in, key.sessions().now())?;
    }
    if let Some(client) = request.client {
        let client = client.client();
        note_client(&mut caller, &client);
        sign_in.client = Some(client);
    }
    sign_in.profile = profile(key.sessions(), request.profile, request.remember)?;
    sign_in.keep = request.keep;
    sign_in.idempotency = idempotency(&headers, &key.holder, "authenticate")?;
    let issued = key.sessions().authenticate(&request.token, sign_in, &caller).await?;
    Handing { sessions: key.sessions(), carrier: &app.carrier }.answer(&issued, |view| Json::ok(view))
}
