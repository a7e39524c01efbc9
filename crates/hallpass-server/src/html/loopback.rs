use std::net::SocketAddr;

use axum::extract::{ConnectInfo, Request};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, Uri, header};

/// What a proxy adds: then the browser is elsewhere, however near the proxy is.
const FORWARDED: [HeaderName; 4] = [
    header::FORWARDED,
    header::VIA,
    HeaderName::from_static("x-forwarded-for"),
    HeaderName::from_static("x-forwarded-proto"),
];

/// Tells whether a request comes from a browser on this machine that was asked for a page of this machine.
///
/// The second half keeps out names of elsewhere that lead to a loopback address.
pub(crate) fn is_loopback(request: &Request) -> bool {
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>();
    let is_forwarded = FORWARDED.iter().any(|name| request.headers().contains_key(name));
    let host = authority(request.uri(), request.headers());
    peer.is_some_and(|ConnectInfo(peer)| peer.ip().to_canonical().is_loopback())
        && !is_forwarded
        && host.is_some_and(|host| names_loopback(host.host()))
}

/// Returns the host and port that the client asked for.
pub(crate) fn authority(uri: &Uri, headers: &HeaderMap) -> Option<Authority> {
    match uri.authority() {
        Some(authority) => Some(authority.clone()),
        None => headers.get(header::HOST)?.to_str().ok()?.parse().ok(),
    }
}

fn names_loopback(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host).to_ascii_lowercase();
    if name == "localhost" || name.ends_with(".localhost") {
        return true;
    }
    let address = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    address.parse().is_ok_and(|address: std::net::IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(peer: Option<&str>, host: &str, forwarded: bool) -> Request {
        let mut request = Request::new(axum::body::Body::empty());
        if let Some(peer) = peer {
            let peer: SocketAddr = peer.parse().expect("an address");
            request.extensions_mut().insert(ConnectInfo(peer));
        }
        request.headers_mut().insert(header::HOST, host.parse().expect("visible"));
        if forwarded {
            request.headers_mut().insert("x-forwarded-for", "203.0.113.7".parse().expect("visible"));
        }
        request
    }

    #[test]
    fn only_this_machine_asking_for_this_machine_is_loopback() {
        for host in ["localhost", "LOCALHOST:7070", "demo.localhost:7070", "127.0.0.1:7070", "127.9.9.9", "[::1]:7070"]
        {
            assert!(is_loopback(&asked(Some("127.0.0.1:5"), host, false)), "{host}");
            assert!(is_loopback(&asked(Some("[::1]:5"), host, false)), "{host}");
            assert!(!is_loopback(&asked(Some("127.0.0.1:5"), host, true)), "a proxy came between: {host}");
            assert!(!is_loopback(&asked(Some("192.0.2.1:5"), host, false)), "somebody else claims {host}");
            assert!(!is_loopback(&asked(None, host, false)), "nobody says who asks for {host}");
        }
        for host in ["example.org", "localhost.example.org", "127.0.0.1.example.org", "10.0.0.1", "", "local host"] {
            assert!(!is_loopback(&asked(Some("127.0.0.1:5"), host, false)), "{host}");
        }
    }
}
