use std::fmt;

/// Where to go after a sign-in: an address on this site, or on one that is allowed.
///
/// What comes in a query can lead anywhere, and a page that sends people on to wherever it says lends its name to
/// phishing. So it is checked as it comes in, and there is no other way to make one: a path on this site is taken, or an
/// address that begins with an origin that [`Pages`](super::Pages) allow.
///
/// ```
/// use hallpass::http::ReturnTo;
///
/// assert_eq!(ReturnTo::local("/cart?step=2").map(|to| to.to_string()).as_deref(), Some("/cart?step=2"));
/// assert_eq!(ReturnTo::local("//evil.example"), None);
/// assert_eq!(ReturnTo::local("https://evil.example"), None);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnTo(String);

impl ReturnTo {
    /// The name of the parameter in a query that it is looked for in.
    pub const PARAMETER: &'static str = "return_to";
    /// How many bytes it may have.
    pub const LONGEST: usize = 2048;

    /// Takes a path on this site, with a query if it has one; nothing if a browser might take it for anything else.
    pub fn local(address: &str) -> Option<Self> {
        let mut bytes = address.bytes();
        let is_path = bytes.next() == Some(b'/') && bytes.next() != Some(b'/');
        (is_path && is_plain(address)).then(|| Self(address.to_owned()))
    }

    /// Returns the front page.
    pub(super) fn root() -> Self {
        Self("/".to_owned())
    }

    /// Takes an address whose origin is this one, as browsers write it.
    pub(super) fn under(origin: &str, address: &str) -> Option<Self> {
        let rest = address.strip_prefix(origin)?;
        let is_inside = rest.is_empty() || rest.starts_with(['/', '?', '#']);
        (is_inside && is_plain(address)).then(|| Self(address.to_owned()))
    }

    /// Returns the address.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns the path, without the query.
    pub(super) fn path(&self) -> &str {
        self.0.split(['?', '#']).next().unwrap_or_default()
    }
}

/// Tells whether an address has only characters that mean the same to everybody: browsers read `\` as `/`, and leave out
/// tabs and line ends wherever they stand (WHATWG URL, "basic URL parser").
fn is_plain(address: &str) -> bool {
    address.len() <= ReturnTo::LONGEST && address.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

impl fmt::Display for ReturnTo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn only_a_path_of_this_site_is_taken() {
        for address in ["/", "/a", "/a/b?c=d&e=//f#g", "/a//b", "/@evil.example", "/a:b", "/%5cevil.example"] {
            assert_eq!(ReturnTo::local(address).map(|to| to.0).as_deref(), Some(address));
        }
        for address in [
            "",
            "a",
            "//evil.example",
            "/\\evil.example",
            "\\\\evil.example",
            "/a\\b",
            "/\t/evil.example",
            "\t//evil.example",
            "/\n/evil.example",
            " /a",
            "/a b",
            "/é",
            "https://evil.example",
            "https:/a",
            "javascript:alert(1)",
            "?a",
            "#a",
        ] {
            assert_eq!(ReturnTo::local(address), None, "{address:?}");
        }
        assert_eq!(ReturnTo::local(&format!("/{}", "a".repeat(ReturnTo::LONGEST))), None);
    }

    #[test]
    fn an_origin_is_compared_to_its_end() {
        let under = |address| ReturnTo::under("https://app.example", address).is_some();
        for address in
            ["https://app.example", "https://app.example/a?b", "https://app.example?a", "https://app.example#a"]
        {
            assert!(under(address), "{address}");
        }
        for address in [
            "https://app.example.evil.example",
            "https://app.example@evil.example",
            "https://app.example:8443/",
            "https://app.exampl",
            "http://app.example/",
            "https://app.example\\@evil.example",
            "HTTPS://app.example/",
        ] {
            assert!(!under(address), "{address}");
        }
    }

    proptest! {
        #[test]
        fn whatever_is_taken_stays_on_this_site(address in "[/\\\\a.:@?#\\t]{0,8}") {
            if let Some(to) = ReturnTo::local(&address) {
                let base = http::Uri::from_static("https://shop.example/");
                prop_assert!(to.as_str().starts_with('/') && !to.as_str().starts_with("//"));
                prop_assert!(!to.as_str().contains(['\\', '\t']));
                prop_assert!(to.as_str().parse::<http::Uri>().is_ok_and(|uri| uri.host().is_none()), "{}", base);
            }
        }
    }
}
