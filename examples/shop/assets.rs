use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;

/// Returns the routes of what pages are made of: the same for everybody, without a session.
pub(crate) fn routes() -> Router {
    Router::new()
        .route("/shop.css", get(|| file("text/css", include_str!("shop.css"))))
        .route("/shop.js", get(|| file("text/javascript", include_str!("shop.js"))))
        .route("/shop.svg", get(|| file("image/svg+xml", include_str!("shop.svg"))))
}

async fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "max-age=300")], text)
}
