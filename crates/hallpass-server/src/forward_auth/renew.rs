use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::{ConnectInfo, Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use hallpass::http::{Carrier as _, CookieCarrier, ReturnTo};
use hallpass::{Caller, Issued, Sessions, Token};

use super::credentials::{Credentials, the_good_one};
use super::host::Host;
use super::original::FORWARDED_HOST;
use super::{ForwardAuth, caller_at};
use crate::app::App;
use crate::config::CookieConfig;
use crate::wire::{Problem, ProblemJson, RequestId};

/// Where browsers get their next token.
pub(crate) const PATH: &str = "/session/renew";
/// The parameter that says where they came from.
pub(crate) const RETURN: &str = "return";

/// For how long a browser is not sent here again: one that takes no new token would come and go for ever.
const REST: std::time::Duration = std::time::Duration::from_secs(30);

/// Gives a browser its next token and sends it back to where it came from; proxies route this path here.
///
/// What opens no session is left as it is, and sent back too: whoever guards that page says what is to be done.
#[utoipa::path(get, path = "/session/renew", tag = "proxies", operation_id = "renew_on_the_way", security(()), params(
    ("return" = Option<String>, Query, description = "The path and query to go back to, on the same site; `/` if it is none."),
), responses(
    (status = 303, description = "Back, with the next token in a cookie if one was due."),
    (status = 403, description = "`too_many_cookies`", body = ProblemJson<'_>, content_type = "application/problem+json"),
    (status = 503, description = "`unavailable`: the store is away, and nobody is logged out.", body = ProblemJson<'_>, content_type = "application/problem+json"),
))]
pub(crate) async fn renew(State(app): State<Arc<App>>, request: Request) -> Result<Response, Problem> {
    let request_id = request.extensions().get::<RequestId>().ok_or_else(Problem::internal)?;
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| *peer);
    let auth = &app.forward_auth;
    let caller = match auth.caller(peer, request.headers(), request_id) {
        Ok(caller) => caller,
        // A browser may also come by itself, and then it speaks for nobody else.
        Err(_) => caller_at(peer.map(|peer| peer.ip().to_canonical()), request.headers(), request_id),
    };
    let mut response = StatusCode::SEE_OTHER.into_response();
    let back = HeaderValue::try_from(asked_for(request.uri().query())).map_err(|_| Problem::internal())?;
    response.headers_mut().insert(header::LOCATION, back);
    let sessions = auth.realms.at(auth.host(peer, &request).as_ref());
    match next(&app, sessions, request.headers(), &caller).await {
        Ok(issued) => {
            app.carrier.hand_out(response.headers_mut(), &issued.token, issued.max_age);
            auth.marker.hand_out(response.headers_mut(), &Token::new("1".to_owned()), Some(REST));
        }
        Err(problem) if matches!(problem.code(), "inactive" | "locked") => {}
        Err(problem) => return Err(problem),
    }
    Ok(response)
}

async fn next(app: &App, sessions: &Sessions, headers: &HeaderMap, caller: &Caller) -> Result<Issued, Problem> {
    let Credentials::Cookies(texts) = Credentials::of(headers, &app.carrier)? else { return Err(Problem::inactive()) };
    let text = the_good_one(&texts, sessions, caller).await?;
    let issued = sessions.renew(text, caller).await?;
    if !app.carrier.fits(&issued.token) {
        // The browser would drop it without a word, and its user be logged out: the old one is still good.
        return Err(Problem::inactive());
    }
    Ok(issued)
}

/// Returns where a query says to go back to.
fn asked_for(query: Option<&str>) -> String {
    let mut pairs = form_urlencoded::parse(query.unwrap_or_default().as_bytes());
    let asked = pairs.find(|(name, _)| name == RETURN);
    asked.and_then(|(_, address)| return_to(&address)).map_or_else(|| "/".to_owned(), |to| to.to_string())
}

/// Takes an address on the same site to go back to, other than this one.
pub(super) fn return_to(address: &str) -> Option<ReturnTo> {
    let is_own = address.split('?').next() == Some(PATH);
    ReturnTo::local(address).filter(|_| !is_own)
}

/// Returns the cookie that says that a browser was just here.
pub(super) fn marker(config: &CookieConfig) -> CookieCarrier {
    let builder = CookieCarrier::builder();
    let built = if config.danger_plain_http {
        builder.name("hallpass-renewed").danger_plain_http().build()
    } else {
        builder.name("__Host-hallpass-renewed").build()
    };
    built.unwrap_or_default()
}

impl ForwardAuth {
    /// Returns the host whose page a browser comes from: as a believed proxy says, or as the browser itself does.
    fn host(&self, peer: Option<SocketAddr>, request: &Request) -> Option<Host> {
        let (headers, uri) = (request.headers(), request.uri());
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        let is_believed = peer.is_some_and(|peer| self.peers.contain(peer.ip()));
        let forwarded = text(&FORWARDED_HOST).filter(|_| is_believed);
        let asked = forwarded.or_else(|| text(&header::HOST)).or_else(|| uri.authority().map(Authority::as_str));
        asked.and_then(Host::parse)
    }

    pub(super) fn was_just_renewed(&self, headers: &HeaderMap) -> bool {
        !self.marker.read(headers).texts().is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_stays_on_the_site_and_does_not_lead_here() {
        assert_eq!(asked_for(Some("return=%2Fa%3Fb%3Dc")), "/a?b=c");
        for query in [
            "",
            "return=",
            "return=a",
            "return=%2F%2Fevil.example",
            "return=https%3A%2F%2Fevil.example",
            "return=%2F%5Cevil.example",
            "return=%2Fsession%2Frenew",
            "return=%2Fsession%2Frenew%3Freturn%3D%2Fa",
            "return=%2Fa%0d%0ab",
        ] {
            assert_eq!(asked_for(Some(query)), "/", "{query}");
        }
        assert_eq!(asked_for(None), "/");
    }

    #[test]
    fn the_marker_has_a_name_of_its_own() {
        assert_eq!(marker(&CookieConfig::default()).name(), "__Host-hallpass-renewed");
        let plain = CookieConfig { danger_plain_http: true, ..CookieConfig::default() };
        assert_eq!(marker(&plain).name(), "hallpass-renewed");
    }
}
