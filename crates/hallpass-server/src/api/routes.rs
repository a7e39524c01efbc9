use std::sync::{Arc, LazyLock};

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::any;
use utoipa::OpenApi as _;
use utoipa::openapi::OpenApi;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::{
    answers, authenticate, create, data, keys, list, logout, own, renew, revoke, show, signing_keys, sweep, verify,
    webhooks,
};
use crate::app::App;
use crate::oauth::{introspect, metadata, revoke as revocation, token};
use crate::wire::{Json, Problem, edge};
use crate::{audit, dashboard, events, forward_auth, health};

/// What an address serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Served {
    /// Everything.
    All,
    /// What applications need.
    Applications,
}

#[derive(utoipa::OpenApi)]
#[openapi(
    info(title = "hallpass", description = "Sessions as a service.", license(name = "MIT OR Apache-2.0")),
    servers((url = "http://127.0.0.1:7070")),
    security(("api_key" = [])),
    tags(
        (name = "sessions", description = "For applications: sessions by their tokens, and their data. Role `app`."),
        (name = "standards", description = "What OAuth 2.0 has words for: refreshing, asking about and ending tokens. Role `app`."),
        (name = "own", description = "For applications: what users do with their own sessions. Role `app`."),
        (name = "operating", description = "Looking at sessions and ending them. Roles `viewer` and `operator`."),
        (name = "events", description = "What happened. Role `auditor`."),
        (name = "keys", description = "API keys. Role `admin`, which may also do everything else."),
        (name = "signing keys", description = "The keys that tokens are signed or sealed with. Role `admin`, of the realm `default`."),
        (name = "proxies", description = "For proxies in front of applications, and the browsers that they send here. Needs no key."),
        (name = "running", description = "Whether the service is well. Needs no key."),
    ),
)]
struct Document;

fn applications() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(create::create))
        .routes(routes!(verify::verify))
        .routes(routes!(renew::renew))
        .routes(routes!(authenticate::authenticate))
        .routes(routes!(logout::logout))
        .routes(routes!(own::own))
        .routes(routes!(own::own_revoke))
        .routes(routes!(data::show_data, data::change_data))
        .routes(routes!(token::token))
        .routes(routes!(introspect::introspect))
        .routes(routes!(revocation::revoke_token))
        .routes(routes!(metadata::jwks))
        .routes(routes!(metadata::metadata))
        .routes(routes!(forward_auth::renew::renew))
        .routes(routes!(health::livez))
        .routes(routes!(health::readyz))
}

fn operators() -> OpenApiRouter<Arc<App>> {
    OpenApiRouter::new()
        .routes(routes!(list::list))
        .routes(routes!(list::list_of_subject))
        .routes(routes!(show::show))
        .routes(routes!(show::timeline))
        .routes(routes!(revoke::revoke))
        .routes(routes!(revoke::revoke_matching))
        .routes(routes!(revoke::revoke_subject))
        .routes(routes!(sweep::sweep))
        .routes(routes!(events::page::events))
        .routes(routes!(events::stream::stream))
        .routes(routes!(webhooks::list_webhooks))
        .routes(routes!(audit::page::checkpoint))
        .routes(routes!(audit::page::export))
        .routes(routes!(keys::create_key, keys::list_keys))
        .routes(routes!(keys::revoke_key))
        .routes(routes!(signing_keys::list_signing_keys))
        .routes(routes!(signing_keys::rotate_signing_key))
        .routes(routes!(signing_keys::retire_signing_key))
        .routes(routes!(signing_keys::remove_signing_key))
        .routes(routes!(health::metrics))
}

/// Returns the description of the whole API.
pub(crate) fn openapi() -> OpenApi {
    let router = OpenApiRouter::with_openapi(Document::openapi()).merge(applications()).merge(operators());
    // It is served by every method, and described once.
    let router = router.routes(routes!(forward_auth::check));
    let mut document = router.into_openapi();
    let key = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("An API key: `hpk_...`")).build();
    let components = document.components.get_or_insert_default();
    components.add_security_scheme("api_key", SecurityScheme::Http(key));
    let about = "The realm, and an API key of it (RFC 6749, section 2.3.1)";
    let client = HttpBuilder::new().scheme(HttpAuthScheme::Basic).description(Some(about)).build();
    components.add_security_scheme("client", SecurityScheme::Http(client));
    answers::describe(&mut document);
    document
}

/// Returns what an address serves.
pub(crate) fn routes(app: &Arc<App>, served: Served) -> Router {
    let mut router: Router<Arc<App>> = applications().into();
    if served == Served::All {
        router = router.merge(Router::from(operators()));
    }
    if served == Served::All && app.config.dashboard {
        router = router.merge(dashboard::router(app));
    }
    router
        .route("/forward-auth", any(forward_auth::check))
        .route("/forward-auth/", any(forward_auth::check_below))
        .route("/forward-auth/{*path}", any(forward_auth::check_below))
        .route("/openapi.json", axum::routing::get(describe))
        .route("/.well-known/oauth-authorization-server/{*path}", axum::routing::get(metadata::metadata_below))
        .fallback(|| async { Problem::not_found() })
        .method_not_allowed_fallback(|| async { Problem::method_not_allowed() })
        .layer(from_fn_with_state(Arc::clone(app), edge))
        .with_state(Arc::clone(app))
}

/// Shows the description of the whole API.
async fn describe() -> Json {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| openapi().to_json().unwrap_or_default());
    Json::raw(DOCUMENT.clone().into_bytes())
}
