use std::marker::PhantomData;

use actix_web::{HttpMessage as _, HttpRequest};
use hallpass::http::{ClientAddress, Exchange};
use hallpass::{Demand, Subject};

use crate::headers;
use crate::rejection::SessionRejection;

/// What a request carries to whoever asks for the session of the middleware with this name.
pub(crate) struct Place<Name>(Exchange, PhantomData<fn() -> Name>);

impl<Name: 'static> Place<Name> {
    pub(crate) fn new(exchange: Exchange) -> Self {
        Self(exchange, PhantomData)
    }

    /// Returns the exchange of a request, if it came through the middleware.
    pub(crate) fn find(request: &HttpRequest) -> Option<Exchange> {
        request.extensions().get::<Self>().map(|place| place.0.clone())
    }
}

/// Says that a request counts as no activity.
#[derive(Clone, Copy)]
pub(crate) struct IsBackground;

pub(crate) fn address(request: &HttpRequest) -> Option<ClientAddress> {
    request.extensions().get().copied()
}

/// Opens the session of the middleware with this name.
pub(crate) async fn open<Name: 'static>(
    request: &HttpRequest,
) -> Result<(hallpass::Session, Exchange), SessionRejection> {
    let exchange = Place::<Name>::find(request).ok_or_else(hallpass::http::SessionRejection::missing_layer)?;
    let read = exchange.is_untouched().then(|| exchange.reads());
    let headers = headers::of_request(read.into_iter().flatten(), request.headers());
    let opened = exchange.open(&headers, address(request)).await;
    match opened {
        Ok(session) => {
            if request.extensions().contains::<IsBackground>() {
                session.leave_untouched();
            }
            Ok((session, exchange))
        }
        Err(error) => Err(reject(&exchange, error, request)),
    }
}

/// Opens the session of the middleware with this name for somebody who meets a demand.
pub(crate) async fn open_for<Name: 'static>(
    request: &HttpRequest,
    demand: &Demand,
) -> Result<(hallpass::Session, Subject), SessionRejection> {
    let (session, exchange) = open::<Name>(request).await?;
    match session.meets(demand) {
        Ok(subject) => Ok((session, subject)),
        Err(error) => Err(reject(&exchange, error, request)),
    }
}

fn reject(exchange: &Exchange, error: hallpass::Error, request: &HttpRequest) -> SessionRejection {
    let (method, uri) = (headers::method(request.method()), headers::uri(request.uri()));
    exchange.reject(error, &method, &uri, &headers::all(request.headers())).into()
}
