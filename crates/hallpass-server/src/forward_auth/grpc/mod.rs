//! Envoy's `envoy.service.auth.v3.Authorization` over gRPC: another way to ask the same questions.

pub(crate) mod messages;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::body::Body;
use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use axum::routing::post;
use futures_util::future::BoxFuture;
use http_body_util::BodyExt as _;
use tonic::server::{Grpc, UnaryService};
use tonic::{Code, Status};
use tonic_prost::ProstCodec;

use self::messages::{
    CheckRequest, CheckResponse, DeniedHttpResponse, HeaderValueOption, HttpRequest, HttpResponse, HttpStatus,
    OkHttpResponse,
};
use super::caller_at;
use super::check::answer;
use super::original::{Manner, Original};
use crate::app::App;
use crate::wire::{Problem, RequestId};

/// The one call of the service.
const CALL: &str = "/envoy.service.auth.v3.Authorization/Check";
/// The most bytes that a question may have: Envoy sends the head of the request, and its body only if it is told to.
const LARGEST: usize = 1 << 20;

/// Returns what the address for gRPC serves.
pub(crate) fn routes(app: &Arc<App>) -> Router {
    Router::new()
        .route(CALL, post(check))
        .fallback(|| async { Status::unimplemented("").into_http::<tonic::body::Body>() })
        .with_state(Arc::clone(app))
}

async fn check(State(app): State<Arc<App>>, request: Request) -> Response {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
    let mut grpc = Grpc::new(ProstCodec::<CheckResponse, CheckRequest>::default()).max_decoding_message_size(LARGEST);
    let response = grpc.unary(Check { app, peer }, request).await;
    response.map(Body::new)
}

/// One question.
struct Check {
    app: Arc<App>,
    peer: Option<SocketAddr>,
}

impl UnaryService<CheckRequest> for Check {
    type Response = CheckResponse;
    type Future = BoxFuture<'static, Result<tonic::Response<CheckResponse>, Status>>;

    fn call(&mut self, request: tonic::Request<CheckRequest>) -> Self::Future {
        let (app, peer) = (Arc::clone(&self.app), self.peer);
        Box::pin(async move {
            let started = Instant::now();
            let Ok(_place) = app.places.try_acquire() else {
                return Err(Status::unavailable("the service has all the work that it can do at once"));
            };
            let checked = check_one(&app, peer, request.into_inner());
            let checked = tokio::time::timeout(app.config.limits.request_time(), checked).await;
            let checked = checked.unwrap_or_else(|_| Err(Status::unavailable("it took too long")));
            let code = checked.as_ref().map_or_else(Status::code, |_| Code::Ok);
            tracing::debug!(?code, took = ?started.elapsed(), "answered Envoy");
            checked.map(tonic::Response::new)
        })
    }
}

async fn check_one(app: &App, peer: Option<SocketAddr>, request: CheckRequest) -> Result<CheckResponse, Status> {
    let attributes = request.attributes.ok_or_else(|| Status::invalid_argument("no attributes"))?;
    let http = attributes.request.and_then(|request| request.http);
    let http = http.ok_or_else(|| Status::invalid_argument("no HTTP request"))?;
    let headers = headers(&http);
    let request_id = app.request_ids.name(&headers);
    let mut response = match asked(app, peer, &http, &headers, &request_id) {
        Ok(original) => {
            // Where its client is, Envoy knows itself.
            let source = attributes.source.and_then(|source| source.address?.socket_address);
            let source = source.and_then(|source| source.address.parse().ok());
            let caller = caller_at(source, &headers, &request_id);
            answer(app, &original, &headers, &caller).await
        }
        Err(problem) => problem.into_response(),
    };
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        problem.render(&request_id, &mut response);
    }
    told(response).await
}

fn asked(
    app: &App,
    peer: Option<SocketAddr>,
    http: &HttpRequest,
    headers: &HeaderMap,
    request_id: &RequestId,
) -> Result<Original, Problem> {
    app.forward_auth.caller(peer, headers, request_id)?;
    Original::new(&http.method, &http.scheme, &http.host, &http.path, Manner::Envoy)
}

/// Returns the headers of the request that Envoy holds back. What is no header is left out, as it is no answer to anything.
fn headers(http: &HttpRequest) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let mut add = |name: &str, value: &[u8]| {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::from_bytes(value)) {
            headers.append(name, value);
        }
    };
    for (name, value) in &http.headers {
        add(name, value.as_bytes());
    }
    for header in http.header_map.iter().flat_map(|map| &map.headers) {
        add(&header.key, if header.raw_value.is_empty() { header.value.as_bytes() } else { &header.raw_value });
    }
    headers
}

/// Tells Envoy what other proxies are told by HTTP.
async fn told(response: Response) -> Result<CheckResponse, Status> {
    let (parts, body) = response.into_parts();
    // An error of ours is no verdict: Envoy counts it, and answers as it is configured to.
    if parts.status.is_server_error() {
        return Err(Status::unavailable("the session cannot be judged now"));
    }
    let option = |(name, value): (&HeaderName, &HeaderValue)| HeaderValueOption {
        header: Some(messages::HeaderValue {
            key: name.as_str().to_owned(),
            value: String::from_utf8_lossy(value.as_bytes()).into_owned(),
            raw_value: Vec::new(),
        }),
        append: Some(false),
        append_action: HeaderValueOption::OVERWRITE,
        keep_empty_value: true,
    };
    let removed = parts.headers.get(super::answer::REMOVE).and_then(|names| names.to_str().ok());
    let removed = removed.unwrap_or_default().split(',').filter(|name| !name.is_empty()).map(ToOwned::to_owned);
    if parts.status == StatusCode::OK {
        let own =
            parts.headers.iter().filter(|(name, _)| *name != super::answer::REMOVE && *name != header::CONTENT_LENGTH);
        let http_response = OkHttpResponse { headers: own.map(option).collect(), headers_to_remove: removed.collect() };
        return Ok(CheckResponse {
            status: Some(messages::Status { code: Code::Ok.into() }),
            http_response: Some(HttpResponse::Ok(http_response)),
        });
    }
    let code = match parts.status {
        StatusCode::FORBIDDEN => Code::PermissionDenied,
        StatusCode::BAD_REQUEST => Code::InvalidArgument,
        _ => Code::Unauthenticated,
    };
    let body = body.collect().await.map_err(|_| Status::internal("the answer could not be written"))?.to_bytes();
    Ok(CheckResponse {
        status: Some(messages::Status { code: code.into() }),
        http_response: Some(HttpResponse::Denied(DeniedHttpResponse {
            status: Some(HttpStatus { code: i32::from(parts.status.as_u16()) }),
            headers: parts.headers.iter().map(option).collect(),
            body: String::from_utf8_lossy(&body).into_owned(),
        })),
    })
}
