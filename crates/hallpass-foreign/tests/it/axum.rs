//! An application of axum that shares its sessions with Express and Django, on one server.

use std::time::Duration;

use axum::extract::Query;
use axum::routing::get;
use axum::{Json, Router};
use hallpass_dialects::django::{Cache, Django};
use hallpass_dialects::express::Express;
use hallpass_foreign::{ForeignLayer, ForeignSession, Home, RedisHome, Refusal, Secret};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::{App, Browser, ask, connect, script};

const SECRET: &str = "django-insecure-open-vectors-key-0123456789abcdef";

#[derive(Deserialize, Default)]
#[serde(default)]
struct Asked {
    user: String,
    name: String,
    value: String,
}

async fn me(session: ForeignSession) -> Json<Value> {
    Json(json!({ "user": session.user().map(|user| user.id) }))
}

async fn set(session: ForeignSession, Query(asked): Query<Asked>) -> Result<(), Refusal> {
    Ok(session.set(&asked.name, asked.value)?)
}

/// Reads first, and writes only after a while, as a slow handler does.
async fn slow(session: ForeignSession, Query(asked): Query<Asked>) -> Result<(), Refusal> {
    session.get::<Value>(&asked.name)?;
    tokio::time::sleep(Duration::from_millis(300)).await;
    Ok(session.set(&asked.name, asked.value)?)
}

async fn count(session: ForeignSession) -> Result<(), Refusal> {
    Ok(session.update("count", |count: Option<i64>| count.unwrap_or(0) + 1)?)
}

async fn log_out(session: ForeignSession) {
    session.log_out();
}

async fn to_express(session: ForeignSession, Query(asked): Query<Asked>) -> Result<(), Refusal> {
    Ok(session.sign_in([("passport", json!({ "user": asked.user }))])?)
}

async fn to_django(session: ForeignSession, Query(asked): Query<Asked>) -> Result<(), Refusal> {
    let hash = Django::db([Secret::new(SECRET)]).auth_hash("x");
    Ok(session.sign_in([
        ("_auth_user_id", json!(asked.user)),
        ("_auth_user_backend", json!("django.contrib.auth.backends.ModelBackend")),
        ("_auth_user_hash", json!(hash)),
    ])?)
}

fn routes(home: impl Home) -> Router {
    Router::new()
        .route("/me", get(me))
        .route("/set", get(set))
        .route("/slow", get(slow))
        .route("/count", get(count))
        .route("/logout", get(log_out))
        .route("/express", get(to_express))
        .route("/django", get(to_django))
        .route("/none", get(|| async {}))
        .layer(ForeignLayer::new(home))
}

/// Serves the routes; answers their address.
async fn serve(routes: Router) -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
    let address = listener.local_addr().expect("it is bound");
    tokio::spawn(async move { axum::serve(listener, routes).await });
    format!("http://{address}")
}

async fn is(base: &str, browser: &mut Browser, path: &str, wanted: u16) -> Value {
    let (status, body) = ask(base, browser, path).await;
    assert_eq!(status, wanted, "{path}: {body}");
    body
}

async fn user(base: &str, browser: &mut Browser) -> Option<String> {
    is(base, browser, "/me", 200).await["user"].as_str().map(str::to_owned)
}

