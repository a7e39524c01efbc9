//! A browser as far as HTTP goes: it keeps a cookie, and says where its forms come from.

use std::net::SocketAddr;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, header};
use http_body_util::BodyExt as _;
use sha2::{Digest as _, Sha256};
use tower::ServiceExt as _;

pub(super) const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

#[derive(Clone)]
pub(super) struct Visitor {
    app: Router,
    pub(super) peer: SocketAddr,
    pub(super) host: String,
    pub(super) user_agent: String,
    /// Headers that go with every request, after and over the usual ones.
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// The one cookie that the demo sets: name and value.
    pub(super) cookie: Option<(String, String)>,
}

/// What came back.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    pub(super) headers: HeaderMap,
    pub(super) body: String,
}

impl Visitor {
    pub(super) fn new(app: Router) -> Self {
        Self {
            app,
            peer: SocketAddr::from(([127, 0, 0, 1], 40_000)),
            host: "localhost:7070".to_owned(),
            user_agent: FIREFOX.to_owned(),
            headers: Vec::new(),
            cookie: None,
        }
    }

    /// The same with one more header, for one request.
    pub(super) fn with(&self, name: &'static str, value: &str) -> Self {
        let mut other = self.clone();
        other.headers.push((HeaderName::from_static(name), value.parse().expect("visible")));
        other
    }

    pub(super) fn token(&self) -> &str {
        &self.cookie.as_ref().expect("a cookie was set").1
    }

    /// The beginning of the hash of the token, as pages show it.
    pub(super) fn fingerprint(&self) -> String {
        let hash = Sha256::digest(self.token());
        let number = hash.iter().take(5).fold(0, |number: u64, byte| number << 8 | u64::from(*byte));
        format!("{number:010x}")
    }

    pub(super) async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, Bytes::new()).await
    }

    pub(super) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.send(Method::POST, path, Bytes::from(body)).await
    }

    pub(super) async fn send(&mut self, method: Method, path: &str, body: Bytes) -> Answer {
        let mut request = Request::builder().method(&method).uri(path).header(header::HOST, &self.host);
        request = request.header(header::USER_AGENT, &self.user_agent);
        if let Some((name, value)) = &self.cookie {
            request = request.header(header::COOKIE, format!("theme=dark; {name}={value}"));
        }
        if method == Method::POST {
            request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            request = request.header("sec-fetch-site", "same-origin");
        }
        let mut request = request.body(Body::from(body)).expect("a request");
        for (name, value) in &self.headers {
            request.headers_mut().insert(name, value.clone());
        }
        request.extensions_mut().insert(ConnectInfo(self.peer));
        let answer = Answer::of(self.app.clone().oneshot(request).await.expect("infallible")).await;
        self.keep_cookies(&answer);
        answer
    }

    fn keep_cookies(&mut self, answer: &Answer) {
        for cookie in answer.cookies() {
            let (pair, attributes) = cookie.split_once(';').expect("attributes");
            let (name, value) = pair.split_once('=').expect("a value");
            let is_removal = attributes.contains("Max-Age=0");
            self.cookie = (!is_removal).then(|| (name.to_owned(), value.to_owned()));
        }
    }
}

impl Answer {
    async fn of(response: axum::response::Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.collect().await.expect("a whole body").to_bytes();
        let body = String::from_utf8(body.to_vec()).expect("text");
        Self { status: parts.status, headers: parts.headers, body }
    }

    pub(super) fn cookies(&self) -> Vec<&str> {
        let cookies = self.headers.get_all(header::SET_COOKIE).iter();
        cookies.map(|cookie| cookie.to_str().expect("visible")).collect()
    }

    pub(super) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("visible"))
    }

    /// Takes it as a page that was found.
    #[track_caller]
    pub(super) fn page(self) -> String {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self.body
    }

    /// Takes it as leading to another page, wherever on it.
    #[track_caller]
    pub(super) fn expect_redirect(&self, to: &str) {
        let location = self.header("location").split('#').next().unwrap_or_default();
        assert_eq!((self.status, location), (StatusCode::SEE_OTHER, to), "{}", self.body);
    }

    #[track_caller]
    pub(super) fn expect_trouble(&self, status: StatusCode, title: &str) {
        assert_eq!(self.status, status, "{}", self.body);
        assert!(self.body.contains(&format!(">{title}</h1>")), "{}", self.body);
    }
}
