use std::task::{Context, Poll};

use http::Request;
use tower_layer::Layer;
use tower_service::Service;

/// Has requests to some routes count as no activity, whatever session layer they come through: for what pages do by
/// themselves, such as polling (`TMO-5`). The idle timeout would mean nothing if an open page put it off.
///
/// ```
/// use axum::{Router, routing::get};
/// use hallpass::Session;
/// use hallpass::http::{BackgroundLayer, CookieCarrier, SessionLayer};
/// use hallpass::{MemoryStore, Sessions};
///
/// let sessions = Sessions::builder().store(MemoryStore::new()).build()?;
/// let app: Router = Router::new()
///     .route("/news", get(async |session: Session| format!("{:?}", session.time_left())))
///     .route_layer(BackgroundLayer)
///     .layer(SessionLayer::new(sessions, CookieCarrier::default()));
/// # Ok::<(), hallpass::InvalidSessions>(())
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct BackgroundLayer;

/// Says that a request counts as no activity.
#[derive(Clone, Copy)]
pub(super) struct IsBackground;

/// The service that [`BackgroundLayer`] makes.
#[derive(Debug, Clone)]
pub struct BackgroundService<S>(S);

impl<S> Layer<S> for BackgroundLayer {
    type Service = BackgroundService<S>;

    fn layer(&self, inner: S) -> BackgroundService<S> {
        BackgroundService(inner)
    }
}

impl<S: Service<Request<B>>, B> Service<Request<B>> for BackgroundService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<B>) -> S::Future {
        request.extensions_mut().insert(IsBackground);
        self.0.call(request)
    }
}
