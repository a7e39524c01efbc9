use std::sync::Arc;

use axum::extract::{Path, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::tokens::Mint;
use crate::wire::{Json, Problem, ProblemJson};

/// Where clients find what OAuth 2.0 has words for (RFC 8414, section 2).
#[derive(Serialize, ToSchema)]
pub(crate) struct Metadata<'a> {
    issuer: &'a str,
    token_endpoint: String,
    jwks_uri: String,
    introspection_endpoint: String,
    revocation_endpoint: String,
    /// None: nobody is sent here to sign in.
    response_types_supported: [&'static str; 0],
    grant_types_supported: [&'static str; 1],
    token_endpoint_auth_methods_supported: [&'static str; 1],
    introspection_endpoint_auth_methods_supported: [&'static str; 2],
    revocation_endpoint_auth_methods_supported: [&'static str; 1],
}

/// A JSON Web Key Set (RFC 7517): public keys only.
#[derive(Serialize, ToSchema)]
#[allow(dead_code)] // named by the schema only
pub(crate) struct Jwks {
    #[schema(value_type = Vec<Object>)]
    keys: (),
}

/// Shows the public keys that access tokens are verified with, those included that do not sign yet.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "standards", security(()), responses(
    (status = 200, description = "The keys.", body = Jwks, headers(("Cache-Control" = String, description = "How long they may be kept."))),
    (status = 404, description = "`not_found`: the service makes no access tokens.", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(crate) async fn jwks(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let mint = app.mint.as_ref().ok_or_else(Problem::not_found)?;
    let jwt = mint.access().ok_or_else(Problem::not_found)?;
    Ok(kept(mint, Json::raw(mint.jwks(jwt, app.sessions.now()).await?.into_bytes())))
}

/// Tells where clients find what OAuth 2.0 has words for (RFC 8414).
#[utoipa::path(get, path = "/.well-known/oauth-authorization-server", tag = "standards", security(()), responses(
    (status = 200, description = "The places.", body = Metadata<'_>),
    (status = 404, description = "`not_found`: the service makes no access tokens.", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(crate) async fn metadata(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let mint = app.mint.as_ref().ok_or_else(Problem::not_found)?;
    // Never of the header `Host`, which the client chooses.
    let issuer = mint.access().ok_or_else(Problem::not_found)?.issuer();
    let at = |path: &str| format!("{issuer}{path}");
    let json = Json::ok(&Metadata {
        issuer,
        token_endpoint: at("/oauth2/token"),
        jwks_uri: at("/.well-known/jwks.json"),
        introspection_endpoint: at("/oauth2/introspect"),
        revocation_endpoint: at("/oauth2/revoke"),
        response_types_supported: [],
        grant_types_supported: ["refresh_token"],
        token_endpoint_auth_methods_supported: ["client_secret_basic"],
        introspection_endpoint_auth_methods_supported: ["client_secret_basic", "Bearer"],
        revocation_endpoint_auth_methods_supported: ["client_secret_basic"],
    })?;
    Ok(kept(mint, json))
}

/// Tells the same at the place that it has for an issuer with a path: behind the name that is well known (RFC 8414, section
/// 3.1). A proxy that serves this service below a path has to send that place here.
pub(crate) async fn metadata_below(State(app): State<Arc<App>>, Path(path): Path<String>) -> Result<Response, Problem> {
    let issuer = app.mint.as_ref().and_then(Mint::access).ok_or_else(Problem::not_found)?.issuer();
    let own = issuer.splitn(4, '/').nth(3);
    if own == Some(&*path) { metadata(State(app)).await } else { Err(Problem::not_found()) }
}

/// Lets everybody keep an answer for as long as the keys may be.
fn kept(mint: &Mint, json: Json) -> Response {
    let mut response = json.into_response();
    let age = format!("public, max-age={}", mint.max_age().as_secs());
    response.headers_mut().extend(HeaderValue::from_str(&age).ok().map(|age| (header::CACHE_CONTROL, age)));
    response
}
