//! Messages for the next page, and attributes with a type.

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use hallpass::testing::Method;
use hallpass::{Attribute, Flash, Session, SignIn, Tone};
use serde::{Deserialize, Serialize};

use crate::app::{App, Browser, Failure, subject};

#[derive(Debug, Default, Serialize, Deserialize)]
struct Cart {
    items: Vec<String>,
}

const CART: Attribute<Cart> = Attribute::new("shop", "cart");
const EMAIL: Attribute<String> = Attribute::new("reset", "email");
const CODE: Attribute<String> = Attribute::new("reset", "code");
const USERNAME: Attribute<String> = Attribute::new("account", "username");

fn app() -> App {
    App::new().routes(
        Router::new()
            .route(
                "/say/{text}",
                get(async |session: Session, Path(text): Path<String>| session.flash(Tone::Success, &text)),
            )
            .route("/page", get(page))
            .route(
                "/login",
                get(async |session: Session| {
                    session.flash(Tone::Info, "from before")?;
                    session.authenticate(SignIn::new(subject("alice")).keep(CART.name()))?;
                    session.flash(Tone::Success, "Welcome")
                }),
            )
            .route("/put/{item}", get(put))
            .route(
                "/cart",
                get(async |session: Session| Ok::<_, Failure>(CART.get(&session)?.unwrap_or_default().items.join(","))),
            )
            .route(
                "/reset/{email}",
                get(async |session: Session, Path(email): Path<String>| {
                    CODE.set(&session, &"1234".to_owned())?;
                    EMAIL.set(&session, &email)
                }),
            )
            .route("/use-code", get(async |session: Session| Ok::<_, Failure>(format!("{:?}", CODE.take(&session)?))))
            .route("/reset-done", get(async |session: Session| Ok::<_, Failure>(session.end_flow("reset")?)))
            .route(
                "/account",
                get(async |session: Session| {
                    let seen = (USERNAME.get(&session)?, EMAIL.get(&session)?, session.subject());
                    Ok::<_, Failure>(format!("{seen:?}"))
                }),
            ),
    )
}

async fn page(session: Session) -> Result<String, Failure> {
    let said = session.take_flashes()?;
    Ok(said.iter().map(|flash| format!("{}: {}", flash.tone.as_str(), flash.text)).collect::<Vec<_>>().join("; "))
}

async fn put(session: Session, Path(item): Path<String>) -> Result<(), Failure> {
    CART.update(&session, move |cart| {
        let mut cart = cart.unwrap_or_default();
        cart.items.push(item.clone());
        cart
    })?;
    Ok(())
}

async fn shown(browser: &mut Browser) -> String {
    browser.get("/page").await.expect(StatusCode::OK).body
}

#[tokio::test]
async fn a_message_is_said_once_and_leaves_nothing_behind() {
    let app = app();
    let mut browser = app.browser();
    assert_eq!(shown(&mut browser).await, "");
    assert_eq!(browser.jar, None, "a page that has nothing to say makes no session");
    browser.get("/say/Saved").await.expect(StatusCode::OK);
    browser.get("/say/Twice").await.expect(StatusCode::OK);
    assert_eq!(shown(&mut browser).await, "success: Saved; success: Twice");
    assert_eq!(shown(&mut browser).await, "");
    let id = hallpass::ReferenceToken::parse(browser.token()).expect("our token").id;
    let record = app.sessions.find(&id).await.expect("up").expect("it lives");
    assert!(record.data.is_empty(), "{:?}", record.data);
}

#[tokio::test]
async fn what_another_request_says_meanwhile_is_said_by_the_next_page() {
    let app = app();
    let mut browser = app.browser();
    browser.get("/say/first").await.expect(StatusCode::OK);
    browser.get("/cart").await.expect(StatusCode::OK);
    let gate = app.store.hold_next(Method::Save);
    let reading = {
        let mut tab = browser.clone();
        tokio::spawn(async move { shown(&mut tab).await })
    };
    gate.reached().await;
    browser.get("/say/second").await.expect(StatusCode::OK);
    gate.open();
    assert_eq!(reading.await.expect("it answers"), "success: first");
    assert_eq!(shown(&mut browser).await, "success: second");
}

#[tokio::test]
async fn a_login_drops_what_was_to_be_said_before_and_keeps_what_is_named() {
    let app = app();
    let mut browser = app.browser();
    browser.get("/put/tea").await.expect(StatusCode::OK);
    browser.get("/reset/alice@example.org").await.expect(StatusCode::OK);
    browser.get("/login").await.expect(StatusCode::OK);
    assert_eq!(shown(&mut browser).await, "success: Welcome");
    assert_eq!(browser.get("/cart").await.expect(StatusCode::OK).body, "tea", "REG-5: kept by name");
    let account = browser.get("/account").await.expect(StatusCode::OK).body;
    assert_eq!(account, "(None, None, Some(\"alice\"))", "REG-5: everything else is gone");
}

#[tokio::test]
async fn messages_are_bounded_in_number_and_length() {
    let app = app();
    let mut browser = app.browser();
    for number in 0..Flash::MOST + 2 {
        browser.get(&format!("/say/{number}")).await.expect(StatusCode::OK);
    }
    let said = shown(&mut browser).await;
    assert_eq!(said.split("; ").count(), Flash::MOST);
    assert!(said.starts_with("success: 2;"), "the oldest go: {said}");
    browser.get(&format!("/say/{}", "x".repeat(Flash::LONGEST + 9))).await.expect(StatusCode::OK);
    assert_eq!(shown(&mut browser).await.len(), "success: ".len() + Flash::LONGEST);
}

#[tokio::test]
async fn puz_1_and_2_what_one_flow_puts_down_is_nothing_to_another() {
    let app = app();
    let mut browser = app.browser();
    browser.get("/reset/alice@example.org").await.expect(StatusCode::OK);
    let account = browser.get("/account").await.expect(StatusCode::OK).body;
    assert_eq!(account, "(None, Some(\"alice@example.org\"), None)", "nobody has signed in by a reset");
    browser.get("/reset-done").await.expect(StatusCode::OK);
    assert_eq!(browser.get("/account").await.expect(StatusCode::OK).body, "(None, None, None)");
    assert_eq!(browser.get("/use-code").await.expect(StatusCode::OK).body, "None");
}

#[tokio::test]
async fn puz_3_what_can_be_used_once_is_used_by_one_of_two() {
    let app = app();
    let mut browser = app.browser();
    browser.get("/reset/alice@example.org").await.expect(StatusCode::OK);
    browser.get("/cart").await.expect(StatusCode::OK);
    let gate = app.store.hold_next(Method::Save);
    let first = {
        let mut tab = browser.clone();
        tokio::spawn(async move { tab.get("/use-code").await.status })
    };
    gate.reached().await;
    assert_eq!(browser.get("/use-code").await.expect(StatusCode::OK).body, "Some(\"1234\")");
    gate.open();
    assert_eq!(first.await.expect("it answers"), StatusCode::CONFLICT);
    assert_eq!(browser.get("/use-code").await.expect(StatusCode::OK).body, "None");
}
