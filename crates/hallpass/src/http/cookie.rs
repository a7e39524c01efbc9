use std::fmt::Write as _;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::carrier::{Carrier, Presented};
use crate::token::Token;

#[cfg(test)]
mod tests;

const CLEAR_SITE_DATA: HeaderName = HeaderName::from_static("clear-site-data");

/// Which requests from other sites a cookie goes with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum SameSite {
    /// None at all: somebody who follows a link to the site is signed out on the first page.
    Strict,
    /// Those that only navigate to the site.
    #[default]
    Lax,
    /// All: for sites that are shown inside of others.
    None,
}

/// What a browser is asked to forget of the site at a logout (`Clear-Site-Data`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum SiteData {
    /// The pages and files of this origin that it keeps, also for its back button.
    Cache,
    /// What scripts of this origin keep: local and session storage, databases, service workers.
    Storage,
    /// All cookies, also those of every other host of the registrable domain (`LGO-4`).
    CookiesOfTheWholeDomain,
}

/// Carries the token in a cookie.
///
/// By default it is `__Host-sid` with `Secure`, `HttpOnly`, `SameSite=Lax` and `Path=/` and no `Domain` (`CKA-1` to
/// `CKA-5`, `CKP-1`): browsers then neither show it to scripts, nor send it over plain HTTP, nor let a sibling domain
/// plant it. At a logout the browser is asked to forget what it keeps of the origin, cookies apart (`LGO-3`).
///
/// ```
/// use hallpass::http::CookieCarrier;
///
/// // Scripts can write neither this cookie nor one beside it (RFC 6265bis), where browsers know the prefix.
/// let carrier = CookieCarrier::builder().name("__Host-Http-shop").build()?;
/// assert_eq!(carrier.name(), "__Host-Http-shop");
/// # Ok::<(), hallpass::http::InvalidCookie>(())
/// ```
#[derive(Debug, Clone)]
pub struct CookieCarrier {
    name: String,
    /// Everything behind the value.
    attributes: String,
    longest_header: usize,
    clear_at_logout: Option<HeaderValue>,
}

/// The error of building a [`CookieCarrier`] that browsers would not accept, or would accept from others; says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidCookie(&'static str);

/// Builds a [`CookieCarrier`].
#[derive(Debug, Clone)]
#[must_use]
pub struct CookieBuilder {
    name: String,
    same_site: SameSite,
    path: String,
    domain: Option<String>,
    is_secure: bool,
    is_partitioned: bool,
    longest_header: usize,
    clear_at_logout: Vec<SiteData>,
}

impl CookieCarrier {
    /// How many bytes of cookies a request may bring by default: 8 KiB (`CKT-5`).
    pub const DEFAULT_LONGEST_HEADER: usize = 8 << 10;
    /// The most that can be allowed, in bytes: 64 KiB.
    pub const MOST_LONGEST_HEADER: usize = 64 << 10;
    /// How many cookies a request may bring (`CKT-5`).
    pub const MOST_COOKIES: usize = 64;
    /// What browsers keep of a cookie's name and value together, in bytes; a longer one they drop (`CKA-7`).
    pub const LONGEST: usize = 4096;

    /// Starts from the defaults.
    pub fn builder() -> CookieBuilder {
        CookieBuilder {
            name: "__Host-sid".to_owned(),
            same_site: SameSite::Lax,
            path: "/".to_owned(),
            domain: None,
            is_secure: true,
            is_partitioned: false,
            longest_header: Self::DEFAULT_LONGEST_HEADER,
            clear_at_logout: vec![SiteData::Cache, SiteData::Storage],
        }
    }

    /// Returns the carrier for development over plain `http://localhost`: a cookie named `sid`, without `Secure`.
    ///
    /// # Security
    ///
    /// Anybody on the way sees the cookie. For loopback only.
    pub fn danger_plain_http() -> Self {
        Self::builder().name("sid").danger_plain_http().assemble()
    }

    /// Returns the name of the cookie.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the value of a `Set-Cookie` header that has the client hold `token`.
    pub fn set_cookie(&self, token: &Token, max_age: Option<Duration>) -> Token {
        let mut text = String::with_capacity(self.name.len() + token.expose().len() + self.attributes.len() + 24);
        text.push_str(&self.name);
        text.push('=');
        text.push_str(token.expose());
        text.push_str(&self.attributes);
        if let Some(max_age) = max_age {
            // Browsers take 400 days at the most (RFC 6265bis section 5.5).
            let _ = write!(text, "; Max-Age={}", max_age.as_secs().min(400 * 86_400));
        }
        Token::new(text)
    }

