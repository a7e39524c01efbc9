use std::error::Error;
use std::fmt;

use askama::Template as _;
use axum::Extension;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use hallpass::http::Problem;

use crate::customer::WrongPassword;
use crate::page::Trouble;

/// Why an example cannot start, or cannot answer a request.
pub struct Failure {
    source: Box<dyn Error + Send + Sync>,
    advice: Option<&'static str>,
}

impl Failure {
    /// Returns a failure with advice on what to do.
    pub fn advise(source: impl Into<Box<dyn Error + Send + Sync>>, advice: &'static str) -> Self {
        Self { source: source.into(), advice: Some(advice) }
    }

    /// Returns what a client is told: never more than a sentence.
    fn told(&self) -> (StatusCode, &'static str) {
        if self.source.is::<WrongPassword>() {
            return (StatusCode::UNAUTHORIZED, "That name and that password do not belong together.");
        }
        (StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong here.")
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for Failure {
    fn from(source: E) -> Self {
        Self { source: source.into(), advice: None }
    }
}

/// What is told in the place of a page.
#[derive(Clone, Copy)]
struct Told(&'static str);

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        if let Some(error) = self.source.downcast_ref::<hallpass::Error>() {
            return Problem::of(error).into_response();
        }
        let (status, detail) = self.told();
        if status.is_server_error() {
            tracing::error!("{self}");
        }
        (status, Extension(Told(detail)), detail).into_response()
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.source.fmt(f)?;
        self.advice.map_or(Ok(()), |advice| write!(f, "\n{advice}"))
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Shows a page for what is told to programs as a problem, also where the session layer told it.
pub(crate) async fn show(request: Request, next: Next) -> Response {
    let is_page = wants_page(request.headers());
    let response = next.run(request).await;
    let extensions = response.extensions();
    let detail = extensions.get::<Problem>().map(|problem| problem.detail);
    let detail = detail.or(extensions.get::<Told>().map(|Told(detail)| *detail));
    let (Some(detail), true) = (detail, is_page) else { return response };
    let title = response.status().canonical_reason().unwrap_or("Trouble").to_owned();
    let Ok(page) = (Trouble { title: &title, detail }).render() else { return response };
    // Cookies and the like stay as they are.
    let (mut head, _) = response.into_parts();
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    Response::from_parts(head, Body::from(page))
}

fn wants_page(headers: &HeaderMap) -> bool {
    let accept = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/html"))
}
