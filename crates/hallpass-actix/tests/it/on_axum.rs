//! The application in axum.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, Response, Uri};
use axum::response::IntoResponse;
use axum::routing::{any, get, post};
use futures_util::stream;
use hallpass::http::{
    Authenticated, Background, BackgroundLayer, CookieCarrier, CsrfLayer, RequireLayer, ReturnTo, SessionLayer,
    SessionOf,
};
use hallpass::{AtLevel, Error, Fresh, Session, Sessions};
use tokio::net::TcpListener;

use crate::app::{self, Admin, Answer, Slow};

/// Serves until it is dropped, and says where.
pub(crate) async fn serve(sessions: Sessions, slow: Arc<Slow>) -> (String, impl Drop) {
    let router = router(&sessions).with_state(slow);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("bound");
    let server = tokio::spawn(async move { axum::serve(listener, router).await });
    (format!("http://{address}"), AbortOnDrop(server.abort_handle()))
}

fn router(sessions: &Sessions) -> Router<Arc<Slow>> {
    let (admin, admin_cookie) = app::admin(sessions);
    let account = Router::new()
        .route("/account", get(async |user: Authenticated| user.subject().to_string()))
        .route("/account/pay", any(async |_: Authenticated<(AtLevel<2>, Fresh<300>)>| "paid"))
        .route("/account/time-left", get(async |session: Background| app::time_left(&session)))
        .route("/return-to", get(async |to: ReturnTo| to.to_string()));
    let settings = Router::new()
        .route("/settings/{page}", get(async || "settings"))
        .route_layer(RequireLayer::fresh(Duration::from_mins(5)));
    let news = Router::new()
        .route("/news", get(async |session: Session| app::time_left(&session)))
        .route_layer(BackgroundLayer);
    let form = Router::new()
        .route("/form", any(async |body: String| body))
        .route("/form/open", get(open_to_all))
        .route_layer(CsrfLayer::new(app::guard()));
    let admin_form = Router::new()
        .route(
            "/admin/form",
            get(async |admin: SessionOf<Admin>| Ok::<_, Error>(admin.form_token().await?.expose().to_owned()))
                .post(async || "done"),
        )
        .route_layer(CsrfLayer::new(app::guard()).named::<Admin>());
    let beside = admin_form
        .route(
            "/admin/sign-in",
            post(async |admin: SessionOf<Admin>| Ok::<_, Error>(admin.authenticate(app::subject("root"))?)),
        )
        .route("/admin/who", get(async |session: Session, admin: SessionOf<Admin>| app::who_both(&session, &admin)))
        .route_layer(SessionLayer::new(admin.clone(), admin_cookie.clone()).named::<Admin>());
    let same_name = Router::new()
        .route("/same-name", get(async || "never"))
        .route_layer(SessionLayer::new(admin.clone(), admin_cookie));
    let same_cookie = Router::new()
        .route("/same-cookie", get(async || "never"))
        .route_layer(SessionLayer::new(admin, CookieCarrier::default()).named::<Admin>());
    Router::new()
        .merge(account)
        .merge(settings)
        .merge(news)
        .merge(form)
        .merge(beside)
        .merge(same_name)
        .merge(same_cookie)
        .route("/events", get(events))
        .route("/ignore", get(async || "ignored"))
        .route("/{*path}", any(act))
        .layer(SessionLayer::new(sessions.clone(), CookieCarrier::default()).pages(app::pages()))
        .route("/without-layer", get(async |session: Session| format!("{session:?}")))
}

/// Lets whoever asks read it: a mistake that applications make.
async fn open_to_all(headers: HeaderMap) -> impl IntoResponse {
    let origin = headers["origin"].clone();
    (
        [
            ("access-control-allow-origin", origin),
            ("access-control-allow-credentials", HeaderValue::from_static("true")),
        ],
        "open",
    )
}

async fn events(session: Session) -> impl IntoResponse {
    ([("content-type", "text/event-stream")], Body::from_stream(app::events(&session)))
}

struct AbortOnDrop(tokio::task::AbortHandle);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

async fn act(State(slow): State<Arc<Slow>>, session: Session, uri: Uri) -> Result<Answer, Error> {
    app::answer(session, uri.path(), &slow).await
}

impl IntoResponse for Answer {
    fn into_response(self) -> axum::response::Response {
        let mut response = Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        let body = match self.body {
            app::Body::Text(text) => Body::from(text),
            app::Body::Stream(lines) => Body::from_stream(stream::unfold(lines, async |mut lines| {
                lines.recv().await.map(|line| (Ok::<_, Infallible>(line), lines))
            })),
        };
        response.body(body).expect("valid")
    }
}
