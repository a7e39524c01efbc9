//! What is particular to actix-web: middleware further in that returns an error in the place of a response.

use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorForbidden;
use actix_web::middleware::{Next, from_fn};
use actix_web::test::{TestRequest, init_service, try_call_service};
use actix_web::{App, HttpResponse, ResponseError as _, web};
use hallpass::http::{CookieCarrier, Problem};
use hallpass::testing::{Fault, FaultyStore, Method};
use hallpass::{MemoryStore, Sessions, Store};
use hallpass_actix::{Session, SessionMiddleware};

/// Signs in, and then lets nobody through.
async fn sign_in_and_refuse(
    request: ServiceRequest,
    _: Next<impl MessageBody>,
) -> Result<ServiceResponse, actix_web::Error> {
    let session = Session::of_request(request.request()).await?;
    session.authenticate(crate::app::subject("alice")).map_err(hallpass_actix::Error::from)?;
    Err(ErrorForbidden("not here"))
}

/// Returns what becomes of the error.
async fn refused(store: &Arc<FaultyStore<MemoryStore>>) -> HttpResponse {
    let sessions =
        Sessions::builder().shared_store(Arc::clone(store) as Arc<dyn Store>).build().expect("the parts fit");
    let app = App::new()
        .wrap(from_fn(sign_in_and_refuse))
        .wrap(SessionMiddleware::new(sessions, CookieCarrier::default()))
        .route("/", web::get().to(async || "never"));
    let service = init_service(app).await;
    let answer = try_call_service(&service, TestRequest::get().to_request()).await;
    answer.expect_err("it is an error").error_response()
}

#[tokio::test]
async fn what_a_session_asks_of_the_client_is_written_to_what_an_error_becomes() {
    let response = refused(&Arc::new(FaultyStore::new(MemoryStore::new()))).await;
    assert_eq!(response.status(), 403);
    let headers = response.headers();
    assert!(headers.get("set-cookie").expect("a cookie").to_str().expect("text").starts_with("__Host-sid="));
    assert_eq!(headers.get("cache-control").expect("a word on caching"), "no-store");
    assert_eq!(headers.get("vary").expect("what it depends on"), "cookie");
}

#[tokio::test]
async fn a_commit_that_fails_takes_the_place_of_an_error_too() {
    let store = Arc::new(FaultyStore::new(MemoryStore::new()));
    store.script(Method::Save, [Fault::Unavailable]);
    let response = refused(&store).await;
    assert_eq!((response.status().as_u16(), response.headers().contains_key("set-cookie")), (503, false));
    assert_eq!(response.headers().get("retry-after").expect("a time"), "2");
    assert_eq!(response.extensions().get::<Problem>().expect("the problem").code, "unavailable");
}

#[tokio::test]
async fn an_error_of_hallpass_keeps_its_status_and_its_cause() {
    let sessions = Sessions::builder().store(MemoryStore::new()).build().expect("a store was chosen");
    let error = sessions.open("garbage", &hallpass::Caller::user()).await.expect_err("it is no token");
    let error = hallpass_actix::Error::from(error);
    assert_eq!((error.status_code().as_u16(), error.problem().code), (401, "inactive"));
    assert!(std::error::Error::source(&error).is_some());
}
