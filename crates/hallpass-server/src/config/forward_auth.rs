use std::collections::BTreeMap;
use std::net::SocketAddr;

use hallpass::Realm;
use serde::{Deserialize, Serialize};

use super::{RouteRule, Words};
use crate::forward_auth::{HostPattern, Networks, Page};

/// How proxies are told whom to let in; see `docs/proxies.md`.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, default)]
pub struct ForwardAuthConfig {
    /// The addresses and networks of the proxies that may ask, and whose forwarded headers are believed; those of
    /// loopback if nobody says.
    ///
    /// # Security
    ///
    /// Who is among them says which page was asked for, and so which rule holds.
    pub trusted_proxies: Words,
    /// Where browsers are sent whose user has to sign in: a path on the site that was asked for, or a URL. They are told
    /// with 401, as programs are, if nobody says.
    pub sign_in: Option<String>,
    /// Where browsers are sent whose user has to prove more; they are told with 403 if nobody says.
    pub step_up: Option<String>,
    /// The origins, such as `https://app.example`, to which a sign-in on another site may send people back.
    pub return_to: Words,
    /// How the headers are named that tell applications who somebody is.
    pub identity: IdentityHeaders,
    /// The realm whose sessions are asked for; `default` if nobody says.
    pub realm: Realm,
    /// The realms of hosts that are other applications: a name, or all below one, such as `*.bank.example`, and the realm
    /// whose sessions are asked for there. The name itself goes before what it is below, and the longer one of those before
    /// the shorter.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub realms: BTreeMap<String, Realm>,
    /// Whether a browser whose token is due for renewal is sent to `/session/renew` on its way to a page; `true` if nobody
    /// says. The proxy has to route that path here.
    pub renewal: bool,
    /// The attribute of a session with its subject's roles, a text or a list of texts; `roles` if nobody says.
    pub role_attribute: String,
    /// The attribute with the subject's address for mail; `email` if nobody says.
    pub email_attribute: String,
    /// The attribute with the subject's name for people; `name` if nobody says.
    pub name_attribute: String,
    /// What holds for a request that no rule is about.
    pub default: Unmatched,
    /// Where Envoy asks over gRPC (`ext_authz`); nowhere if nobody says.
    pub grpc_listen: Option<SocketAddr>,
    /// What requests need, by host, path and method: the first rule that is about a request holds for it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<RouteRule>,
}

/// How the headers are named that tell applications who somebody is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum IdentityHeaders {
    /// `Remote-User`, `Remote-Groups`, `Remote-Email`, `Remote-Name`, `Remote-Session`, `Remote-Level`, `Remote-Methods`
    /// and `Remote-Impersonator`.
    #[default]
    Remote,
    /// `X-Auth-Request-User`, `X-Auth-Request-Groups`, `X-Auth-Request-Email` and `X-Auth-Request-Preferred-Username`, as
    /// oauth2-proxy has them.
    #[serde(rename = "oauth2-proxy")]
    Oauth2Proxy,
    /// `Remote-User`, `Remote-Groups`, `Remote-Email` and `Remote-Name`, as Authelia has them.
    Authelia,
}

/// What holds for a request that no rule is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, Serialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Unmatched {
    /// Somebody has to have signed in.
    #[default]
    SignedIn,
    /// Nobody is let in.
    Deny,
}

impl ForwardAuthConfig {
    /// Returns what is wrong, by its key.
    pub(super) fn broken(&self) -> Vec<(String, String)> {
        let mut found = Vec::new();
        let mut wrong = |key: &str, message: &str| found.push((key.to_owned(), message.to_owned()));
        if let Err(word) = Networks::parse(self.trusted_proxies.words()) {
            wrong("trusted_proxies", &format!("`{word}` is no address and no network such as 10.0.0.0/8"));
        }
        for (key, page) in [("sign_in", &self.sign_in), ("step_up", &self.step_up)] {
            if page.as_deref().is_some_and(|page| Page::parse(page).is_none()) {
                wrong(key, "this is a path such as /sign-in, or a URL such as https://login.example/sign-in");
            }
        }
        for origin in self.return_to.words() {
            if let Err(error) = hallpass::http::Pages::default().allow_return_to(origin) {
                wrong("return_to", &format!("`{origin}`: {error}"));
            }
        }
        if self.realm.is_own() {
            wrong("realm", "this realm is for what hallpass keeps itself");
        }
        for (host, realm) in &self.realms {
            if HostPattern::parse(host).is_none() {
                wrong("realms", &format!("`{host}` is no host in lower case without a port, nor `*.` and one"));
            }
            if realm.is_own() {
                wrong("realms", &format!("`{host}`: this realm is for what hallpass keeps itself"));
            }
        }
        for (key, name) in [
            ("role_attribute", &self.role_attribute),
            ("email_attribute", &self.email_attribute),
            ("name_attribute", &self.name_attribute),
        ] {
            if name.is_empty() || name.len() > 255 {
                wrong(key, "this is 1 to 255 bytes");
            }
        }
        if self.rules.len() > RouteRule::MOST {
            wrong("rules", "these are at most 1,000");
        }
        for (number, rule) in self.rules.iter().enumerate() {
            found.extend(rule.broken().into_iter().map(|(key, text)| (format!("rules.{number}.{key}"), text)));
        }
        found
    }
}

impl Default for ForwardAuthConfig {
    fn default() -> Self {
        Self {
            trusted_proxies: Words::from(["127.0.0.0/8", "::1/128"]),
            sign_in: None,
            step_up: None,
            return_to: Words::default(),
            identity: IdentityHeaders::default(),
            realm: Realm::default(),
            realms: BTreeMap::new(),
            renewal: true,
            role_attribute: "roles".to_owned(),
            email_attribute: "email".to_owned(),
            name_attribute: "name".to_owned(),
            default: Unmatched::default(),
            grpc_listen: None,
            rules: Vec::new(),
        }
    }
}
