//! An example as it is served, with a clock that tests move.

use std::net::SocketAddr;
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::header::SET_COOKIE;
use axum::middleware::from_fn_with_state;
use axum::response::AppendHeaders;
use axum::routing::{get, post};
use hallpass::testing::ManualClock;
use hallpass::{Clock as _, Sessions, SessionsBuilder, SystemClock};
use rig::Certificate;
use serde::Deserialize;
use shop::Failure;
use tokio::net::TcpListener;

use crate::gate::Gate;
use crate::tls;

/// Serves an example behind encryption, and returns its port.
///
/// Beside it is what moves its time and holds up its requests, at [`CONTROL`]: of a test and of no program.
pub(crate) async fn serve<F>(
    app: impl FnOnce(SessionsBuilder, String) -> F,
    place: String,
    certificate: &Certificate,
) -> u16
where
    F: Future<Output = Result<Router, Failure>>,
{
    // In step with the clocks of stores, which forget by their own.
    let clock = ManualClock::starting_at(SystemClock::new().now());
    let app = app(Sessions::builder().clock(clock.clone()), place).await.expect("the example starts");
    let gate = Gate::closed();
    let app = shop::open(app).layer(from_fn_with_state(gate.clone(), Gate::layer));
    let app = app.nest(CONTROL, control(clock, gate));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let service = app.into_make_service_with_connect_info::<SocketAddr>();
    tokio::spawn(async move { axum::serve(listener, service).await });
    tls::in_front_of(port, certificate).await
}

/// Where the control is. Programs have nothing there.
pub(crate) const CONTROL: &str = "/control";

fn control(clock: ManualClock, gate: Gate) -> Router {
    Router::new()
        .route("/advance/{seconds}", post(advance))
        .with_state(clock)
        .route("/arrived", post(async |State(gate): State<Gate>| gate.arrived().await))
        .route("/release", post(async |State(gate): State<Gate>| gate.release()))
        .with_state(gate)
        .route("/toss", get(toss))
}

async fn advance(State(clock): State<ManualClock>, Path(seconds): Path<u64>) -> String {
    clock.advance(Duration::from_secs(seconds)).to_string()
}

#[derive(Deserialize)]
struct Toss {
    cookie: String,
}

/// Sets any cookie, as a site next door would.
async fn toss(Query(toss): Query<Toss>) -> (AppendHeaders<[(axum::http::HeaderName, String); 1]>, &'static str) {
    (AppendHeaders([(SET_COOKIE, toss.cookie)]), "tossed")
}
