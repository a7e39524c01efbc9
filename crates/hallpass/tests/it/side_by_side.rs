//! Several sessions in one app, each with a cookie and an end of its own.

use axum::Router;
use axum::http::{Request, StatusCode, header};
use axum::routing::get;
use hallpass::http::{Authenticated, CookieCarrier, CsrfGuard, CsrfLayer, RequireLayer, SessionLayer, SessionOf};
use hallpass::{FormToken, Realm, Session, SignedIn};

use crate::app::{App, Failure, Reply, subject};

enum Admin {}

/// A shop, and its administration under `/admin`, where both sessions can be asked for.
fn app() -> App {
    let mut app = App::new();
    let admin = app.sessions.in_realm(Realm::new("admin").expect("valid"));
    let cookie = CookieCarrier::builder().name("__Secure-admin").path("/admin").build().expect("valid");
    let strict = Router::new()
        .route("/admin/orders", get(async |user: Authenticated<SignedIn, Admin>| user.subject().to_string()))
        .route_layer(RequireLayer::signed_in().named::<Admin>());
    let routes = Router::new()
        .route(
            "/admin/who",
            get(async |admin: SessionOf<Admin>, shop: Session| format!("{:?} {:?}", admin.subject(), shop.subject())),
        )
        .route(
            "/admin/login",
            get(async |admin: SessionOf<Admin>| Ok::<_, Failure>(admin.authenticate(subject("root"))?)),
        )
        .route("/admin/logout", get(async |admin: SessionOf<Admin>| admin.log_out()))
        .route(
            "/admin/form",
            get(async |admin: SessionOf<Admin>| Ok::<_, Failure>(admin.form_token().await?.expose().to_owned()))
                .post(async || "done"),
        )
        .route(
            "/admin/form-of-the-shop",
            get(async |shop: Session| Ok::<_, Failure>(shop.form_token().await?.expose().to_owned())),
        )
        .merge(strict)
        .layer(CsrfLayer::new(CsrfGuard::default()).named::<Admin>())
        .layer(SessionLayer::new(admin, cookie).named::<Admin>())
        .route("/who", get(async |shop: Session| format!("{:?}", shop.subject())))
        .route("/login", get(async |shop: Session| Ok::<_, Failure>(shop.authenticate(subject("alice"))?)))
        .route("/logout", get(async |shop: Session| shop.log_out()));
    app.router = routes.layer(SessionLayer::new(app.sessions.clone(), CookieCarrier::default()));
    app
}

async fn ask(app: &App, path: &str, cookies: &[&str]) -> Reply {
    let request = Request::get(path).header(header::COOKIE, cookies.join("; "));
    app.ask(request.body("".into()).expect("a request")).await
}

/// Returns the one cookie that a reply sets, and checks that there is no other.
#[track_caller]
fn cookie(reply: &Reply) -> String {
    assert_eq!(reply.set_cookies.len(), 1, "{reply:?}");
    reply.set_cookies[0].split(';').next().unwrap_or_default().to_owned()
}

#[tokio::test]
async fn csf_4_a_form_is_proven_by_a_token_of_the_session_that_the_guard_is_named_after() {
    let app = app();
    let shop = cookie(&ask(&app, "/login", &[]).await.expect(StatusCode::OK));
    let admin = cookie(&ask(&app, "/admin/login", &[&shop]).await.expect(StatusCode::OK));
    for (form, expected) in [("/admin/form", StatusCode::OK), ("/admin/form-of-the-shop", StatusCode::FORBIDDEN)] {
        let token = ask(&app, form, &[&shop, &admin]).await.expect(StatusCode::OK).body;
        let request = Request::post("/admin/form").header(header::COOKIE, format!("{shop}; {admin}"));
        let request = request.header(FormToken::HEADER, token).body("".into()).expect("a request");
        app.ask(request).await.expect(expected);
    }
}

#[tokio::test]
async fn each_session_has_its_own_cookie_and_its_own_end() {
    let app = app();
    let shop = cookie(&ask(&app, "/login", &[]).await.expect(StatusCode::OK));
    let admin = cookie(&ask(&app, "/admin/login", &[&shop]).await.expect(StatusCode::OK));
    assert!(shop.starts_with("__Host-sid=") && admin.starts_with("__Secure-admin="), "{shop} {admin}");
    let who = async |cookies: &[&str]| ask(&app, "/admin/who", cookies).await.expect(StatusCode::OK).body;
    assert_eq!(who(&[&shop, &admin]).await, "Some(\"root\") Some(\"alice\")");

    let reply = ask(&app, "/admin/logout", &[&shop, &admin]).await.expect(StatusCode::OK);
    assert_eq!(cookie(&reply), "__Secure-admin=");
    assert!(reply.set_cookies[0].contains("; Path=/admin;"), "{reply:?}");
    assert_eq!(who(&[&shop, &admin]).await, "None Some(\"alice\")");

    let admin = cookie(&ask(&app, "/admin/login", &[&shop]).await);
    assert_eq!(cookie(&ask(&app, "/logout", &[&shop]).await.expect(StatusCode::OK)), "__Host-sid=");
    assert_eq!(who(&[&shop, &admin]).await, "Some(\"root\") None");
}

#[tokio::test]
async fn the_token_of_one_is_nothing_to_the_other() {
    let app = app();
    let shop = cookie(&ask(&app, "/login", &[]).await);
    let stolen = shop.replace("__Host-sid", "__Secure-admin");
    assert_eq!(ask(&app, "/admin/who", &[&stolen]).await.body, "None None");
    assert_eq!(ask(&app, "/admin/orders", &[&shop]).await.status, StatusCode::UNAUTHORIZED);
    let admin = cookie(&ask(&app, "/admin/login", &[]).await);
    assert_eq!(ask(&app, "/admin/orders", &[&admin]).await.expect(StatusCode::OK).body, "root");
}

#[tokio::test]
async fn two_layers_in_each_others_way_are_a_mistake_that_nobody_gets_past() {
    let app = App::new();
    let layer = || SessionLayer::new(app.sessions.clone(), CookieCarrier::default());
    let admin_cookie = CookieCarrier::builder().name("__Host-admin").build().expect("valid");
    let page = || Router::new().route("/", get(async || "a page"));
    let same_name = page().layer(SessionLayer::new(app.sessions.clone(), admin_cookie.clone())).layer(layer());
    let same_cookie = page().layer(layer().named::<Admin>()).layer(layer());
    let fine = page().layer(SessionLayer::new(app.sessions.clone(), admin_cookie).named::<Admin>()).layer(layer());
    for (router, expected) in [
        (same_name, StatusCode::INTERNAL_SERVER_ERROR),
        (same_cookie, StatusCode::INTERNAL_SERVER_ERROR),
        (fine, StatusCode::OK),
    ] {
        let app = App { router, ..app.clone() };
        app.browser().get("/").await.expect(expected);
    }
}
