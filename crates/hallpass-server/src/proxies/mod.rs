//! Ready configurations of the proxies that can be put in front of applications.

mod cookie_name;

use std::net::IpAddr;

use askama::Template;

pub use self::cookie_name::{CookieName, InvalidCookieName};
use crate::config::IdentityHeaders;
use crate::forward_auth::spellings;

/// Headers that some applications take for the address, the method or the host that was asked for, before the request's
/// own: what is judged is not what they serve. None of these proxies writes them for applications.
const OVERRIDING: [&str; 8] = [
    "forwarded",
    "x-forwarded-method",
    "x-forwarded-prefix",
    "x-forwarded-uri",
    "x-original-method",
    "x-original-uri",
    "x-original-url",
    "x-rewrite-url",
];
/// Headers that the proxies write over those of the client: under these names, and not in other spellings of them.
const FORWARDING: [&str; 4] = ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip"];

/// A proxy that a configuration can be printed for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Proxy {
    /// nginx, with `auth_request`.
    Nginx,
    /// Caddy, with `forward_auth`.
    Caddy,
    /// HAProxy, with a script in Lua that [`ProxyConfig::haproxy_script`] prints.
    Haproxy,
    /// Traefik, with the middleware `ForwardAuth`, as a file of dynamic configuration.
    Traefik,
    /// Envoy, with `ext_authz` over HTTP, or over gRPC where [`ProxyConfig::grpc`] says so.
    Envoy,
}

/// What a proxy in front of an application is told, as its own configuration.
///
/// ```
/// use hallpass_server::proxies::{Proxy, ProxyConfig};
///
/// let config = ProxyConfig { host: "shop.example".to_owned(), ..ProxyConfig::default() };
/// assert!(config.of(Proxy::Nginx).contains("server_name shop.example;"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProxyConfig {
    /// The host that browsers ask for: `app.example` if nobody says.
    pub host: String,
    /// The address that the proxy listens on; all of the machine's if nobody says.
    pub address: Option<IpAddr>,
    /// The port that it listens on, for plain HTTP: 8080 if nobody says.
    pub port: u16,
    /// Where the application is, as host and port: `127.0.0.1:3000` if nobody says.
    pub upstream: HostAndPort,
    /// Where this service is: `127.0.0.1:7070` if nobody says.
    pub hallpass: HostAndPort,
    /// Where this service is asked over gRPC, for Envoy; it asks over HTTP if nobody says.
    pub grpc: Option<HostAndPort>,
    /// Where HAProxy finds the script: `/etc/haproxy/hallpass.lua` if nobody says.
    pub script: String,
    /// How the headers are named that say who it is.
    pub identity: IdentityHeaders,
    /// The cookie that is taken away before a request goes on to the application; it goes on with all if nobody says.
    /// Traefik cannot do that by itself, and its configuration is the same with and without.
    pub strip_cookie: Option<CookieName>,
}

/// A host and a port, with nothing in them that a configuration would read as something else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostAndPort {
    host: String,
    port: u16,
}

/// The error of reading a host and port: it is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("this is a host and a port, such as 127.0.0.1:3000")]
pub struct InvalidHostAndPort;

impl HostAndPort {
    fn local(port: u16) -> Self {
        Self { host: "127.0.0.1".to_owned(), port }
    }

    fn written(&self) -> String {
        format!("{}:{}", self.host, self.port)
    }

    /// Returns the host without the brackets of an IPv6 address.
    fn bare(&self) -> &str {
        self.host.trim_start_matches('[').trim_end_matches(']')
    }
}

impl std::str::FromStr for HostAndPort {
    type Err = InvalidHostAndPort;

    fn from_str(text: &str) -> Result<Self, InvalidHostAndPort> {
        let (host, port) = text.rsplit_once(':').ok_or(InvalidHostAndPort)?;
        let port = port.parse().map_err(|_| InvalidHostAndPort)?;
        if is_host(host) { Ok(Self { host: host.to_owned(), port }) } else { Err(InvalidHostAndPort) }
    }
}

/// Tells whether text is the name or the address of a host, and so nothing else in any of these configurations.
pub fn is_host(text: &str) -> bool {
    crate::forward_auth::is_plain_host(text)
}

impl Default for ProxyConfig {
    fn default() -> Self {
        Self {
            host: "app.example".to_owned(),
            address: None,
            port: 8080,
            upstream: HostAndPort::local(3000),
            hallpass: HostAndPort::local(7070),
            grpc: None,
            script: "/etc/haproxy/hallpass.lua".to_owned(),
            identity: IdentityHeaders::default(),
            strip_cookie: None,
        }
    }
}

impl ProxyConfig {
    /// Returns the configuration of a proxy.
    pub fn of(&self, proxy: Proxy) -> String {
        let parts = Parts::of(self);
        let rendered = match proxy {
            Proxy::Nginx => Nginx { parts }.render(),
            Proxy::Caddy => Caddy { parts }.render(),
            Proxy::Haproxy => Haproxy { parts }.render(),
            Proxy::Traefik => Traefik { parts }.render(),
            Proxy::Envoy => Envoy { parts }.render(),
        };
        // Writing to memory does not fail, and the templates call nothing else that does.
        ended(rendered.unwrap_or_default())
    }

    /// Returns the script in Lua that HAProxy asks by.
    pub fn haproxy_script(&self) -> String {
        ended(HaproxyScript { parts: Parts::of(self) }.render().unwrap_or_default())
    }
}

