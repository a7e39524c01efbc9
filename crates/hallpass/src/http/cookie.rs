use std::fmt::Write as _;
use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::carrier::{Carrier, Presented};
use crate::token::Token;

#[cfg(test)]
mod tests;

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

/// Carries the token in a cookie.
///
/// By default it is `__Host-sid` with `Secure`, `HttpOnly`, `SameSite=Lax` and `Path=/` and no `Domain` (`CKA-1` to
/// `CKA-5`, `CKP-1`): browsers then neither show it to scripts, nor send it over plain HTTP, nor let a sibling domain
/// plant it.
///
/// ```
/// use hallpass::http::CookieCarrier;
///
/// let carrier = CookieCarrier::builder().name("__Host-shop").build()?;
/// assert_eq!(carrier.name(), "__Host-shop");
/// # Ok::<(), hallpass::http::InvalidCookie>(())
/// ```
#[derive(Debug, Clone)]
pub struct CookieCarrier {
    name: String,
    /// Everything behind the value.
    attributes: String,
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
}

impl CookieCarrier {
    /// How far into a `Cookie` header a token is looked for, in bytes; browsers send far less.
    pub const LONGEST_HEADER: usize = 64 << 10;

    /// Starts from the defaults.
    pub fn builder() -> CookieBuilder {
        CookieBuilder {
            name: "__Host-sid".to_owned(),
            same_site: SameSite::Lax,
            path: "/".to_owned(),
            domain: None,
            is_secure: true,
            is_partitioned: false,
        }
    }

    /// Returns the carrier for development over plain `http://localhost`: a cookie named `sid`, without `Secure`.
    ///
    /// # Security
    ///
    /// Anybody on the way sees the cookie. For loopback only.
    pub fn danger_plain_http() -> Self {
        let builder = CookieBuilder { name: "sid".to_owned(), is_secure: false, ..Self::builder() };
        builder.assemble()
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

    /// Adds the values of this cookie in one header: what follows `name=` at the start or behind a semicolon.
    fn scan<'a>(&self, header: &'a [u8], presented: &mut Presented<'a>) {
        let mut rest = &header[..header.len().min(Self::LONGEST_HEADER)];
        loop {
            let end = memchr::memchr(b';', rest).unwrap_or(rest.len());
            let (pair, behind) = rest.split_at(end);
            let value = pair.trim_ascii_start().strip_prefix(self.name.as_bytes());
            if let Some(value) = value.and_then(|value| value.strip_prefix(b"=")) {
                presented.push(unquote(value.trim_ascii()));
            }
            let Some(next) = behind.get(1..) else { return };
            rest = next;
        }
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
        for value in request.get_all(header::COOKIE) {
            self.scan(value.as_bytes(), &mut presented);
        }
        presented
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
        let domain_is_bad = |domain: &str| domain.is_empty() || !domain.bytes().all(is_word);
        let path_is_bad = !self.path.starts_with('/')
            || self.path.len() > 1024
            || !self.path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b';');
        let broken = [
            (
                self.name.is_empty() || self.name.len() > 64 || !self.name.bytes().all(is_word),
                "a cookie name is 1 to 64 letters, digits, `-`, `_` or `.`",
            ),
            (!has_prefix, "a session cookie's name begins with `__Host-` or `__Secure-`"),
            (is_host && !is_narrow, "a `__Host-` cookie has the path `/` and no domain: name it `__Secure-...`"),
            (path_is_bad, "a cookie path begins with `/` and has no `;`, spaces or control characters"),
            (self.domain.as_deref().is_some_and(domain_is_bad), "a cookie domain is a host name"),
            (
                self.is_partitioned && self.same_site != SameSite::None,
                "only a cookie with `SameSite=None` needs to be partitioned",
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
        CookieCarrier { name: self.name, attributes }
    }
}
