use std::future::{Ready, ready};
use std::task::{Context, Poll};

use actix_web::HttpMessage as _;
use actix_web::dev::{Service, ServiceRequest, Transform};

use crate::place::IsBackground;

/// Has requests to some routes count as no activity, whatever session middleware they come through: for what pages do by
/// themselves, such as polling (`TMO-5`). The idle timeout would mean nothing if an open page put it off.
#[derive(Debug, Clone, Copy, Default)]
pub struct BackgroundMiddleware;

/// The service that [`BackgroundMiddleware`] makes.
#[derive(Debug)]
pub struct BackgroundService<S>(S);

impl<S: Service<ServiceRequest>> Transform<S, ServiceRequest> for BackgroundMiddleware {
    type Response = S::Response;
    type Error = S::Error;
    type Transform = BackgroundService<S>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: S) -> Self::Future {
        ready(Ok(BackgroundService(inner)))
    }
}

impl<S: Service<ServiceRequest>> Service<ServiceRequest> for BackgroundService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&self, request: ServiceRequest) -> S::Future {
        request.extensions_mut().insert(IsBackground);
        self.0.call(request)
    }
}
