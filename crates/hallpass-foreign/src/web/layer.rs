use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use axum_core::response::{IntoResponse as _, Response};
use http::header::{COOKIE, HeaderValue, SET_COOKIE};
use http::{HeaderMap, Request};
use tower_layer::Layer;
use tower_service::Service;

use super::exchange::Exchange;
use crate::home::Home;

/// Gives each request the session that its framework's cookie points at, and stores what the request did to it.
///
/// A route that does not ask for its [`ForeignSession`](super::ForeignSession) costs no trip to the store. Changes are
/// stored when the head of the response is ready; if they cannot be, the response says so instead, so that no lost write
/// is answered with success.
///
/// ```no_run
/// use axum::{Router, routing::get};
/// use hallpass_foreign::dialects::express::Express;
/// use hallpass_foreign::{ForeignLayer, ForeignSession, RedisHome, RedisServer, Secret};
///
/// async fn who(session: ForeignSession) -> String {
///     session.user().map_or("nobody".to_owned(), |user| user.id)
/// }
///
/// # async fn example() -> Result<(), Box<dyn std::error::Error>> {
/// let server = RedisServer::from_url("redis://127.0.0.1").await?;
/// let home = RedisHome::new(server, Express::new([Secret::new("keyboard cat")]))?;
/// let app: Router = Router::new().route("/", get(who)).layer(ForeignLayer::new(home));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone)]
pub struct ForeignLayer(Arc<dyn Home>);

impl ForeignLayer {
    /// Returns the layer for the sessions of a home.
    pub fn new(home: impl Home) -> Self {
        Self(Arc::new(home))
    }
}

impl<S> Layer<S> for ForeignLayer {
    type Service = ForeignService<S>;

    fn layer(&self, inner: S) -> Self::Service {
        ForeignService { inner, home: Arc::clone(&self.0) }
    }
}

/// The service that [`ForeignLayer`] makes.
#[derive(Debug, Clone)]
pub struct ForeignService<S> {
    inner: S,
    home: Arc<dyn Home>,
}

impl<S, B> Service<Request<B>> for ForeignService<S>
where
    S: Service<Request<B>, Response = Response, Error = Infallible>,
    S::Future: Send + 'static,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> Self::Future {
        let exchange = Arc::new(Exchange::new(Arc::clone(&self.home), cookies(request.headers())));
        request.extensions_mut().insert(Arc::clone(&exchange));
        let answering = self.inner.call(request);
        Box::pin(async move {
            let mut response = answering.await?;
            match exchange.commit(response.status()).await {
                Ok(set) => {
                    // A cookie that is no header is none that its framework would have written.
                    if let Some(Ok(set)) = set.map(HeaderValue::try_from) {
                        response.headers_mut().append(SET_COOKIE, set);
                    }
                }
                Err(refusal) => response = refusal.into_response(),
            }
            Ok(response)
        })
    }
}

/// Returns all `Cookie` headers as one: HTTP/2 may split them.
fn cookies(headers: &HeaderMap) -> Vec<u8> {
    let all: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    all.join(&b"; "[..])
}
