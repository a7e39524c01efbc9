//! A client that does with its cookie exactly what a test says.

use std::collections::BTreeMap;

use hallpass::ReferenceToken;
use reqwest::header::{self, HeaderMap};
use reqwest::{Client, Method, redirect};

/// What a cookie is named.
pub(crate) const NAME: &str = "__Host-sid";

/// A client with one cookie.
#[derive(Debug, Clone)]
pub(crate) struct Browser {
    client: Client,
    base: String,
    /// The token that it holds, and shows with each request.
    pub(crate) token: Option<String>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) set_cookies: Vec<String>,
    pub(crate) headers: HeaderMap,
}

impl Reply {
    async fn of(mut response: reqwest::Response) -> Self {
        let mut body = Vec::new();
        while let Some(chunk) = response.chunk().await.expect("the body comes") {
            body.extend_from_slice(&chunk);
        }
        let set_cookies = response.headers().get_all(header::SET_COOKIE).iter();
        Self {
            status: response.status().as_u16(),
            set_cookies: set_cookies.map(|value| value.to_str().expect("text").to_owned()).collect(),
            body: String::from_utf8(body).expect("text"),
            headers: response.headers().clone(),
        }
    }

    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{self:?}");
        self
    }

    /// Returns the machine word of the problem that it is.
    #[track_caller]
    pub(crate) fn code(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        let problem: BTreeMap<String, serde_json::Value> = serde_json::from_str(&self.body).expect("a problem");
        assert_eq!(problem["status"], self.status);
        problem["code"].as_str().expect("a word").to_owned()
    }

    /// Returns a header's values, as one list.
    pub(crate) fn header(&self, name: &str) -> String {
        let values = self.headers.get_all(name).iter().map(|value| value.to_str().expect("text"));
        values.collect::<Vec<_>>().join(", ")
    }

    /// Returns the token that is handed out, of the one cookie that there is to be.
    #[track_caller]
    pub(crate) fn token(&self) -> String {
        assert_eq!(self.set_cookies.len(), 1, "{self:?}");
        let value = self.set_cookies[0].strip_prefix(NAME).and_then(|rest| rest.strip_prefix('='));
        let (value, _) = value.expect("our cookie").split_once(';').expect("attributes");
        value.to_owned()
    }
}

impl Browser {
    pub(crate) fn new(base: &str) -> Self {
        let client = Client::builder().redirect(redirect::Policy::none()).no_proxy().build().expect("a client");
        Self { client, base: base.to_owned(), token: None }
    }

    pub(crate) async fn get(&mut self, path: &str) -> Reply {
        self.visit("GET", path).await
    }

    pub(crate) async fn post(&mut self, path: &str) -> Reply {
        self.visit("POST", path).await
    }

    /// Shows the cookie and keeps what comes back, as browsers do.
    async fn visit(&mut self, method: &str, path: &str) -> Reply {
        let cookie = self.cookie();
        let headers = if self.token.is_some() { &[("cookie", cookie.as_str())][..] } else { &[] };
        let reply = self.send(method, path, headers).await;
        if !reply.set_cookies.is_empty() {
            self.token = Some(reply.token()).filter(|token| !token.is_empty());
        }
        reply
    }

    /// Sends these headers and keeps nothing.
    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Reply {
        Reply::of(self.start(method, path, headers).await).await
    }

    /// Sends a form with the cookie, and nothing that says where it comes from.
    pub(crate) async fn send_form(&self, path: &str, form: &str) -> Reply {
        let request = self.client.post(format!("{}{path}", self.base)).header(header::COOKIE, self.cookie());
        let request = request.header(header::CONTENT_TYPE, "application/x-www-form-urlencoded").body(form.to_owned());
        Reply::of(request.send().await.expect("the server answers")).await
    }

    /// Sends these headers and returns when the head of the response is there.
    pub(crate) async fn start(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> reqwest::Response {
        let method = Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        request = request.header(header::USER_AGENT, "Mozilla/5.0 (test)");
        for (name, value) in headers {
            request = request.header(*name, value.as_bytes());
        }
        request.send().await.expect("the server answers")
    }

    /// Sends a `Cookie` header and keeps nothing.
    pub(crate) async fn show(&self, path: &str, cookie: &str) -> Reply {
        self.send("GET", path, &[("cookie", cookie)]).await
    }

    /// Returns the `Cookie` header that it sends.
    pub(crate) fn cookie(&self) -> String {
        format!("{NAME}={}", self.token.as_deref().unwrap_or_default())
    }

    pub(crate) fn reference(&self) -> ReferenceToken {
        ReferenceToken::parse(self.token.as_deref().expect("a token")).expect("our token")
    }

    pub(crate) async fn who(&mut self) -> String {
        self.get("/who").await.expect(200).body
    }
}
