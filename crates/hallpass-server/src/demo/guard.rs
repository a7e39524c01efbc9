//! Which requests are let in.

use axum::Extension;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};

use super::trouble::Trouble;
use super::wire::Wire;
use crate::html::authority;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses what would change something and does not come from one of our own pages (OWASP CSRF Prevention Cheat Sheet,
/// "Fetch Metadata headers").
pub(super) async fn same_origin(Extension(wire): Extension<Wire>, request: Request, next: Next) -> Response {
    if request.method().is_safe() || is_own_page(&request, &wire) {
        next.run(request).await
    } else {
        Trouble::foreign_form(&wire).into_response()
    }
}

/// Tells whether a browser says that one of our own pages sent the request.
///
/// Browsers without `Sec-Fetch-Site`, or on addresses that they do not trust, send `Origin` or `Referer`. A request with
/// none of them is refused: no browser of the last years sends a form so.
fn is_own_page(request: &Request, wire: &Wire) -> bool {
    let headers = request.headers();
    let is_own = |address: &str| is_own_address(address, request, wire);
    // A plain cookie is for pages of this machine only, also where a browser vouches for more.
    if wire.is_plain() && text(headers, &header::ORIGIN).is_some_and(|origin| !is_own(origin)) {
        return false;
    }
    match headers.get(SEC_FETCH_SITE) {
        Some(site) => site == "same-origin",
        None => text(headers, &header::ORIGIN).or_else(|| text(headers, &header::REFERER)).is_some_and(is_own),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name).map(|value| value.to_str().unwrap_or_default())
}

/// Compares scheme, host and port; `null` and anything else that is no address are nobody's own.
fn is_own_address(address: &str, request: &Request, wire: &Wire) -> bool {
    let Some(host) = authority(request.uri(), request.headers()) else { return false };
    let Some((scheme, rest)) = address.split_once("://") else { return false };
    let theirs = rest.split('/').next().unwrap_or_default();
    scheme == wire.scheme() && theirs.eq_ignore_ascii_case(host.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(headers: &[(&'static str, &str)]) -> Request {
        let mut request = Request::new(axum::body::Body::empty());
        for (name, value) in headers {
            request.headers_mut().insert(*name, value.parse().expect("visible"));
        }
        request
    }

    #[test]
    fn what_a_browser_says_of_the_sender_decides() {
        let secure = [("host", "demo.example")];
        for (site, is_own) in [("same-origin", true), ("same-site", false), ("cross-site", false), ("none", false)] {
            let headers = [secure[0], ("sec-fetch-site", site), ("origin", "https://demo.example")];
            assert_eq!(is_own_page(&sent(&headers), &Wire::secure()), is_own, "{site}");
        }
    }

    #[test]
    fn without_it_the_origin_or_referer_decides() {
        for (origin, is_own) in [
            ("https://demo.example", true),
            ("HTTPS://demo.example", false),
            ("http://demo.example", false),
            ("https://demo.example:444", false),
            ("https://demo.example.evil", false),
            ("https://evil.example", false),
            ("null", false),
            ("", false),
        ] {
            let headers = [("host", "demo.example"), ("origin", origin)];
            assert_eq!(is_own_page(&sent(&headers), &Wire::secure()), is_own, "{origin}");
        }
        let referer = |value| sent(&[("host", "localhost:1"), ("referer", value)]);
        assert!(is_own_page(&referer("http://localhost:1/demo?said=x"), &Wire::plain()));
        assert!(!is_own_page(&referer("http://localhost:2/demo"), &Wire::plain()));
        assert!(!is_own_page(&sent(&[("host", "localhost:1")]), &Wire::plain()), "nobody says where it comes from");
    }

    #[test]
    fn a_plain_cookie_is_for_pages_of_this_machine_only() {
        let headers = [("host", "localhost:1"), ("sec-fetch-site", "same-origin"), ("origin", "https://demo.example")];
        assert!(!is_own_page(&sent(&headers), &Wire::plain()));
    }
}
