use std::sync::Arc;

use axum::extract::State;
use axum::http::HeaderMap;
use hallpass::{NewSession, Profile, SignIn, Subject};
use serde::Deserialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::input::{Authentication, ClientInput, data, idempotency, note_client, profile};
use super::issued::{Handing, IssuedView};
use crate::app::App;
use crate::wire::{Authorized, Json, JsonBody, Problem, ProblemJson, Serve};

/// A session to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct CreateRequest<'a> {
    /// Who has signed in: 1 to 255 bytes; nobody for an anonymous session.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 255)]
    subject: Option<Subject>,
    /// The attributes.
    #[serde(borrow)]
    #[schema(value_type = Option<Object>)]
    data: Option<&'a RawValue>,
    /// The policy that it lives under; `default` if nobody says.
    #[schema(value_type = Option<String>)]
    profile: Option<Profile>,
    /// Whether the client is to be remembered: the profile `remember`.
    #[serde(default)]
    remember: bool,
    /// What is known of the client.
    client: Option<ClientInput>,
    /// How the subject proved who they are; one factor, just now, if nobody says.
    authentication: Option<Authentication>,
}

/// Makes a session and hands out its token.
#[utoipa::path(post, path = "/v1/sessions", tag = "sessions", request_body = CreateRequest<'_>,
    params(("Idempotency-Key" = Option<String>, Header, description = "Recognises a retry: it finds the session of the first try, with a new token.")),
    responses(
        (status = 201, description = "The session and its token.", body = IssuedView<'_>),
        (status = 409, description = "`limit_reached`, or `idempotency_key_used` for something else.", body = ProblemJson<'_>, content_type = "application/problem+json"),
        (status = 413, description = "`data_too_large`", body = ProblemJson<'_>, content_type = "application/problem+json"),
    ))]
pub(super) async fn create(
    State(app): State<Arc<App>>,
    key: Authorized<Serve>,
    headers: HeaderMap,
    body: JsonBody,
) -> Result<Json, Problem> {
    let request: CreateRequest<'_> = body.read()?;
    if request.authentication.is_some() && request.subject.is_none() {
        return Err(Problem::field("authentication", "This is for calls with a subject."));
    }
    let mut new = NewSession::anonymous();
    new.idempotency = idempotency(&headers, &key.holder, "create")?;
    new.profile = profile(key.sessions(), request.profile, request.remember)?.unwrap_or_default();
    new.client = request.client.unwrap_or_default().client();
    new.data = request.data.map(data).transpose()?.unwrap_or_default();
    if let Some(subject) = request.subject {
        let mut sign_in = SignIn::new(subject);
        if let Some(authentication) = request.authentication {
            authentication.apply(&mut sign_in, key.sessions().now())?;
        }
        new.sign_in = Some(sign_in);
    }
    let mut caller = key.caller();
    note_client(&mut caller, &new.client);
    let issued = key.sessions().create(new, &caller).await?;
    Handing { sessions: key.sessions(), carrier: &app.carrier }.answer(&issued, |view| Json::created(view))
}
