use std::net::SocketAddr;
use std::sync::mpsc;

use actix_session::config::PersistentSession;
use actix_session::storage::SessionStore;
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::cookie::time::Duration;
use actix_web::rt::System;
use actix_web::{App, HttpServer, web};

use super::{IDLE, pause};

/// Its server wants a thread with a runtime of its own, which lives as long as this program.
pub(crate) fn listen<S: SessionStore + 'static>(store: impl Fn() -> S + Send + Clone + 'static) -> SocketAddr {
    let (sender, receiver) = mpsc::channel();
    let key = Key::generate();
    std::thread::spawn(move || {
        System::new().block_on(async move {
            let app = move || {
                let life = PersistentSession::default().session_ttl(Duration::seconds(IDLE.into()));
                App::new()
                    .wrap(SessionMiddleware::builder(store(), key.clone()).session_lifecycle(life).build())
                    .route("/start/{user}", web::get().to(start))
                    .route("/read", web::get().to(read))
                    .route("/add", web::get().to(add))
                    .route("/count", web::get().to(count))
                    .route("/key/{key}", web::get().to(set_key))
                    .route("/seen/{keys}", web::get().to(seen))
            };
            let server = HttpServer::new(app).workers(2).disable_signals();
            let server = server.bind(("127.0.0.1", 0)).expect("a port");
            sender.send(server.addrs()[0]).expect("somebody waits for the address");
            server.run().await.expect("the server runs");
        });
    });
    receiver.recv().expect("the server starts")
}

async fn start(session: Session, user: web::Path<String>) -> &'static str {
    session.insert("user_id", user.as_str()).expect("a string");
    session.insert("count", 0).expect("a number");
    "ok"
}

async fn read(session: Session) -> String {
    session.get("user_id").expect("a string").unwrap_or_default()
}

async fn add(session: Session) -> String {
    let count = session.get::<usize>("count").expect("a number").unwrap_or(0) + 1;
    session.insert("count", count).expect("a number");
    count.to_string()
}

async fn count(session: Session) -> String {
    let count = session.get::<usize>("count").expect("a number").unwrap_or(0) + 1;
    pause().await;
    session.insert("count", count).expect("a number");
    count.to_string()
}

async fn set_key(session: Session, key: web::Path<String>) -> &'static str {
    let _: Option<bool> = session.get(&key).expect("a flag");
    pause().await;
    session.insert(key.as_str(), true).expect("a flag");
    "ok"
}

async fn seen(session: Session, keys: web::Path<usize>) -> String {
    let has = |key: &usize| session.get::<bool>(&key.to_string()).is_ok_and(|flag| flag.is_some());
    let keys = (0..*keys).filter(has).count();
    let count: Option<usize> = session.get("count").expect("a number");
    format!("{} {keys}", count.unwrap_or(0))
}
