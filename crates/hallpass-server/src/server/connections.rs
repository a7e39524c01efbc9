use std::convert::Infallible;
use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use axum::response::Response;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt as _;
use tower::util::Oneshot;

use super::RunError;
use super::certificates::Certificates;
use crate::config::Limits;

/// Accepts connections and serves them, so many at once and no more.
#[derive(Debug)]
pub(super) struct Connections {
    open: Arc<Semaphore>,
    speaking: Speaking,
    drain: Duration,
}

/// How those at the other end speak.
#[derive(Debug, Clone)]
pub(super) enum Manner {
    /// Plain HTTP.
    Plain,
    /// HTTPS, by the version that is agreed on.
    Tls(Arc<Certificates>),
    /// gRPC, which is spoken over HTTP/2.
    Grpc,
}

/// The most bytes that the head of a request may have; more is answered with 431.
const LARGEST_HEAD: usize = 64 << 10;
/// The same for what a proxy says over gRPC.
const LARGEST_HEADERS: u32 = 64 << 10;
/// How many questions one proxy may ask at once on one connection.
const MOST_STREAMS: u32 = 1024;
/// For how long accepting rests when the process has no file handle left.
const REST: Duration = Duration::from_millis(100);

impl Connections {
    pub(super) fn new(limits: &Limits) -> Self {
        let mut http = http1::Builder::new();
        // Also closes a connection that is kept alive and unused: nobody holds a place for nothing.
        http.timer(TokioTimer::new()).header_read_timeout(limits.header_time());
        // Far more than any client needs for a head.
        http.max_buf_size(LARGEST_HEAD);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        // A proxy keeps its connections; one that is gone without a word is found out.
        http2.timer(TokioTimer::new()).keep_alive_interval(limits.header_time()).max_concurrent_streams(MOST_STREAMS);
        http2.max_header_list_size(LARGEST_HEADERS);
        let speaking = Speaking { http, http2, handshake: limits.header_time() };
        Self { open: Arc::new(Semaphore::new(limits.connections)), speaking, drain: limits.drain_time() }
    }

    /// Serves until `stopped` says so; then closes what is idle, and gives the rest the time to finish.
    pub(super) async fn serve(
        &self,
        listener: TcpListener,
        manner: Manner,
        routes: Router,
        mut stopped: watch::Receiver<bool>,
    ) -> Result<(), RunError> {
        let graceful = GracefulShutdown::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.accept(&listener) => accepted?,
                _ = stopped.wait_for(|stopped| *stopped) => break,
            };
            let Some(Accepted { stream, peer, place }) = accepted else { continue };
            let service = Service { routes: routes.clone(), peer };
            let (speaking, watcher) = (self.speaking.clone(), graceful.watcher());
            let (manner, stopped) = (manner.clone(), stopped.clone());
            tokio::spawn(async move {
                if let Err(error) = speaking.serve(manner, stream, service, watcher, stopped).await {
                    tracing::debug!(error = %error, "a connection ended early");
                }
                drop(place);
            });
        }
        drop(listener);
        let open = graceful.count();
        if tokio::time::timeout(self.drain, graceful.shutdown()).await.is_err() {
            tracing::warn!(open, "requests were cut off that did not finish in time");
        }
        Ok(())
    }

    /// Returns the next connection once there is a place for it; nothing if it was gone before it could be accepted.
    async fn accept(&self, listener: &TcpListener) -> Result<Option<Accepted>, RunError> {
        let closed = |_| RunError(io::Error::other("the limit of connections was taken away"));
        let place = Arc::clone(&self.open).acquire_owned().await.map_err(closed)?;
        match listener.accept().await {
            Ok((stream, peer)) => {
                // Answers are small and written at once: waiting to fill a packet only adds latency.
                let _ = stream.set_nodelay(true);
                Ok(Some(Accepted { stream, peer, place }))
            }
            Err(error) => {
                tracing::warn!(error = %error, "a connection could not be accepted");
                tokio::time::sleep(REST).await;
                Ok(None)
            }
        }
    }
}

/// What is spoken on connections, and within which bounds.
#[derive(Debug, Clone)]
struct Speaking {
    http: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
    /// How long a client has to shake hands.
    handshake: Duration,
}

impl Speaking {
    async fn serve(
        self,
        manner: Manner,
        stream: TcpStream,
        service: Service,
        watcher: Watcher,
        mut stopped: watch::Receiver<bool>,
    ) -> Result<(), Box<dyn Error + Send + Sync>> {
        let Self { http, http2, handshake } = self;
        match manner {
            Manner::Plain => watcher.watch(http.serve_connection(TokioIo::new(stream), service)).await?,
            Manner::Grpc => watcher.watch(http2.serve_connection(TokioIo::new(stream), service)).await?,
            Manner::Tls(certificates) => {
                let shaken = tokio::select! {
                    shaken = tokio::time::timeout(handshake, certificates.accept(stream)) => shaken,
                    _ = stopped.wait_for(|stopped| *stopped) => return Ok(()),
                };
                let (stream, is_http2) = shaken??;
                let stream = TokioIo::new(stream);
                if is_http2 {
                    watcher.watch(http2.serve_connection(stream, service)).await?;
                } else {
                    watcher.watch(http.serve_connection(stream, service)).await?;
                }
            }
        }
        Ok(())
    }
}

/// What one connection is served, and who is at its other end.
#[derive(Clone)]
struct Service {
    routes: Router,
    peer: SocketAddr,
}

impl hyper::service::Service<Request<Incoming>> for Service {
    type Response = Response;
    type Error = Infallible;
    type Future = Oneshot<Router, Request<Incoming>>;

    fn call(&self, mut request: Request<Incoming>) -> Self::Future {
        request.extensions_mut().insert(ConnectInfo(self.peer));
        self.routes.clone().oneshot(request)
    }
}

/// A connection, who is at its other end, and its place among those that may be open.
struct Accepted {
    stream: TcpStream,
    peer: SocketAddr,
    place: OwnedSemaphorePermit,
}
