use http::{HeaderMap, HeaderValue, Method, Uri, header};

use super::builder::CsrfBuilder;
use super::source::{Source, origin_of};
use crate::event::EventKind;
use crate::http::{ClientAddress, Exchange, Problem};

/// Tells requests of the application's own pages from those that another site had a browser send.
///
/// Browsers say themselves where a request comes from (`Sec-Fetch-Site`), and older ones by `Origin` or `Referer`; that is
/// enough for requests that would change something. Who says nothing at all has to bring a
/// [form token](crate::Session::form_token). It is a pure decision; [`CsrfLayer`](super::CsrfLayer) carries it out for axum.
///
/// ```
/// use hallpass::http::{CsrfGuard, Judgement};
/// use http::{HeaderMap, Method, Uri};
///
/// let guard = CsrfGuard::builder().origin("https://shop.example").build()?;
/// let judge = |site: &str| {
///     let headers = HeaderMap::from_iter([("sec-fetch-site".parse().unwrap(), site.parse().unwrap())]);
///     guard.judge(&Method::POST, &Uri::from_static("/buy"), &headers)
/// };
/// assert_eq!(judge("same-origin"), Judgement::Pass);
/// assert!(matches!(judge("cross-site"), Judgement::Block(_)));
/// # Ok::<(), hallpass::http::InvalidCsrf>(())
/// ```
#[derive(Debug, Clone, Default)]
#[allow(clippy::struct_excessive_bools)] // each is an independent yes or no
pub struct CsrfGuard {
    pub(super) own: Vec<String>,
    pub(super) trusted: Vec<String>,
    pub(super) exempt: Paths,
    pub(super) checked_reads: Paths,
    pub(super) json_only: Paths,
    pub(super) requires_tokens: bool,
    pub(super) refuses_silent: bool,
    pub(super) only_logs: bool,
}

/// What is to be done with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It is let through.
    Pass,
    /// It is let through with a form token of its session, and else refused.
    Prove(Suspicion),
    /// It is refused.
    Block(Suspicion),
}

/// What is wrong with a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Suspicion {
    /// The browser says that another site sent it.
    CrossSite,
    /// The browser says that another origin of the same site sent it.
    SameSite,
    /// The browser says that its user sent it, which is believed of navigations only.
    NoSite,
    /// Its origin is not ours.
    ForeignOrigin,
    /// It does not say where it comes from.
    Silent,
    /// It has no form token, or one of another session.
    WithoutToken,
    /// Any site's form could have sent it to what takes JSON only.
    SimpleContent,
}

impl Suspicion {
    /// Returns the word for it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CrossSite => "cross_site",
            Self::SameSite => "same_site",
            Self::NoSite => "no_site",
            Self::ForeignOrigin => "foreign_origin",
            Self::Silent => "silent",
            Self::WithoutToken => "without_token",
            Self::SimpleContent => "simple_content",
        }
    }
}

/// Paths, each exact, or, where it ends with `/`, everything under it.
#[derive(Debug, Clone, Default)]
pub(super) struct Paths(pub(super) Vec<String>);

impl Paths {
    fn contain(&self, path: &str) -> bool {
        self.0.iter().any(|known| if known.ends_with('/') { path.starts_with(&**known) } else { path == known })
    }
}

impl CsrfGuard {
    /// The response headers' names that a checked response depends on, for `Vary`.
    pub const VARY: HeaderValue = HeaderValue::from_static("sec-fetch-site, sec-fetch-mode, origin");

    /// Starts from the strictest settings.
    pub fn builder() -> CsrfBuilder {
        CsrfBuilder::default()
    }

