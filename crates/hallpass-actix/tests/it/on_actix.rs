//! The application in actix-web.

use std::convert::Infallible;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::http::StatusCode;
use actix_web::rt::System;
use actix_web::web::{self, Bytes, ServiceConfig};
use actix_web::{App, HttpRequest, HttpResponse, HttpServer};
use futures_util::stream;
use hallpass::http::CookieCarrier;
use hallpass::{AtLevel, Fresh, Sessions};
use hallpass_actix::{
    Authenticated, Background, BackgroundMiddleware, CsrfMiddleware, Error, RequireMiddleware, ReturnTo, Session,
    SessionMiddleware, SessionOf,
};

use crate::app::{self, Admin, Answer, Slow};

/// Serves until it is dropped, and says where.
pub(crate) fn serve(sessions: Sessions, slow: Arc<Slow>) -> (String, impl Drop) {
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        System::new().block_on(async move {
            let app = move || App::new().configure(|routes| configure(routes, &sessions, &slow));
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

fn configure(routes: &mut ServiceConfig, sessions: &Sessions, slow: &Arc<Slow>) {
    let (admin, admin_cookie) = app::admin(sessions);
    let settings = web::scope("/settings")
        .wrap(RequireMiddleware::fresh(Duration::from_mins(5)))
        .route("/{page}", web::get().to(async || "settings"));
    let news = web::scope("/news")
        .wrap(BackgroundMiddleware)
        .route("", web::get().to(async |session: Session| app::time_left(&session)));
    let form = web::scope("/form")
        .wrap(CsrfMiddleware::new(app::guard()))
        .route("", web::route().to(async |body: String| body))
        .route("/open", web::get().to(open_to_all));
    let admin_form = web::scope("/form")
        .wrap(CsrfMiddleware::new(app::guard()).named::<Admin>())
        .route("", web::get().to(admin_form))
        .route("", web::post().to(async || "done"));
    let beside = web::scope("/admin")
        .wrap(SessionMiddleware::new(admin.clone(), admin_cookie.clone()).named::<Admin>())
        .service(admin_form)
        .route("/sign-in", web::post().to(sign_in_admin))
        .route(
            "/who",
            web::get().to(async |session: Session, admin: SessionOf<Admin>| app::who_both(&session, &admin)),
        );
    let same_name = web::scope("/same-name")
        .wrap(SessionMiddleware::new(admin.clone(), admin_cookie))
        .route("", web::get().to(async || "never"));
    let same_cookie = web::scope("/same-cookie")
        .wrap(SessionMiddleware::new(admin, CookieCarrier::default()).named::<Admin>())
        .route("", web::get().to(async || "never"));
    let all = web::scope("")
        .wrap(SessionMiddleware::new(sessions.clone(), CookieCarrier::default()).pages(app::pages()))
        .service(settings)
        .service(news)
        .service(form)
        .service(beside)
        .service(same_name)
        .service(same_cookie)
        .route("/account", web::get().to(async |user: Authenticated| user.subject().to_string()))
        .route("/account/pay", web::route().to(async |_: Authenticated<(AtLevel<2>, Fresh<300>)>| "paid"))
        .route("/account/time-left", web::get().to(async |session: Background| app::time_left(&session)))
        .route("/return-to", web::get().to(async |to: ReturnTo| to.to_string()))
        .route("/events", web::get().to(events))
        .route("/ignore", web::get().to(async || "ignored"))
        .route("/{path:.*}", web::route().to(act));
    routes
        .app_data(web::Data::from(Arc::clone(slow)))
        .route("/without-layer", web::get().to(async |session: Session| format!("{session:?}")))
        .service(all);
}

async fn sign_in_admin(admin: SessionOf<Admin>) -> Result<HttpResponse, Error> {
    admin.authenticate(app::subject("root"))?;
    Ok(HttpResponse::Ok().finish())
}

async fn admin_form(admin: SessionOf<Admin>) -> Result<String, Error> {
    Ok(admin.form_token().await?.expose().to_owned())
}

/// Lets whoever asks read it: a mistake that applications make.
async fn open_to_all(request: HttpRequest) -> HttpResponse {
    let origin = request.headers().get("origin").expect("it is sent").clone();
    let mut response = HttpResponse::Ok();
    response.insert_header(("access-control-allow-origin", origin));
    response.insert_header(("access-control-allow-credentials", "true")).body("open")
}

async fn events(session: Session) -> HttpResponse {
    HttpResponse::Ok().content_type("text/event-stream").streaming(Box::pin(app::events(&session)))
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
    let Answer { status, body, headers } = app::answer(session.into_session(), request.path(), &slow).await?;
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
