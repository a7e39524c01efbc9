use std::convert::Infallible;
use std::fmt;

use axum::body::{Body, HttpBody};
use axum::http::{Request, Response, StatusCode, header};
use http_body_util::BodyExt as _;
use tokio::runtime::Runtime;
use tower::{Service, ServiceExt as _};

use crate::client::{Client, USER_ID};
use crate::operation::Operation;

/// Makes so many requests of one operation to one service.
pub type Runner = Box<dyn FnMut(u32)>;

/// Makes requests that callgrind counts (`--toggle-collect`), apart from those that warm up and whatever starts a service:
/// gathering the first randomness alone takes as much as ten thousand requests, and never the same twice.
#[inline(never)]
pub fn counted_requests(run: &mut Runner, requests: u32) {
    run(requests);
    std::hint::black_box(run);
}

pub fn runtime() -> Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime")
}

/// Returns the runner for a service of axum or around one; the client has logged in before, if the service has sessions.
pub fn on_axum<S, B>(service: S, operation: Operation, has_sessions: bool) -> Runner
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone + 'static,
    B: HttpBody + 'static,
    B::Error: fmt::Debug,
{
    let runtime = runtime();
    let client = if has_sessions {
        let mut client = Client::new(Operation::Login);
        runtime.block_on(answer(&service, &mut client));
        let mut reading = client.clone().to(Operation::Read);
        let body = runtime.block_on(answer(&service, &mut reading));
        assert_eq!(body, USER_ID, "what was written is read");
        client.to(operation)
    } else {
        Client::new(operation)
    };
    let mut client = client;
    Box::new(move |times| {
        runtime.block_on(async {
            for _ in 0..times {
                answer(&service, &mut client).await;
            }
        });
    })
}

/// The service is cloned for each request, as axum's own server does.
async fn answer<S, B>(service: &S, client: &mut Client) -> axum::body::Bytes
where
    S: Service<Request<Body>, Response = Response<B>, Error = Infallible> + Clone,
    B: HttpBody,
    B::Error: fmt::Debug,
{
    let Ok(response) = service.clone().oneshot(client.request()).await;
    assert_eq!(response.status(), StatusCode::OK);
    client.follow(response.headers().get_all(header::SET_COOKIE).iter().map(|value| value.to_str().expect("text")));
    response.into_body().collect().await.expect("a body").to_bytes()
}
