use std::sync::Arc;

use axum::extract::State;
use hallpass::{EventKind, Realm};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::app::App;
use crate::events::tell;
use crate::keys::{ApiKeyInfo, KeyName, Role};
use crate::wire::{Administer, Authorized, Json, JsonBody, NoContent, PathKey, Problem, ProblemJson};

/// An API key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct KeyRequest {
    /// What its holder is called in events: 1 to 60 bytes.
    #[schema(value_type = String, min_length = 1, max_length = 60)]
    name: KeyName,
    /// What it may do.
    role: Role,
    /// Whose sessions it is for; those of the key that asks if nobody says. Only an admin of the realm `default` may
    /// name another.
    #[schema(value_type = Option<String>)]
    realm: Option<Realm>,
}

/// An API key that was just made.
#[derive(Serialize, ToSchema)]
pub(super) struct MadeKey<'a> {
    #[serde(flatten)]
    info: &'a ApiKeyInfo,
    /// The key: it is shown this once.
    key: &'a str,
}

/// The API keys.
#[derive(Serialize, ToSchema)]
pub(super) struct KeyPage {
    items: Vec<ApiKeyInfo>,
    /// Nothing: there are few enough for one page.
    #[schema(value_type = Option<String>)]
    next: Option<String>,
}

/// Makes an API key, and shows it once.
#[utoipa::path(post, path = "/v1/keys", tag = "keys", request_body = KeyRequest, responses(
    (status = 201, description = "The key.", body = MadeKey<'_>),
    (status = 409, description = "`too_many_keys`: there can be 1,000.", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(super) async fn create_key(
    State(app): State<Arc<App>>,
    key: Authorized<Administer>,
    body: JsonBody,
) -> Result<Json, Problem> {
    let KeyRequest { name, role, realm } = body.read()?;
    let realm = realm.unwrap_or_else(|| key.sessions().realm().clone());
    if !governs(&key, &realm) {
        return Err(Problem::field("realm", "Keys for other realms are made by an admin of the realm `default`."));
    }
    let (info, secret) = app.keys.create(name, realm, role, key.sessions().now()).await?;
    app.ring.forget().await;
    tell(key.sessions(), info.event(EventKind::KeyCreated, &key.caller(), key.sessions().now())).await;
    Json::created(&MadeKey { info: &info, key: secret.expose() })
}

/// Lists the API keys, without the keys themselves.
#[utoipa::path(get, path = "/v1/keys", tag = "keys", responses(
    (status = 200, description = "The keys.", body = KeyPage),
))]
pub(super) async fn list_keys(State(app): State<Arc<App>>, key: Authorized<Administer>) -> Result<Json, Problem> {
    let mut items = app.keys.list().await?;
    items.retain(|info| governs(&key, &info.realm));
    Json::ok(&KeyPage { items, next: None })
}

/// Revokes an API key: this service refuses it at once, others on the same store within a second.
#[utoipa::path(delete, path = "/v1/keys/{id}", tag = "keys", params(
    ("id" = String, Path, description = "The name of the key."),
), responses(
    (status = 204, description = "The key is revoked."),
    (status = 404, description = "`not_found`", body = ProblemJson<'_>, content_type = "application/problem+json"),
    (status = 409, description = "`last_admin_key`: nobody could make another.", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(super) async fn revoke_key(
    State(app): State<Arc<App>>,
    key: Authorized<Administer>,
    PathKey(id): PathKey,
) -> Result<NoContent, Problem> {
    let keys = app.keys.list().await?;
    let info = keys.into_iter().find(|info| info.id == id && governs(&key, &info.realm));
    let info = info.ok_or_else(Problem::not_found)?;
    app.keys.revoke(&info.id).await?;
    app.ring.forget().await;
    tell(key.sessions(), info.event(EventKind::KeyRevoked, &key.caller(), key.sessions().now())).await;
    Ok(NoContent)
}

/// Tells whether an admin manages the keys of a realm: those of `default` manage all.
fn governs(key: &Authorized<Administer>, realm: &Realm) -> bool {
    let own = key.sessions().realm();
    own == realm || *own == Realm::default()
}
