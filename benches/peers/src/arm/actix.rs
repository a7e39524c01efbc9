use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use actix_session::storage::{
    CookieSessionStore, LoadError, SaveError, SessionKey, SessionStore, UpdateError, generate_session_key,
};
use actix_session::{Session, SessionMiddleware};
use actix_web::body::MessageBody;
use actix_web::cookie::Key;
use actix_web::cookie::time::Duration;
use actix_web::dev::{Service, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::rt::{System, SystemRunner};
use actix_web::test::{TestRequest, init_service, read_body};
use actix_web::{App, Error, web};
use hallpass::http::CookieCarrier;
use hallpass::{MemoryStore, Sessions};
use layer::{Client, Operation, Runner, USER_ID};

pub(super) fn bare(operation: Operation) -> Runner {
    let system = System::new();
    let service = system.block_on(init_service(
        App::new()
            .route("/anon", web::get().to(|| async { "ok" }))
            .route("/read", web::get().to(|| async { USER_ID.to_owned() }))
            .route("/count", web::get().to(|| async { 17_u64.to_string() }))
            .route("/login", web::get().to(|| async { "ok" })),
    ));
    on_actix(system, service, Client::new(operation))
}

pub(super) fn hallpass(operation: Operation) -> Runner {
    let sessions = Sessions::builder().store(MemoryStore::new()).build().expect("a store was chosen");
    let system = System::new();
    let service = system.block_on(init_service(
        App::new()
            .wrap(hallpass_actix::SessionMiddleware::new(sessions, CookieCarrier::default()))
            .route("/anon", web::get().to(|| async { "ok" }))
            .route("/read", web::get().to(hallpass_read))
            .route("/count", web::get().to(hallpass_count))
            .route("/login", web::get().to(hallpass_login)),
    ));
    signed_in(system, service, operation)
}

async fn hallpass_read(session: hallpass_actix::Session) -> String {
    layer::read(session.into_session()).await
}

async fn hallpass_count(session: hallpass_actix::Session) -> String {
    layer::count(session.into_session()).await
}

async fn hallpass_login(session: hallpass_actix::Session) -> &'static str {
    layer::login(session.into_session()).await
}

pub(super) fn cookie(operation: Operation) -> Runner {
    with_sessions(CookieSessionStore::default(), operation)
}

pub(super) fn memory(operation: Operation) -> Runner {
    with_sessions(Memory::default(), operation)
}

fn with_sessions(store: impl SessionStore + 'static, operation: Operation) -> Runner {
    let system = System::new();
    let service = system.block_on(init_service(
        App::new()
            .wrap(SessionMiddleware::new(store, Key::generate()))
            .route("/anon", web::get().to(|| async { "ok" }))
            .route("/read", web::get().to(read))
            .route("/count", web::get().to(count))
            .route("/login", web::get().to(login)),
    ));
    signed_in(system, service, operation)
}

fn signed_in<S, B>(system: SystemRunner, service: S, operation: Operation) -> Runner
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    let mut client = Client::new(Operation::Login);
    system.block_on(answer(&service, &mut client));
    let body = system.block_on(answer(&service, &mut client.clone().to(Operation::Read)));
    assert_eq!(body, USER_ID, "what was written is read");
    on_actix(system, service, client.to(operation))
}

async fn read(session: Session) -> String {
    session.get("user_id").expect("a string").unwrap_or_default()
}

pub(crate) async fn count(session: Session) -> String {
    let count = session.get::<u64>("count").expect("a number").unwrap_or(0) + 1;
    session.insert("count", count).expect("a number");
    count.to_string()
}

pub(crate) async fn login(session: Session) -> &'static str {
    session.renew();
    session.insert("user_id", USER_ID).expect("a string");
    "ok"
}

fn on_actix<S, B>(system: SystemRunner, service: S, mut client: Client) -> Runner
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error> + 'static,
    B: MessageBody + 'static,
{
    Box::new(move |times| {
        system.block_on(async {
            for _ in 0..times {
                answer(&service, &mut client).await;
            }
        });
    })
}

async fn answer<S, B>(service: &S, client: &mut Client) -> web::Bytes
where
    S: Service<actix_http::Request, Response = ServiceResponse<B>, Error = Error>,
    B: MessageBody,
{
    let mut request = TestRequest::with_uri(client.path());
    for (name, value) in Client::HEADERS {
        request = request.insert_header((HeaderName::from_static(name), HeaderValue::from_static(value)));
    }
    if let Some(cookies) = client.cookies() {
        // Shared with the client, as a server's headers share the buffer that they were read into.
        let value = HeaderValue::from_maybe_shared(cookies).expect("text");
        request = request.insert_header((header::COOKIE, value));
    }
    let response = service.call(request.to_request()).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    client.follow(response.headers().get_all(header::SET_COOKIE).map(|value| value.to_str().expect("text")));
    read_body(response).await
}

type State = HashMap<String, String>;

/// The plainest store that keeps sessions in memory; actix-session brings none. It forgets nothing.
#[derive(Clone, Default)]
pub struct Memory(Arc<Mutex<HashMap<String, State>>>);

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Memory")
    }
}

impl Memory {
    fn put(&self, key: SessionKey, state: State) -> SessionKey {
        self.0.lock().expect("no panic").insert(key.as_ref().to_owned(), state);
        key
    }
}

impl SessionStore for Memory {
    async fn load(&self, key: &SessionKey) -> Result<Option<State>, LoadError> {
        Ok(self.0.lock().expect("no panic").get(key.as_ref()).cloned())
    }

    async fn save(&self, state: State, _: &Duration) -> Result<SessionKey, SaveError> {
        Ok(self.put(generate_session_key(), state))
    }

    async fn update(&self, key: SessionKey, state: State, _: &Duration) -> Result<SessionKey, UpdateError> {
        Ok(self.put(key, state))
    }

    async fn update_ttl(&self, _: &SessionKey, _: &Duration) -> Result<(), anyhow::Error> {
        Ok(())
    }

    async fn delete(&self, key: &SessionKey) -> Result<(), anyhow::Error> {
        self.0.lock().expect("no panic").remove(key.as_ref());
        Ok(())
    }
}
