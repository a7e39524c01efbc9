use std::convert::Infallible;
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
use hyper_util::server::graceful::{GracefulConnection, GracefulShutdown};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tower::ServiceExt as _;
use tower::util::Oneshot;

use super::RunError;
use crate::config::Limits;

/// Accepts connections and serves them, so many at once and no more.
#[derive(Debug)]
pub(super) struct Connections {
    open: Arc<Semaphore>,
    http: http1::Builder,
    grpc: http2::Builder<TokioExecutor>,
    drain: Duration,
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
        let mut grpc = http2::Builder::new(TokioExecutor::new());
        // A proxy keeps its connections; one that is gone without a word is found out.
        grpc.timer(TokioTimer::new()).keep_alive_interval(limits.header_time()).max_concurrent_streams(MOST_STREAMS);
        grpc.max_header_list_size(LARGEST_HEADERS);
        Self { open: Arc::new(Semaphore::new(limits.connections)), http, grpc, drain: limits.drain_time() }
    }

    /// Serves until `stopped` says so; then closes what is idle, and gives the rest the time to finish.
    pub(super) async fn serve(
        &self,
        listener: TcpListener,
        routes: Router,
        stopped: watch::Receiver<bool>,
    ) -> Result<(), RunError> {
        let serve = |stream, service| self.http.serve_connection(TokioIo::new(stream), service);
        self.serve_by(serve, listener, routes, stopped).await
    }

    /// Does the same for gRPC, which is spoken over HTTP/2.
    pub(super) async fn serve_grpc(
        &self,
        listener: TcpListener,
        routes: Router,
        stopped: watch::Receiver<bool>,
    ) -> Result<(), RunError> {
        let serve = |stream, service| self.grpc.serve_connection(TokioIo::new(stream), service);
        self.serve_by(serve, listener, routes, stopped).await
    }

    async fn serve_by<C>(
        &self,
        serve: impl Fn(TcpStream, Service) -> C,
        listener: TcpListener,
        routes: Router,
        mut stopped: watch::Receiver<bool>,
    ) -> Result<(), RunError>
    where
        C: GracefulConnection<Error = hyper::Error> + Send + 'static,
    {
        let graceful = GracefulShutdown::new();
        loop {
            let accepted = tokio::select! {
                accepted = self.accept(&listener) => accepted?,
                _ = stopped.wait_for(|stopped| *stopped) => break,
            };
            let Some(Accepted { stream, peer, place }) = accepted else { continue };
            let connection = graceful.watch(serve(stream, Service { routes: routes.clone(), peer }));
            tokio::spawn(async move {
                if let Err(error) = connection.await {
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