    /// Judges a request by its head.
    pub fn judge(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Judgement {
        if !self.checks(method, uri, headers) {
            return Judgement::Pass;
        }
        let suspicion = match Source::of(headers) {
            Source::SameOrigin | Source::Navigation => None,
            Source::Other(suspicion) => (!self.is_trusted(headers)).then_some(suspicion),
            Source::Origin(origin) => {
                let is_known = self.is_own(&origin, uri, headers) || self.trusted.iter().any(|known| *known == *origin);
                (!is_known).then_some(Suspicion::ForeignOrigin)
            }
            Source::Silent if self.refuses_silent => Some(Suspicion::Silent),
            Source::Silent => return Judgement::Prove(Suspicion::Silent),
        };
        match suspicion {
            Some(suspicion) => Judgement::Block(suspicion),
            None if self.requires_tokens => Judgement::Prove(Suspicion::WithoutToken),
            None if self.json_only.contain(uri.path()) && is_simple(headers) => {
                Judgement::Prove(Suspicion::SimpleContent)
            }
            None => Judgement::Pass,
        }
    }

    /// Tells whether a request is checked at all, and its response depends on where it comes from.
    pub fn checks(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> bool {
        let path = uri.path();
        let is_read = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE);
        // A path with detours in it may be another one to whoever comes after.
        let is_exempt = self.exempt.contain(path) && !has_detours(path);
        !is_exempt && (!is_read || is_upgrade(headers) || self.checked_reads.contain(path))
    }

    /// Tells whether it only tells what it would refuse.
    pub fn is_log_only(&self) -> bool {
        self.only_logs
    }

    /// Tells of a request that something speaks against, in an event of its exchange; answers whether it is refused.
    pub fn tell(
        &self,
        exchange: Option<&Exchange>,
        suspicion: Suspicion,
        request: &HeaderMap,
        address: Option<ClientAddress>,
    ) -> bool {
        let word = suspicion.as_str();
        let note = if self.only_logs { format!("{word}, let through") } else { word.to_owned() };
        if let Some(exchange) = exchange {
            exchange.report(EventKind::CsrfBlocked, &note, request, address);
        } else {
            tracing::warn!(suspicion = note, "a request did not come from the application's own pages");
        }
        !self.only_logs
    }

    /// Returns what a refused client is told.
    pub fn problem() -> Problem {
        Problem::new(
            http::StatusCode::FORBIDDEN,
            "csrf_blocked",
            "This did not come from a page of this application. Open the page and send it from there.",
        )
    }

    /// Takes back that a response lets pages of other origins read what is for one client only, unless they are named here
    /// (`CSF-10`); answers whether it did.
    pub fn tame_cors(&self, response: &mut HeaderMap) -> bool {
        let with_credentials = response.get(header::ACCESS_CONTROL_ALLOW_CREDENTIALS).is_some();
        let is_known =
            |origin: &HeaderValue| self.own.iter().chain(&self.trusted).any(|known| origin == known.as_str());
        let allowed = response.get(header::ACCESS_CONTROL_ALLOW_ORIGIN);
        let is_wild = with_credentials && allowed.is_some_and(|origin| !is_known(origin));
        if is_wild {
            tracing::error!(
                "a response lets pages of any origin read what is for one client: name the origins that may, with `CsrfBuilder::trust`"
            );
        }
        if is_wild && !self.only_logs {
            response.remove(header::ACCESS_CONTROL_ALLOW_CREDENTIALS);
        }
        is_wild
    }

    fn is_trusted(&self, headers: &HeaderMap) -> bool {
        origin_of(headers).is_some_and(|origin| self.trusted.iter().any(|known| *known == *origin))
    }

    fn is_own(&self, origin: &str, uri: &Uri, headers: &HeaderMap) -> bool {
        if !self.own.is_empty() {
            return self.own.iter().any(|own| own == origin);
        }
        let said = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let Some(host) = uri.authority().map(http::uri::Authority::as_str).or(said) else { return false };
        let Some((scheme, theirs)) = origin.split_once("://") else { return false };
        match scheme {
            "https" => theirs.eq_ignore_ascii_case(host.strip_suffix(":443").unwrap_or(host)),
            "http" => theirs.eq_ignore_ascii_case(host) && is_loopback(host),
            _ => false,
        }
    }
}

/// A web socket is opened by a GET, and then changes whatever it likes (`CSF-11`).
fn is_upgrade(headers: &HeaderMap) -> bool {
    headers.contains_key(header::UPGRADE)
}

fn has_detours(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    ["//", "/.", "%2e", "%2f", "%5c", "\\"].iter().any(|detour| lower.contains(detour))
}

/// Tells whether a form of any site can send such a body without the browser asking first (Fetch, "CORS-safelisted
/// request-header").
fn is_simple(headers: &HeaderMap) -> bool {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return true };
    let essence = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    matches!(&*essence, "" | "application/x-www-form-urlencoded" | "multipart/form-data" | "text/plain")
}

fn is_loopback(host: &str) -> bool {
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    name.eq_ignore_ascii_case("localhost")
        || name.to_ascii_lowercase().ends_with(".localhost")
        || name == "[::1]"
        || name.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
}
