use std::borrow::Cow;

use http::{HeaderMap, HeaderName, header};

use super::guard::Suspicion;

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

/// Where a request comes from, as the browser says, and no script can say otherwise.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Source<'a> {
    /// A page of the application.
    SameOrigin,
    /// Nowhere: its user typed the address, or opened a bookmark.
    Navigation,
    /// Somewhere else.
    Other(Suspicion),
    /// A page of this origin; it is for others to say whose that is.
    Origin(Cow<'a, str>),
    /// It does not say.
    Silent,
}

impl<'a> Source<'a> {
    pub(super) fn of(headers: &'a HeaderMap) -> Self {
        let mut sites = headers.get_all(SEC_FETCH_SITE).iter();
        if let Some(site) = sites.next() {
            // Browsers send one: more are somebody's trick.
            return match (site.as_bytes(), sites.next()) {
                (b"same-origin", None) => Self::SameOrigin,
                (b"same-site", None) => Self::Other(Suspicion::SameSite),
                (b"none", None) if headers.get(SEC_FETCH_MODE).is_some_and(|mode| mode == "navigate") => {
                    Self::Navigation
                }
                (b"none", None) => Self::Other(Suspicion::NoSite),
                _ => Self::Other(Suspicion::CrossSite),
            };
        }
        if headers.contains_key(header::ORIGIN) {
            // What is no single origin, such as `null`, is nobody's.
            return Self::Origin(origin_of(headers).unwrap_or_default());
        }
        match headers.get(header::REFERER).map(|referer| referer.to_str().unwrap_or_default()) {
            Some(referer) => Self::Origin(origin_in(referer)),
            None => Self::Silent,
        }
    }
}

/// Returns what the one `Origin` header says, unless it is `null`.
pub(super) fn origin_of(headers: &HeaderMap) -> Option<Cow<'_, str>> {
    let mut origins = headers.get_all(header::ORIGIN).iter();
    let origin = origins.next()?.to_str().ok().filter(|origin| *origin != "null")?;
    origins.next().is_none().then_some(Cow::Borrowed(origin))
}

/// Returns the origin of an address, as browsers write it: a `Referer` has no user in it.
fn origin_in(address: &str) -> Cow<'_, str> {
    let Some((scheme, rest)) = address.split_once("://") else { return Cow::Borrowed("") };
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    Cow::Borrowed(&address[..scheme.len() + 3 + host.len()])
}
