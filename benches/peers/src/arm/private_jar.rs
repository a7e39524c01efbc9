//! The jar is no session: handlers read and write the state in its cookie themselves.

use axum::Router;
use axum::routing::get;
use axum_extra::extract::PrivateCookieJar;
use axum_extra::extract::cookie::Key;
use layer::{Operation, Runner, USER_ID, on_axum};

use crate::app::private_jar::State;

pub(super) fn runner(operation: Operation) -> Runner {
    let router = Router::new()
        .route("/anon", get(|| async { "ok" }))
        .route("/read", get(read))
        .route("/count", get(count))
        .route("/login", get(login));
    on_axum(router.with_state(Key::generate()), operation, true)
}

async fn read(jar: PrivateCookieJar) -> String {
    State::of(&jar).text("user_id")
}

async fn count(jar: PrivateCookieJar) -> (PrivateCookieJar, String) {
    let mut state = State::of(&jar);
    let count = state.number("count") + 1;
    state.set("count", count);
    (state.into_jar(jar), count.to_string())
}

async fn login(jar: PrivateCookieJar) -> (PrivateCookieJar, &'static str) {
    let mut state = State::of(&jar);
    state.set("user_id", USER_ID);
    (state.into_jar(jar), "ok")
}
