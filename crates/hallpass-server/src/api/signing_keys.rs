use std::sync::Arc;

use axum::extract::State;
use hallpass::{EventKind, Note};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::events::tell;
use crate::tokens::{Mint, RemovedSigningKey, SigningKeyInfo, SigningKeys};
use crate::wire::{Administer, Authorized, Json, JsonBody, PathKey, Problem, ProblemJson};

/// Why a signing key takes its turn.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RotationRequest {
    /// What is said about it: 1 to 512 bytes.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 512)]
    reason: Option<Note>,
}

/// Why a signing key is taken away.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct RemovalRequest {
    /// What is said about it: 1 to 512 bytes.
    #[schema(value_type = String, min_length = 1, max_length = 512)]
    reason: Note,
}

/// The signing keys, in the order in which they begin to sign.
#[derive(Serialize, ToSchema)]
pub(super) struct SigningKeyPage {
    items: Vec<SigningKeyInfo>,
    /// Nothing: there are few enough for one page.
    #[schema(value_type = Option<String>)]
    next: Option<String>,
}

/// Lists the keys that tokens are signed or sealed with, without the keys themselves; none where no such tokens are made.
#[utoipa::path(get, path = "/v1/signing-keys", tag = "signing keys", responses(
    (status = 200, description = "The keys.", body = SigningKeyPage),
))]
pub(super) async fn list_signing_keys(
    State(app): State<Arc<App>>,
    key: Authorized<Administer>,
) -> Result<Json, Problem> {
    check(&key)?;
    let items = of(&app).list(app.sessions.now()).await?;
    Json::ok(&SigningKeyPage { items, next: None })
}

/// Makes the next signing key: it is published at once, and signs when everybody who verifies can know it. Nobody is
/// refused, and each call makes another key.
#[utoipa::path(post, path = "/v1/signing-keys/rotate", tag = "signing keys", request_body = RotationRequest, responses(
    (status = 201, description = "The key that signs next.", body = SigningKeyInfo),
    (status = 409, description = "`no_signing_keys`, `given_signing_keys` or `too_many_keys`", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(super) async fn rotate_signing_key(
    State(app): State<Arc<App>>,
    key: Authorized<Administer>,
    body: JsonBody,
) -> Result<Json, Problem> {
    check(&key)?;
    let RotationRequest { reason } = body.read()?;
    let now = app.sessions.now();
    let made = of(&app).rotate(now).await?;
    tell(&app.sessions, made.event(EventKind::KeyRotated, &key.caller(), reason.as_ref(), now)).await;
    Json::created(&made)
}

/// Has a signing key sign no more once another can; what it signed stays good. If no other key is to come, one is made.
/// Repeated, it changes nothing.
#[utoipa::path(post, path = "/v1/signing-keys/{id}/retire", tag = "signing keys", request_body = RotationRequest, params(
    ("id" = String, Path, description = "The name of the key: its `kid`."),
), responses(
    (status = 200, description = "The key, with when it signs no more, and when it is forgotten.", body = SigningKeyInfo),
    (status = 404, description = "`not_found`", body = ProblemJson<'_>, content_type = "application/problem+json"),
    (status = 409, description = "`no_signing_keys`, `given_signing_keys` or `too_many_keys`", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(super) async fn retire_signing_key(
    State(app): State<Arc<App>>,
    key: Authorized<Administer>,
    PathKey(id): PathKey,
    body: JsonBody,
) -> Result<Json, Problem> {
    check(&key)?;
    let RotationRequest { reason } = body.read()?;
    let now = app.sessions.now();
    let (retired, made) = of(&app).retire(&id, now).await?;
    if let Some(made) = made {
        tell(&app.sessions, made.event(EventKind::KeyRotated, &key.caller(), reason.as_ref(), now)).await;
    }
    Json::ok(&retired)
}

/// Takes a signing key away at once, for an emergency: everything under it is refused, by each node within 4 seconds, or
/// that node answers 503. If the key signs now, another takes its place.
#[utoipa::path(post, path = "/v1/signing-keys/{id}/remove", tag = "signing keys", request_body = RemovalRequest, params(
    ("id" = String, Path, description = "The name of the key: its `kid`."),
), responses(
    (status = 200, description = "The key that is gone, and since when.", body = RemovedSigningKey),
    (status = 404, description = "`not_found`", body = ProblemJson<'_>, content_type = "application/problem+json"),
    (status = 409, description = "`no_signing_keys` or `given_signing_keys`", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(super) async fn remove_signing_key(
    State(app): State<Arc<App>>,
    key: Authorized<Administer>,
    PathKey(id): PathKey,
    body: JsonBody,
) -> Result<Json, Problem> {
    check(&key)?;
    let RemovalRequest { reason } = body.read()?;
    let now = app.sessions.now();
    let removed = of(&app).remove(&id, now).await?;
    let event = removed.removed.event(EventKind::SigningKeyRemoved, &key.caller(), Some(&reason), now);
    tell(&app.sessions, event).await;
    Json::ok(&removed)
}

fn of(app: &App) -> SigningKeys {
    app.mint.as_ref().map_or_else(SigningKeys::none, Mint::signing_keys)
}

/// Signing keys are those of every realm.
fn check(key: &Authorized<Administer>) -> Result<(), Problem> {
    key.needs_all_realms("Signing keys are those of every realm: an admin of the realm `default` manages them.")
}
