use http::{HeaderMap, HeaderName, Method, Uri, header};

use super::return_to::ReturnTo;
use crate::error::Error;

#[cfg(test)]
mod tests;

/// Where people go who are asked to sign in, or to prove once more who they are.
///
/// Programs are told by a [`Problem`](super::Problem) that they have to; a browser that asked for a page is sent to the page
/// where its user can, and comes back from there.
///
/// ```
/// use hallpass::http::Pages;
///
/// let pages = Pages::sign_in_at("/sign-in")?.step_up_at("/confirm")?.allow_return_to("https://app.example")?;
/// assert_eq!(pages.return_to(Some("return_to=%2Fcart")).as_str(), "/cart");
/// assert_eq!(pages.return_to(Some("return_to=https%3A%2F%2Fevil.example")).as_str(), "/");
/// # Ok::<(), hallpass::http::InvalidPages>(())
/// ```
#[derive(Debug, Clone)]
pub struct Pages {
    sign_in: ReturnTo,
    step_up: Option<ReturnTo>,
    home: ReturnTo,
    allowed: Vec<String>,
}

/// The error of naming a page or an origin that is none; says what it is to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidPages(&'static str);

const NO_PATH: InvalidPages = InvalidPages("a page is a path on this site, such as `/sign-in`");
const SEC_FETCH_MODE: HeaderName = HeaderName::from_static("sec-fetch-mode");

impl Pages {
    /// Sends people to `path` to sign in, and on to `/` if they came from nowhere.
    ///
    /// # Errors
    ///
    /// [`InvalidPages`] if it is no path on this site.
    pub fn sign_in_at(path: &str) -> Result<Self, InvalidPages> {
        let sign_in = ReturnTo::local(path).ok_or(NO_PATH)?;
        Ok(Self { sign_in, step_up: None, home: ReturnTo::root(), allowed: Vec::new() })
    }

    /// Sends people to `path`, and not to the sign-in, who have signed in and have to prove it once more: their session is
    /// locked, or a fresh or stronger proof is demanded.
    ///
    /// # Errors
    ///
    /// [`InvalidPages`] if it is no path on this site.
    pub fn step_up_at(self, path: &str) -> Result<Self, InvalidPages> {
        Ok(Self { step_up: Some(ReturnTo::local(path).ok_or(NO_PATH)?), ..self })
    }

    /// Sends people to `path` who came from nowhere.
    ///
    /// # Errors
    ///
    /// [`InvalidPages`] if it is no path on this site.
    pub fn home_at(self, path: &str) -> Result<Self, InvalidPages> {
        Ok(Self { home: ReturnTo::local(path).ok_or(NO_PATH)?, ..self })
    }

    /// Lets people go on to another site of yours after the sign-in, such as `https://app.example`.
    ///
    /// # Errors
    ///
    /// [`InvalidPages`] if it is no origin: a scheme, `://`, and a host, with a port if it is not the scheme's own.
    pub fn allow_return_to(mut self, origin: &str) -> Result<Self, InvalidPages> {
        if !is_origin(origin) {
            return Err(InvalidPages("an origin is such as `https://app.example`, without a path"));
        }
        self.allowed.push(origin.to_owned());
        Ok(self)
    }

    /// Returns where to go after a sign-in, from the query of its page: where the browser came from, if that is allowed,
    /// and else home.
    pub fn return_to(&self, query: Option<&str>) -> ReturnTo {
        let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
        let asked = pairs.find(|(name, _)| name == ReturnTo::PARAMETER);
        asked.and_then(|(_, address)| self.check(&address)).unwrap_or_else(|| self.home.clone())
    }

    /// Takes an address to return to if it is allowed, and would not ask for a sign-in over and over.
    pub fn check(&self, address: &str) -> Option<ReturnTo> {
        let mut allowed = self.allowed.iter();
        let to = ReturnTo::local(address).or_else(|| allowed.find_map(|origin| ReturnTo::under(origin, address)))?;
        let own = [Some(&self.sign_in), self.step_up.as_ref()];
        (!own.into_iter().flatten().any(|page| page.path() == to.path())).then_some(to)
    }

    /// Returns where to send a browser whose user can do something about an error; nothing if it is no such error, or the
    /// request is not a navigation of somebody who looks at a page.
    pub fn redirect(&self, error: &Error, method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<String> {
        let page = if error.is_inactive() {
            &self.sign_in
        } else if error.is_locked() || error.is_step_up_required() {
            self.step_up.as_ref().unwrap_or(&self.sign_in)
        } else {
            return None;
        };
        if !is_navigation(headers) {
            return None;
        }
        // What a form sent is lost, so there is no use in coming back to where it was sent to.
        let came_from = uri.path_and_query().filter(|_| matches!(*method, Method::GET | Method::HEAD));
        Some(match came_from.and_then(|address| self.check(address.as_str())) {
            Some(to) => {
                let glue = if page.as_str().contains('?') { '&' } else { '?' };
                let to: String = form_urlencoded::byte_serialize(to.as_str().as_bytes()).collect();
                format!("{page}{glue}{}={to}", ReturnTo::PARAMETER)
            }
            None => page.to_string(),
        })
    }
}

/// Without a page to sign in at, and with `/` as home.
impl Default for Pages {
    fn default() -> Self {
        let home = ReturnTo::root();
        Self { sign_in: home.clone(), step_up: None, home, allowed: Vec::new() }
    }
}

/// Tells whether a browser goes to a page, and is not asked for something by a script: it says so itself, or, an older
/// one, asks for HTML.
fn is_navigation(headers: &HeaderMap) -> bool {
    let is_going = headers.get(SEC_FETCH_MODE).is_none_or(|mode| mode == "navigate");
    let asks_for_html = |value: &http::HeaderValue| {
        let accepted = value.to_str().unwrap_or_default().split(',');
        accepted.map(|kind| kind.split(';').next().unwrap_or_default().trim()).any(|kind| kind == "text/html")
    };
    is_going && headers.get_all(header::ACCEPT).iter().any(asks_for_html)
}

/// Tells whether browsers would write an origin so.
pub(super) fn is_origin(text: &str) -> bool {
    let Some((scheme, host)) = text.split_once("://") else { return false };
    let default_port = if scheme == "https" { ":443" } else { ":80" };
    matches!(scheme, "http" | "https")
        && (1..=260).contains(&host.len())
        && host.bytes().all(|byte| {
            byte.is_ascii_lowercase()
                || byte.is_ascii_digit()
                || matches!(byte, b'-' | b'.' | b':' | b'[' | b']' | b'_')
        })
        && !host.ends_with(default_port)
        && !host.ends_with(':')
}
