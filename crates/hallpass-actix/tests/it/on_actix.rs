//! The application in actix-web.

use std::convert::Infallible;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::rt::System;
use actix_web::web::{self, Bytes};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use futures_util::stream;
use hallpass::Sessions;
use hallpass::http::CookieCarrier;
use hallpass_actix::{Error, Session, SessionMiddleware};

use crate::app::{self, Answer, Slow};

/// Serves until it is dropped, and says where.
pub(crate) fn serve(sessions: Sessions, slow: Arc<Slow>) -> (String, impl Drop) {
    let middleware = SessionMiddleware::new(sessions, CookieCarrier::default());
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        System::new().block_on(async move {
            let app = move || {
                let app = web::scope("")
                    .wrap(middleware.clone())
                    .route("/ignore", web::get().to(async || "ignored"))
                    .route("/{path:.*}", web::route().to(act));
                App::new()
                    .app_data(web::Data::from(Arc::clone(&slow)))
                    .route("/without-layer", web::get().to(async |session: Session| format!("{session:?}")))
                    .service(app)
            };
            let server = HttpServer::new(app).workers(1).disable_signals().shutdown_timeout(0);
            let server = server.bind(("127.0.0.1", 0)).expect("a port");
            let address = server.addrs()[0];
            let server = server.run();
            sender.send((address, server.handle())).expect("somebody waits for the address");
            server.await.expect("the server runs");
        });
    });
    let (address, handle) = receiver.recv().expect("the server starts");
    (format!("http://{address}"), StopOnDrop { handle, thread: Some(thread) })
}

struct StopOnDrop {
    handle: ServerHandle,
    thread: Option<JoinHandle<()>>,
}

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        // It is told at once; the future only waits for it, and so does the thread.
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            let ended = thread.join();
            assert!(ended.is_ok() || std::thread::panicking(), "the server panicked");
        }
    }
}

async fn act(slow: web::Data<Slow>, session: Session, request: HttpRequest) -> Result<HttpResponse, Error> {
    let Answer { status, body, headers } = app::answer(session.into_inner(), request.path(), &slow).await?;
    let mut response = HttpResponse::build(StatusCode::from_u16(status).expect("a status"));
    for header in headers {
        response.insert_header(header);
    }
    Ok(match body {
        app::Body::Text(text) => response.body(text),
        app::Body::Stream(lines) => response.streaming(Box::pin(stream::unfold(lines, async |mut lines| {
            lines.recv().await.map(|line| (Ok::<_, Infallible>(Bytes::from(line)), lines))
        }))),
    })
}
