//! What proxies are answered, by replaying what each of them sends.

mod answers;
mod attacks;
mod grpc;
mod guessing;
mod realms;
mod renewal;

use hallpass_server::{Access, Config, RouteRule, Words};
use reqwest::{Method, redirect};

use crate::service::{Answer, Service, config};

/// What a browser sends when its user goes to a page.
pub(crate) const BROWSER: [(&str, &str); 2] = [("accept", "text/html,*/*;q=0.8"), ("sec-fetch-mode", "navigate")];
/// Every header that says who it is, under the default names.
pub(crate) const IDENTITY: [&str; 8] = [
    "remote-user",
    "remote-groups",
    "remote-email",
    "remote-name",
    "remote-session",
    "remote-level",
    "remote-methods",
    "remote-impersonator",
];

/// Returns the rules that most tests ask by: some paths are public, some need more.
pub(crate) fn guarded() -> Config {
    let mut config = config();
    config.cookie.danger_plain_http = true;
    config.forward_auth.sign_in = Some("/sign-in".to_owned());
    let rule = |path: [&str; 1]| RouteRule { path: Words::from(path), ..RouteRule::default() };
    config.forward_auth.rules = vec![
        RouteRule { path: Words::from(["/public/**", "/sign-in"]), access: Access::Public, ..RouteRule::default() },
        RouteRule { level: Some(2), ..rule(["/admin/**"]) },
        RouteRule { roles: Words::from(["staff", "boss"]), ..rule(["/staff/**"]) },
        RouteRule { access: Access::Deny, ..rule(["/internal/**"]) },
        RouteRule { host: Words::from(["bank.example"]), fresh_within: Some(60), ..RouteRule::default() },
    ];
    config
}

/// A request that a proxy holds back.
#[derive(Clone, Copy)]
pub(crate) struct Held<'a> {
    pub(crate) method: &'a str,
    pub(crate) host: &'a str,
    pub(crate) target: &'a str,
    pub(crate) headers: &'a [(&'a str, &'a str)],
}

impl<'a> Held<'a> {
    /// Returns a browser's request for a page of `app.example`.
    pub(crate) fn page(target: &'a str) -> Self {
        Self { method: "GET", host: "app.example", target, headers: &BROWSER }
    }

    /// Returns a program's request.
    pub(crate) fn call(target: &'a str) -> Self {
        Self { headers: &[("accept", "application/json")], ..Self::page(target) }
    }
}

/// The ways in which proxies ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proxy {
    Nginx,
    /// Traefik, Caddy, and HAProxy with our script.
    Forwarded,
    Envoy,
}

pub(crate) const PROXIES: [Proxy; 3] = [Proxy::Nginx, Proxy::Forwarded, Proxy::Envoy];

/// Asks as a proxy does, with what its client sent and, if there is one, the cookie.
pub(crate) async fn ask(service: &Service, proxy: Proxy, held: Held<'_>, token: Option<&str>) -> Answer {
    let client = reqwest::Client::builder().redirect(redirect::Policy::none()).build().expect("a client");
    let (method, path) = match proxy {
        Proxy::Envoy => (held.method.parse().expect("a method"), format!("/forward-auth{}", held.target)),
        _ => (Method::GET, "/forward-auth".to_owned()),
    };
    let mut request = client.request(method, format!("{}{path}", service.base));
    for (name, value) in held.headers {
        request = request.header(*name, *value);
    }
    if let Some(token) = token {
        request = request.header("cookie", format!("theme=dark; sid={token}; other=1"));
    }
    let request = match proxy {
        Proxy::Nginx => request
            .header("x-original-url", format!("https://{}{}", held.host, held.target))
            .header("x-original-method", held.method)
            .header("x-forwarded-for", "203.0.113.7"),
        Proxy::Forwarded => request
            .header("x-forwarded-method", held.method)
            .header("x-forwarded-proto", "https")
            .header("x-forwarded-host", held.host)
            .header("x-forwarded-uri", held.target)
            .header("x-forwarded-for", "203.0.113.7"),
        Proxy::Envoy => request.header("host", held.host).header("x-forwarded-for", "203.0.113.7"),
    };
    service.send(request).await
}

impl Answer {
    /// Returns a header, or nothing where it is missing.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().expect("visible"))
    }
}