/// Ends the last line, without which HAProxy takes a file for torn.
fn ended(text: String) -> String {
    text + "\n"
}

/// What the templates are filled in with.
struct Parts<'a> {
    host: &'a str,
    address: Option<IpAddr>,
    port: u16,
    upstream: String,
    upstream_at: &'a HostAndPort,
    hallpass: String,
    hallpass_at: &'a HostAndPort,
    grpc: Option<&'a HostAndPort>,
    script: &'a str,
    /// The names of the identity headers, as people write them.
    names: Vec<Named>,
    /// Their other spellings, and those of the headers that proxies write.
    spellings: Vec<String>,
    /// Headers that would stand for another address.
    overriding: Vec<String>,
    /// The cookie to take away.
    cookie: Option<&'a CookieName>,
    /// The variables of nginx by which it is taken away once each: as often as the service looks at it.
    steps: [(&'static str, &'static str); 4],
}

/// A header, and a word for it that can stand in the name of a variable.
struct Named {
    header: String,
    word: String,
}

impl<'a> Parts<'a> {
    /// Returns where the proxy listens, as most write it; `every` is their word for every address.
    fn listen(&self, every: &str) -> String {
        let port = self.port;
        match self.address {
            Some(IpAddr::V4(address)) => format!("{address}:{port}"),
            Some(IpAddr::V6(address)) => format!("[{address}]:{port}"),
            None => format!("{every}{port}"),
        }
    }

    fn of(config: &'a ProxyConfig) -> Self {
        let named = |name: &&str| Named { header: capital(name), word: name.replace('-', "_") };
        Self {
            host: &config.host,
            address: config.address,
            port: config.port,
            upstream: config.upstream.written(),
            upstream_at: &config.upstream,
            hallpass: config.hallpass.written(),
            hallpass_at: &config.hallpass,
            grpc: config.grpc.as_ref(),
            script: &config.script,
            names: config.identity.names().iter().map(named).collect(),
            spellings: [&OVERRIDING[..], &FORWARDING]
                .concat()
                .into_iter()
                .flat_map(spellings)
                .chain(config.identity.other_spellings())
                .collect(),
            overriding: OVERRIDING.iter().map(|name| capital(name)).collect(),
            cookie: config.strip_cookie.as_ref(),
            steps: [
                ("http_cookie", "hallpass_cookie_1"),
                ("hallpass_cookie_1", "hallpass_cookie_2"),
                ("hallpass_cookie_2", "hallpass_cookie_3"),
                ("hallpass_cookie_3", "hallpass_cookie_4"),
            ],
        }
    }
}

fn capital(name: &str) -> String {
    let word = |word: &str| format!("{}{}", word[..1].to_ascii_uppercase(), &word[1..]);
    name.split('-').map(word).collect::<Vec<_>>().join("-")
}

macro_rules! templates {
    ($($name:ident = $path:literal),+ $(,)?) => {$(
        #[derive(Template)]
        #[template(path = $path, escape = "none")]
        struct $name<'a> {
            parts: Parts<'a>,
        }
    )+};
}

templates! {
    Nginx = "proxies/nginx.conf",
    Caddy = "proxies/Caddyfile.txt",
    Haproxy = "proxies/haproxy.cfg",
    HaproxyScript = "proxies/haproxy.lua",
    Traefik = "proxies/traefik.yaml",
    Envoy = "proxies/envoy.yaml",
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Proxy; 5] = [Proxy::Nginx, Proxy::Caddy, Proxy::Haproxy, Proxy::Traefik, Proxy::Envoy];

    #[test]
    fn a_host_and_port_is_nothing_else() {
        for good in ["127.0.0.1:3000", "app:80", "app.example:8443", "[::1]:7070"] {
            assert_eq!(good.parse::<HostAndPort>().expect("both").written(), good);
        }
        for bad in ["", "app", ":80", "app:", "app:x", "app:65536", "a b:80", "a;b:80", "a{b}:80", "a\nb:80", "::1:80"]
        {
            assert_eq!(bad.parse::<HostAndPort>(), Err(InvalidHostAndPort), "{bad}");
        }
    }

    #[test]
    fn every_configuration_names_what_it_was_given() {
        let config = ProxyConfig {
            host: "shop.example".to_owned(),
            port: 4433,
            upstream: "app.internal:3001".parse().expect("both"),
            hallpass: "pass.internal:7071".parse().expect("both"),
            ..ProxyConfig::default()
        };
        for proxy in ALL {
            let text = config.of(proxy) + &config.haproxy_script();
            for word in ["shop.example", "app.internal", "3001", "pass.internal", "7071", "/session/renew"] {
                assert!(text.contains(word), "{proxy:?} says nothing of {word}: {text}");
            }
            // A line that lost its indentation would mean something else in YAML.
            let outer = config.of(proxy);
            let outer: Vec<_> =
                outer.lines().filter(|line| !line.starts_with([' ', '#']) && !line.is_empty()).collect();
            match proxy {
                Proxy::Traefik => assert_eq!(outer, ["http:"]),
                Proxy::Envoy => assert_eq!(outer, ["static_resources:"]),
                _ => {}
            }
            for name in config.identity.names() {
                assert!(text.to_ascii_lowercase().contains(name), "{proxy:?} says nothing of {name}");
            }
        }
    }
}