    /// Returns the value of a `Set-Cookie` header that has the client forget the token, with every attribute that it was
    /// set with.
    pub fn removal_cookie(&self) -> String {
        format!("{}={}; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT", self.name, self.attributes)
    }

    /// Adds the values of this cookie in one header: what follows `name=` at the start or behind a semicolon. Answers how
    /// many more cookies the request may bring, or nothing if there were too many.
    fn scan<'a>(&self, header: &'a [u8], most: usize, presented: &mut Presented<'a>) -> Option<usize> {
        let mut rest = header;
        for left in (0..most).rev() {
            let end = memchr::memchr(b';', rest).unwrap_or(rest.len());
            let (pair, behind) = rest.split_at(end);
            let value = pair.trim_ascii_start().strip_prefix(self.name.as_bytes());
            if let Some(value) = value.and_then(|value| value.strip_prefix(b"=")) {
                presented.push(unquote(value.trim_ascii()));
            }
            let Some(next) = behind.get(1..) else { return Some(left) };
            rest = next;
        }
        None
    }
}

fn unquote(value: &[u8]) -> &[u8] {
    value.strip_prefix(b"\"").and_then(|rest| rest.strip_suffix(b"\"")).unwrap_or(value)
}

impl Default for CookieCarrier {
    fn default() -> Self {
        Self::builder().assemble()
    }
}

impl Carrier for CookieCarrier {
    fn read<'a>(&self, request: &'a HeaderMap) -> Presented<'a> {
        let mut presented = Presented::default();
        let (mut bytes, mut cookies) = (self.longest_header, Self::MOST_COOKIES);
        for value in request.get_all(header::COOKIE) {
            let left = bytes.checked_sub(value.len()).zip(self.scan(value.as_bytes(), cookies, &mut presented));
            let Some(left) = left else { return Presented::oversized() };
            (bytes, cookies) = left;
        }
        presented
    }

    fn place(&self) -> Option<&str> {
        Some(&self.name)
    }

    fn fits(&self, token: &Token) -> bool {
        self.name.len() + token.expose().len() <= Self::LONGEST
    }

    fn hand_out(&self, response: &mut HeaderMap, token: &Token, max_age: Option<Duration>) {
        if let Ok(mut value) = HeaderValue::from_str(self.set_cookie(token, max_age).expose()) {
            value.set_sensitive(true);
            response.append(header::SET_COOKIE, value);
        }
    }

    fn remove(&self, response: &mut HeaderMap) {
        if let Ok(value) = HeaderValue::from_str(&self.removal_cookie()) {
            response.append(header::SET_COOKIE, value);
        }
        if let Some(what) = &self.clear_at_logout {
            response.entry(CLEAR_SITE_DATA).or_insert_with(|| what.clone());
        }
    }

    fn varies_by(&self) -> HeaderName {
        header::COOKIE
    }
}

