use axum::http::{HeaderMap, HeaderName, Method, header};
use hallpass::http::{Pages, ReturnTo};

use super::original::Original;

/// A page where people sign in or prove more, and come back from.
#[derive(Debug, Clone)]
pub(crate) struct Page {
    address: String,
    /// Whether it is on the site that was asked for.
    is_local: bool,
}

const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");
const REQUESTED_WITH: HeaderName = HeaderName::from_static("x-requested-with");

impl Page {
    /// Takes a path, or a URL without a fragment.
    pub(crate) fn parse(address: &str) -> Option<Self> {
        if address.contains('#') {
            return None;
        }
        if let Some(path) = ReturnTo::local(address) {
            return Some(Self { address: path.to_string(), is_local: true });
        }
        let start = address.find("://")? + 3;
        let end = address[start..].find('/').map_or(address.len(), |slash| start + slash);
        let pages = Pages::default().allow_return_to(&address[..end]).ok()?;
        let address = pages.check(address)?.to_string();
        Some(Self { address, is_local: false })
    }

    /// Returns where to send a browser, with the address to return to if it may be.
    ///
    /// Nothing if it is there already: the page itself has to be public, and sending it there once more would never end.
    pub(crate) fn location(&self, original: &Original, allowed: &Pages) -> Option<String> {
        let asked = if self.is_local { original.target.clone() } else { original.address() };
        let own = self.address.split('?').next().unwrap_or_default();
        if asked.split('?').next() == Some(own) {
            return None;
        }
        // What a form sent is lost, so there is no use in coming back to where it was sent to.
        let comes_back = matches!(original.method, Method::GET | Method::HEAD);
        let to = if self.is_local { ReturnTo::local(&asked) } else { allowed.check(&asked) };
        Some(match to.filter(|_| comes_back) {
            Some(to) => with(&self.address, ReturnTo::PARAMETER, to.as_str()),
            None => self.address.clone(),
        })
    }
}

/// Returns an address with one more parameter in its query.
pub(crate) fn with(address: &str, name: &str, value: &str) -> String {
    let glue = if address.contains('?') { '&' } else { '?' };
    let value: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
    format!("{address}{glue}{name}={value}")
}

/// Tells whether a browser goes to a page, and is not asked for something by a script: it says so itself, or, an older
/// one, asks for HTML.
pub(crate) fn is_navigation(headers: &HeaderMap) -> bool {
    let is_going = headers.get(SEC_FETCH_MODE).is_none_or(|mode| mode == "navigate");
    let asks_for_html = |value: &axum::http::HeaderValue| {
        let accepted = value.to_str().unwrap_or_default().split(',');
        accepted.map(|kind| kind.split(';').next().unwrap_or_default().trim()).any(|kind| kind == "text/html")
    };
    is_going && !headers.contains_key(REQUESTED_WITH) && headers.get_all(header::ACCEPT).iter().any(asks_for_html)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward_auth::original::Manner;

    fn location(page: &str, method: &str, target: &str) -> Option<String> {
        let original = Original::new(method, "https", "app.example", target, Manner::Verbatim).ok()?;
        let allowed = Pages::default().allow_return_to("https://app.example").expect("an origin");
        Page::parse(page).expect("a page").location(&original, &allowed)
    }

    #[test]
    fn a_page_is_a_path_or_a_url() {
        for good in ["/sign-in", "/sign-in?a=b", "https://login.example", "https://login.example:8443/x?y=z"] {
            assert!(Page::parse(good).is_some(), "{good}");
        }
        for bad in ["", "sign-in", "//login.example", "/a#b", "ftp://a/", "https://", "https://u@a/", "javascript:x"] {
            assert!(Page::parse(bad).is_none(), "{bad}");
        }
    }

    #[test]
    fn a_browser_comes_back_only_to_where_it_may() {
        let local = location("/sign-in?x=1", "GET", "/cart?a=b&c");
        assert_eq!(local.as_deref(), Some("/sign-in?x=1&return_to=%2Fcart%3Fa%3Db%26c"));
        let url = location("https://login.example/in", "GET", "/cart");
        assert_eq!(url.as_deref(), Some("https://login.example/in?return_to=https%3A%2F%2Fapp.example%2Fcart"));
        assert_eq!(location("/sign-in", "POST", "/cart").as_deref(), Some("/sign-in"));
        assert_eq!(location("/sign-in", "GET", "//evil.example").as_deref(), Some("/sign-in"));
        assert_eq!(location("/sign-in", "GET", "/\\evil.example").as_deref(), Some("/sign-in"));
        assert_eq!(location("/sign-in", "GET", "/sign-in?return_to=%2F"), None, "it would never end");
        assert_eq!(location("https://app.example/in", "GET", "/in?x"), None, "it would never end");

        let other = Original::new("GET", "https", "other.example", "/", Manner::Verbatim).expect("an original");
        let allowed = Pages::default().allow_return_to("https://app.example").expect("an origin");
        let page = Page::parse("https://login.example/in").expect("a page");
        assert_eq!(page.location(&other, &allowed).as_deref(), Some("https://login.example/in"));
    }

    #[test]
    fn scripts_and_programs_do_not_navigate() {
        let says = |pairs: &[(&'static str, &str)]| {
            let pairs =
                pairs.iter().map(|(name, value)| (HeaderName::from_static(name), value.parse().expect("plain")));
            is_navigation(&pairs.collect())
        };
        assert!(says(&[("accept", "text/html,application/xhtml+xml;q=0.9")]));
        assert!(says(&[("accept", "text/html;q=0.9"), ("sec-fetch-mode", "navigate")]));
        assert!(!says(&[("accept", "text/html"), ("sec-fetch-mode", "cors")]));
        assert!(!says(&[("accept", "text/html"), ("x-requested-with", "XMLHttpRequest")]));
        assert!(!says(&[("accept", "*/*")]) && !says(&[]) && !says(&[("sec-fetch-mode", "navigate")]));
    }
}
