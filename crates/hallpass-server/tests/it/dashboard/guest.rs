//! A browser as far as HTTP goes: it keeps a cookie, follows nothing by itself, and says where its forms come from.

use reqwest::header::{self, HeaderMap};
use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder, StatusCode};

use crate::service::{Service, encoded};

pub(crate) struct Guest {
    client: Client,
    base: String,
    /// The one cookie that the dashboard sets: name and value.
    pub(crate) cookie: Option<(String, String)>,
    /// What is sent with every request, over what is usual.
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// What came back.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Guest {
    pub(crate) fn new(service: &Service) -> Self {
        let client = Client::builder().redirect(Policy::none()).build().expect("a client");
        Self { client, base: service.base.clone(), cookie: None, headers: Vec::new() }
    }

    /// A browser in which somebody has signed in with a key.
    pub(crate) async fn signed_in(service: &Service, key: &str) -> Self {
        let mut guest = Self::new(service);
        guest.post("/dashboard/sign-in", &[("key", key)]).await.expect_redirect("/dashboard");
        assert!(guest.cookie.is_some(), "a cookie was set");
        guest
    }

    /// A browser in which somebody of this role has signed in.
    pub(crate) async fn of_role(service: &Service, role: &str) -> Self {
        let key = service.key(role).await;
        Self::signed_in(service, &key).await
    }

    pub(crate) async fn get(&mut self, path: &str) -> Answer {
        self.send(self.request(Method::GET, path)).await
    }

    /// Sends a form as our own page does.
    pub(crate) async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        self.post_from("same-origin", path, fields).await
    }

    /// Sends a form from a page of what the browser calls this site.
    pub(crate) async fn post_from(&mut self, site: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let request = self.request(Method::POST, path).header("sec-fetch-site", site);
        self.send(request.header(header::CONTENT_TYPE, crate::service::FORM).body(encoded(fields))).await
    }

    /// Sends a form with what a page proves with that it comes from it, which is read from there.
    pub(crate) async fn submit(&mut self, page: &str, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.get(page).await.page().form_token();
        let fields = [&[("csrf_token", token.as_str())], fields].concat();
        self.post(path, &fields).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let mut request = self.client.request(method, format!("{}{path}", self.base));
        request = request.header(header::USER_AGENT, super::FIREFOX);
        if let Some((name, value)) = &self.cookie {
            request = request.header(header::COOKIE, format!("theme=dark; {name}={value}"));
        }
        self.headers.iter().fold(request, |request, (name, value)| request.header(*name, value))
    }

    async fn send(&mut self, request: RequestBuilder) -> Answer {
        let response = request.send().await.expect("an answer");
        let (status, headers) = (response.status(), response.headers().clone());
        let answer = Answer { status, headers, body: response.text().await.expect("text") };
        for cookie in answer.cookies() {
            let (pair, attributes) = cookie.split_once(';').expect("attributes");
            let (name, value) = pair.split_once('=').expect("a value");
            let is_removal = attributes.contains("Max-Age=0");
            self.cookie = (!is_removal).then(|| (name.to_owned(), value.to_owned()));
        }
        answer
    }
}

impl Answer {
    pub(crate) fn cookies(&self) -> Vec<&str> {
        let cookies = self.headers.get_all(header::SET_COOKIE).iter();
        cookies.map(|cookie| cookie.to_str().expect("visible")).collect()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("visible"))
    }

    /// Takes it as a page that was found.
    #[track_caller]
    pub(crate) fn page(self) -> Self {
        assert_eq!(self.status, StatusCode::OK, "{}", self.body);
        self
    }

    #[track_caller]
    pub(crate) fn expect_redirect(&self, to: &str) {
        assert_eq!((self.status, self.header("location")), (StatusCode::SEE_OTHER, to), "{}", self.body);
    }

    #[track_caller]
    pub(crate) fn expect_trouble(&self, status: u16, title: &str) {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        assert!(self.body.contains(&format!(">{title}</h1>")), "{}", self.body);
    }

    #[track_caller]
    pub(crate) fn expect_text(&self, text: &str) {
        assert!(self.body.contains(text), "no {text:?} in {}", self.body);
    }

    #[track_caller]
    pub(crate) fn expect_no(&self, text: &str) {
        assert!(!self.body.contains(text), "{text:?} in {}", self.body);
    }

    /// Returns what forms of the page prove with that they come from it.
    #[track_caller]
    pub(crate) fn form_token(&self) -> String {
        self.hidden("csrf_token").unwrap_or_else(|| panic!("a form token in {}", self.body))
    }

    /// Returns the value of a hidden field.
    pub(crate) fn hidden(&self, name: &str) -> Option<String> {
        let start = format!("name=\"{name}\" value=\"");
        let rest = &self.body[self.body.find(&start)? + start.len()..];
        rest.split('"').next().map(ToOwned::to_owned)
    }
}
