use std::net::{IpAddr, SocketAddr};

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use hallpass_server::proxies::{HostAndPort, Proxy, is_host};

/// Which options `proxy-config` has.
#[derive(Debug, Args)]
#[command(after_help = "\
The proxy asks the service about every request: /forward-auth, or gRPC. hallpass.toml says, in
[forward_auth], whom it believes, where people sign in, and which paths need what; the names of the
headers that say who it is are taken from there too.

nginx, Caddy, Traefik and Envoy need one file. HAProxy needs two: --script prints the other.

Examples:
  hallpass proxy-config nginx --upstream 127.0.0.1:3000 > /etc/nginx/conf.d/app.conf
  hallpass proxy-config haproxy > /etc/haproxy/haproxy.cfg
  hallpass proxy-config haproxy --script > /etc/haproxy/hallpass.lua
  hallpass proxy-config envoy --grpc 127.0.0.1:7071")]
pub(crate) struct PrintProxyConfig {
    /// The proxy
    #[arg(value_parser = proxy())]
    pub(crate) proxy: Proxy,
    /// The host that browsers ask for
    #[arg(long, value_name = "HOST", default_value = "app.example", value_parser = host)]
    pub(crate) host: String,
    /// Where the proxy listens, for plain HTTP: a port, or an address and a port
    #[arg(long, value_name = "[ADDRESS:]PORT", default_value = "8080")]
    pub(crate) listen: Listen,
    /// Where the application is
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:3000")]
    pub(crate) upstream: HostAndPort,
    /// Where the service is [default: `listen` of the configuration]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) hallpass: Option<HostAndPort>,
    /// Where the service is asked over gRPC, for Envoy [default: not over gRPC]
    #[arg(long, value_name = "HOST:PORT")]
    pub(crate) grpc: Option<HostAndPort>,
    /// Print the script that HAProxy asks by, and not its configuration
    #[arg(long)]
    pub(crate) script: bool,
    /// Where HAProxy finds the script
    #[arg(long, value_name = "FILE", default_value = "/etc/haproxy/hallpass.lua", value_parser = path)]
    pub(crate) script_path: String,
    /// Take the session cookie out of what goes on to the application; not for Traefik, which cannot
    #[arg(long)]
    pub(crate) strip_cookie: bool,
}

/// Where a proxy listens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Listen {
    pub(crate) address: Option<IpAddr>,
    pub(crate) port: u16,
}

impl std::str::FromStr for Listen {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, &'static str> {
        if let Ok(port) = text.parse() {
            return Ok(Self { address: None, port });
        }
        let address: SocketAddr = text.parse().map_err(|_| "this is a port, or an address and a port")?;
        Ok(Self { address: Some(address.ip()), port: address.port() })
    }
}

const PROXIES: [(&str, Proxy); 5] = [
    ("nginx", Proxy::Nginx),
    ("caddy", Proxy::Caddy),
    ("haproxy", Proxy::Haproxy),
    ("traefik", Proxy::Traefik),
    ("envoy", Proxy::Envoy),
];

fn proxy() -> impl TypedValueParser<Value = Proxy> {
    let named =
        |word: String| PROXIES.iter().find(|(name, _)| *name == word).map(|(_, proxy)| *proxy).ok_or("no proxy");
    PossibleValuesParser::new(PROXIES.map(|(name, _)| name)).try_map(named)
}

fn host(text: &str) -> Result<String, &'static str> {
    if is_host(text) { Ok(text.to_owned()) } else { Err("this is a host in lower case, without a port") }
}

fn path(text: &str) -> Result<String, &'static str> {
    let is_plain = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'-' | b'_'));
    if is_plain && !text.is_empty() {
        Ok(text.to_owned())
    } else {
        Err("this is a path of letters, digits, `/`, `.`, `-` and `_`")
    }
}
