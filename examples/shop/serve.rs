use std::io::{IsTerminal as _, stderr};
use std::net::{Ipv4Addr, SocketAddr};
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::time::Duration;

use axum::Router;
use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{from_fn, map_response};
use axum::response::Response;
use hallpass::{Sessions, SessionsBuilder};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::time::sleep;
use tracing_subscriber::EnvFilter;

use crate::{Failure, assets, failure};

/// Serves an example at `http://localhost:PORT` until it is killed.
///
/// The first argument says where its sessions live, instead of `place`; the variable `PORT`, where it listens. What
/// happens is told on standard error, with as much detail as `RUST_LOG` asks for.
pub fn run<F>(port: u16, place: &str, app: impl FnOnce(SessionsBuilder, String) -> F) -> ExitCode
where
    F: Future<Output = Result<Router, Failure>>,
{
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_target(false);
    log.with_writer(stderr).with_ansi(stderr().is_terminal()).init();
    let place = std::env::args().nth(1).unwrap_or_else(|| place.to_owned());
    let served = Runtime::new().map_err(Failure::from).and_then(|runtime| {
        runtime.block_on(async {
            let app = app(hallpass::Sessions::builder(), place).await?;
            serve(port, app).await
        })
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            tracing::error!("{failure}");
            ExitCode::FAILURE
        }
    }
}

async fn serve(port: u16, app: Router) -> Result<(), Failure> {
    let port = match std::env::var("PORT") {
        Ok(port) => port.parse().map_err(|error| Failure::advise(error, "PORT is a number up to 65535."))?,
        Err(_) => port,
    };
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await;
    let listener = listener.map_err(|error| Failure::advise(error, "Choose another port, such as PORT=4100."))?;
    tracing::info!("the shop is open at http://localhost:{}", listener.local_addr()?.port());
    axum::serve(listener, open(app).into_make_service_with_connect_info::<SocketAddr>()).await?;
    Ok(())
}

/// Adds to an example what every page needs: its looks, a page where something is wrong, and what a browser is not to do.
pub fn open(app: Router) -> Router {
    app.merge(assets::routes()).layer(from_fn(failure::show)).layer(map_response(guard))
}

async fn guard(mut response: Response) -> Response {
    const RULES: [(HeaderName, &str); 3] = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src 'self'; \
             form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
    ];
    for (name, value) in RULES {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Every ten minutes ends what is overdue and forgets what ended long ago; for stores that can list.
pub fn sweep(sessions: &Sessions) {
    const AT_ONCE: NonZeroUsize = NonZeroUsize::new(1000).expect("a number above zero");
    let sessions = sessions.clone();
    tokio::spawn(async move {
        loop {
            sleep(Duration::from_mins(10)).await;
            match sessions.sweep(AT_ONCE).await {
                Ok(swept) => tracing::info!(expired = swept.expired, forgotten = swept.forgotten, "swept"),
                Err(error) => tracing::warn!(%error, "could not sweep"),
            }
        }
    });
}