/// One login for both, in both directions, and writes of both at once.
async fn is_shared(theirs: &App, ours: &str, sign_in_here: &str, id: &str) {
    let theirs = theirs.base.as_str();
    // Who signs in there is known here, and who signs out here is out there.
    let mut browser = Browser::default();
    is(theirs, &mut browser, "/login?user=ann", 200).await;
    assert_eq!(user(ours, &mut browser).await.as_deref(), Some(id));
    let before = browser.clone();
    is(ours, &mut browser, "/logout", 200).await;
    assert_eq!(browser.cookie, None, "the client is told to forget it");
    assert_eq!(user(theirs, &mut before.clone()).await, None);

    // The other way round; and whoever knew the name from before the login does not know this one.
    let mut browser = Browser::default();
    is(ours, &mut browser, "/set?name=cart&value=book", 200).await;
    let visitor = browser.clone();
    is(ours, &mut browser, sign_in_here, 200).await;
    assert!(visitor.cookie.is_some() && visitor.cookie != browser.cookie);
    assert_eq!(user(theirs, &mut browser).await.as_deref(), Some(id));
    assert_eq!(user(theirs, &mut visitor.clone()).await, None);
    let before = browser.clone();
    is(theirs, &mut browser, "/logout", 200).await;
    assert_eq!(user(ours, &mut before.clone()).await, None);

    // A write that came while a handler of ours was under way is still there after its own.
    let mut browser = Browser::default();
    is(theirs, &mut browser, "/login?user=ann", 200).await;
    let (mut one, mut other) = (browser.clone(), browser.clone());
    let meanwhile = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        is(theirs, &mut other, "/set?name=theirs&value=x", 200).await
    };
    tokio::join!(is(ours, &mut one, "/slow?name=ours&value=y", 200), meanwhile);
    let values = is(theirs, &mut browser, "/me", 200).await["values"].clone();
    assert_eq!((&values["theirs"], &values["ours"]), (&json!("x"), &json!("y")));
    // What a handler decided by is not written over.
    let meanwhile = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        is(theirs, &mut other, "/set?name=ours&value=z", 200).await
    };
    tokio::join!(is(ours, &mut one, "/slow?name=ours&value=w", 409), meanwhile);
    assert_eq!(is(theirs, &mut browser, "/me", 200).await["values"]["ours"], "z");

    // Many at once: of theirs, which come one after another, none is lost to ours.
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let (mut browser, ours) = (browser.clone(), ours.to_owned());
            tokio::spawn(async move {
                for _ in 0..25 {
                    is(&ours, &mut browser, "/count", 200).await;
                }
            })
        })
        .collect();
    for number in 0..50 {
        is(theirs, &mut browser, &format!("/set?name=theirs{number}&value=x"), 200).await;
    }
    for writer in writers {
        writer.await.expect("it ends well");
    }
    let values = is(theirs, &mut browser, "/me", 200).await["values"].clone();
    let lost = (0..50).filter(|number| values[format!("theirs{number}")] != "x").count();
    assert_eq!(lost, 0, "writes of the framework that were lost");
    // Of ours alone, none is lost either.
    let mut browser = Browser::default();
    is(theirs, &mut browser, "/login?user=ann", 200).await;
    let writers: Vec<_> = (0..50)
        .map(|_| {
            let (mut browser, ours) = (browser.clone(), ours.to_owned());
            tokio::spawn(async move { is(&ours, &mut browser, "/count", 200).await })
        })
        .collect();
    for writer in writers {
        writer.await.expect("it ends well");
    }
    let counted = is(theirs, &mut browser, "/me", 200).await["values"]["count"].clone();
    assert!(counted == 50 || counted == "50", "{counted}");

    // What ended while a handler was under way is not brought back.
    let mut one = browser.clone();
    let meanwhile = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        is(theirs, &mut browser, "/logout", 200).await
    };
    tokio::join!(is(ours, &mut one, "/slow?name=late&value=y", 401), meanwhile);
    assert_eq!(user(theirs, &mut one).await, None);
}

#[tokio::test]
async fn one_login_is_shared_by_express_django_and_axum() {
    let Some(redis) = rig::redis(&[]) else { return };
    let Some(frameworks) = rig::frameworks() else { return };
    let folder = rig::scratch();
    let (Some(mut express), Some(mut django)) =
        (frameworks.node_server(&script("express.js")), frameworks.django_server("5.2", &script("django_app.py")))
    else {
        return;
    };
    express.env("REDIS_URL", redis.url()).env("MAX_AGE", "3600000");
    django.env("REDIS_URL", redis.url()).env("DATABASE", folder.path().join("django.db"));
    let (express, django) = (App::start(express), App::start(django));
    let id = django.get(&mut Browser::default(), "/login?user=ann").await["user"].as_str().expect("a user").to_owned();

    let home = RedisHome::new(connect(&redis).await, Express::new([Secret::new("keyboard cat")])).expect("a home");
    is_shared(&express, &serve(routes(home)).await, "/express?user=ann", "ann").await;
    let home = RedisHome::new(connect(&redis).await, Django::cache(Cache::BuiltIn)).expect("a home");
    is_shared(&django, &serve(routes(home)).await, &format!("/django?user={id}"), &id).await;
}

#[tokio::test]
async fn who_asks_for_no_session_needs_no_store_and_an_outage_is_no_logout() {
    let Some(mut redis) = rig::redis(&[]) else { return };
    let server = connect(&redis).await;
    let express = Express::new([Secret::new("keyboard cat")]);
    let ours = serve(routes(RedisHome::new(server, express).expect("a home"))).await;
    let mut browser = Browser::default();
    is(&ours, &mut browser, "/express?user=ann", 200).await;
    let signed_in = browser.cookie.clone();
    assert!(signed_in.is_some());
    assert_eq!(is(&ours, &mut browser, "/none", 200).await, Value::String(String::new()));
    redis.kill();
    is(&ours, &mut browser, "/none", 200).await;
    for path in ["/me", "/set?name=a&value=b", "/logout"] {
        is(&ours, &mut browser, path, 503).await;
        assert_eq!(browser.cookie, signed_in, "the cookie stays");
    }
}
