use std::fmt;

use http::{HeaderMap, HeaderValue, header};

use crate::http::CookieCarrier;
use crate::sessions::{Caller, Issued, NewSession, Sessions, SignIn};
use crate::token::Token;

/// The cookie of a client in a test: it takes what responses set, and gives it to requests, whatever the framework is.
///
/// A test need not go through the application's sign-in: [`Jar::signed_in`] makes a session that has.
///
/// ```
/// use axum::body::Body;
/// use axum::http::{Request, StatusCode, header};
/// use axum::{Router, routing::get};
/// use hallpass::http::{Authenticated, CookieCarrier, SessionLayer};
/// use hallpass::testing::Jar;
/// use hallpass::{MemoryStore, Sessions, Subject};
/// use tower::ServiceExt as _;
///
/// # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
/// let sessions = Sessions::builder().store(MemoryStore::new()).build()?;
/// let app: Router = Router::new()
///     .route("/", get(async |user: Authenticated| user.subject().to_string()))
///     .layer(SessionLayer::new(sessions.clone(), CookieCarrier::default()));
///
/// let mut alice = Jar::signed_in(CookieCarrier::default(), &sessions, Subject::new("alice")?).await;
/// let mut request = Request::get("/").body(Body::empty())?;
/// alice.fill(request.headers_mut());
/// let response = app.oneshot(request).await?;
/// alice.keep(response.headers());
/// assert_eq!(response.status(), StatusCode::OK);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # })?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct Jar {
    carrier: CookieCarrier,
    token: Option<Token>,
}

impl Jar {
    /// Returns a client that has no cookie yet, of an application whose tokens travel by `carrier`.
    pub fn empty(carrier: CookieCarrier) -> Self {
        Self { carrier, token: None }
    }

    /// Returns a client whose user has signed in.
    ///
    /// # Panics
    ///
    /// If the session cannot be made.
    pub async fn signed_in(carrier: CookieCarrier, sessions: &Sessions, sign_in: impl Into<SignIn>) -> Self {
        let mut new = NewSession::anonymous();
        new.sign_in = Some(sign_in.into());
        let Issued { token, .. } = sessions.create(new, &Caller::user()).await.expect("the session is made");
        Self { carrier, token: Some(token) }
    }

    /// Gives the cookie to a request, if there is one.
    ///
    /// # Panics
    ///
    /// If the token is no text that a header can have.
    pub fn fill(&self, request: &mut HeaderMap) {
        if let Some(token) = &self.token {
            let cookie = format!("{}={}", self.carrier.name(), token.expose());
            request.append(header::COOKIE, HeaderValue::try_from(cookie).expect("a token is visible text"));
        }
    }

    /// Takes from a response what it sets or removes.
    pub fn keep(&mut self, response: &HeaderMap) {
        for cookie in response.get_all(header::SET_COOKIE) {
            let pair = cookie.to_str().ok().and_then(|cookie| cookie.split(';').next()?.split_once('='));
            if let Some((_, value)) = pair.filter(|(name, _)| *name == self.carrier.name()) {
                self.token = (!value.is_empty()).then(|| Token::new(value));
            }
        }
    }

    /// Returns the token that the client holds.
    pub fn token(&self) -> Option<&Token> {
        self.token.as_ref()
    }
}

impl fmt::Debug for Jar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jar").field("carrier", &self.carrier).field("token", &self.token).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Carrier as _;

    #[test]
    fn a_jar_keeps_its_own_cookie_until_it_is_removed() {
        let carrier = CookieCarrier::default();
        let mut jar = Jar::empty(carrier.clone());
        let (mut request, mut response) = (HeaderMap::new(), HeaderMap::new());
        jar.fill(&mut request);
        assert!(request.is_empty());
        carrier.hand_out(&mut response, &Token::new("abc"), None);
        response.append(header::SET_COOKIE, HeaderValue::from_static("other=x; Path=/"));
        jar.keep(&response);
        jar.fill(&mut request);
        assert_eq!(request[header::COOKIE], "__Host-sid=abc");
        let mut response = HeaderMap::new();
        carrier.remove(&mut response);
        jar.keep(&response);
        assert!(jar.token().is_none());
    }
}