impl CookieBuilder {
    /// Names the cookie: 1 to 64 letters, digits, `-`, `_` or `.`, beginning with `__Host-`, `__Host-Http-`, or, if it has
    /// a domain or another path, `__Secure-` or `__Http-`.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = name.into();
        self
    }

    /// Chooses which requests from other sites the cookie goes with.
    pub fn same_site(mut self, same_site: SameSite) -> Self {
        self.same_site = same_site;
        self
    }

    /// Keeps the cookie to one part of the site, such as `/admin`; its name then begins with `__Secure-`.
    pub fn path(mut self, path: impl Into<String>) -> Self {
        self.path = path.into();
        self
    }

    /// Keeps a cookie with [`SameSite::None`] apart for each site that it is embedded in (CHIPS).
    pub fn partitioned(mut self) -> Self {
        self.is_partitioned = true;
        self
    }

    /// Shares the cookie with every subdomain of `domain`.
    ///
    /// # Security
    ///
    /// Each of them can read and plant it (`CKA-5`).
    pub fn danger_shared_with_subdomains_of(mut self, domain: impl Into<String>) -> Self {
        self.domain = Some(domain.into());
        self
    }

    /// Has the browser send the cookie over plain HTTP, for development on `http://localhost`; its name then has no
    /// prefix.
    ///
    /// # Security
    ///
    /// Anybody on the way sees the cookie, and can plant one. For loopback only.
    pub fn danger_plain_http(mut self) -> Self {
        self.is_secure = false;
        self
    }

    /// Chooses what the browser is asked to forget at a logout, besides the cookie itself: [`SiteData::Cache`] and
    /// [`SiteData::Storage`] if nobody says else. Browsers heed it over HTTPS only, and it is not sent for a cookie over
    /// plain HTTP.
    pub fn clear_at_logout(mut self, what: impl IntoIterator<Item = SiteData>) -> Self {
        self.clear_at_logout = what.into_iter().collect();
        self
    }

    /// Sets how many bytes of cookies a request may bring, this one and all others: 4 KiB to 64 KiB. One that brings more,
    /// or more than 64 cookies, is refused (431) where it asks for its session, since a part of a jar says nothing.
    pub fn longest_header(mut self, bytes: usize) -> Self {
        self.longest_header = bytes;
        self
    }

    /// Builds the carrier.
    ///
    /// # Errors
    ///
    /// [`InvalidCookie`] if a name, path or domain has characters that it may not have, or if the attributes are not those
    /// that the name's prefix promises: browsers would refuse the cookie.
    pub fn build(self) -> Result<CookieCarrier, InvalidCookie> {
        let is_word = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        let lower = self.name.to_ascii_lowercase();
        let is_host = lower.starts_with("__host-");
        let has_prefix = is_host || lower.starts_with("__secure-") || lower.starts_with("__http-");
        let is_narrow = self.domain.is_none() && self.path == "/";
        let path_is_bad = !self.path.starts_with('/')
            || self.path.len() > 1024
            || !self.path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';');
        let broken = [
            (
                self.name.is_empty() || self.name.len() > 64 || !self.name.bytes().all(is_word),
                "a cookie name is 1 to 64 letters, digits, `-`, `_` or `.`",
            ),
            (
                !has_prefix && self.is_secure,
                "a session cookie's name begins with `__Host-` or `__Host-Http-`; with a domain or another path, with `__Secure-` or `__Http-`",
            ),
            (
                has_prefix && !self.is_secure,
                "browsers drop a cookie with such a prefix over plain HTTP: name it without, such as `sid`",
            ),
            (is_host && !is_narrow, "a `__Host-` cookie has the path `/` and no domain: name it `__Secure-...`"),
            (path_is_bad, "a cookie path begins with `/` and has no `;`, spaces or control characters"),
            (
                self.domain.as_deref().is_some_and(|domain| !is_domain(domain)),
                "a cookie domain is a host name with a dot inside, and no address: browsers drop others",
            ),
            (
                self.is_partitioned && self.same_site != SameSite::None,
                "only a cookie with `SameSite=None` needs to be partitioned",
            ),
            (
                self.same_site == SameSite::None && !self.is_secure,
                "browsers drop a cookie with `SameSite=None` over plain HTTP",
            ),
            (
                !(CookieCarrier::LONGEST..=CookieCarrier::MOST_LONGEST_HEADER).contains(&self.longest_header),
                "a request may bring 4 KiB to 64 KiB of cookies",
            ),
        ];
        match broken.into_iter().find(|(is_broken, _)| *is_broken) {
            Some((_, rule)) => Err(InvalidCookie(rule)),
            None => Ok(self.assemble()),
        }
    }

    fn assemble(self) -> CookieCarrier {
        let mut attributes = format!("; Path={}", self.path);
        if let Some(domain) = &self.domain {
            let _ = write!(attributes, "; Domain={domain}");
        }
        if self.is_secure {
            attributes.push_str("; Secure");
        }
        attributes.push_str("; HttpOnly");
        attributes.push_str(match self.same_site {
            SameSite::Strict => "; SameSite=Strict",
            SameSite::Lax => "; SameSite=Lax",
            SameSite::None => "; SameSite=None",
        });
        if self.is_partitioned {
            attributes.push_str("; Partitioned");
        }
        let clear_at_logout = clear_site_data(&self.clear_at_logout).filter(|_| self.is_secure);
        CookieCarrier { name: self.name, attributes, longest_header: self.longest_header, clear_at_logout }
    }
}

/// Tells whether browsers take it for a domain that has subdomains: no single label, which is a public suffix, and no
/// address.
fn is_domain(domain: &str) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    domain.len() <= 253
        && domain.contains('.')
        && domain.split('.').all(is_label)
        && !domain.ends_with(|last: char| last.is_ascii_digit())
}

/// Returns the header that asks for it: quoted words, since browsers ignore others (`LGO-3`).
fn clear_site_data(what: &[SiteData]) -> Option<HeaderValue> {
    let words = [
        (SiteData::Cache, "\"cache\""),
        (SiteData::CookiesOfTheWholeDomain, "\"cookies\""),
        (SiteData::Storage, "\"storage\""),
    ];
    let asked: Vec<_> = words.iter().filter(|(kind, _)| what.contains(kind)).map(|(_, word)| *word).collect();
    if asked.is_empty() { None } else { HeaderValue::from_str(&asked.join(", ")).ok() }
}
