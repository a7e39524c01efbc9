use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::judge::Admitted;
use super::original::{Manner, Original};
use super::page::{is_navigation, with};
use super::{ForwardAuth, renew};
use crate::wire::Problem;

/// Why a request was refused, as a word: programs behind a proxy have no other way to know.
const REASON: HeaderName = HeaderName::from_static("hallpass-reason");
/// How many headers an answer has at most, with those of every answer: the map is made once, instead of growing twice.
const MOST_HEADERS: usize = 14;
/// What Envoy takes away from the request before it passes it on.
pub(super) const REMOVE: HeaderName = HeaderName::from_static("x-envoy-auth-headers-to-remove");

impl ForwardAuth {
    /// Tells a proxy what was found, in the way that it understands.
    pub(super) fn answer(
        &self,
        original: &Original,
        headers: &HeaderMap,
        judged: Result<Admitted, Problem>,
    ) -> Response {
        match judged {
            Ok(admitted) => match self.detour(original, headers, &admitted) {
                Some(location) => {
                    let detail = "The token is due for renewal: follow the redirect.";
                    let problem = Problem::new(StatusCode::UNAUTHORIZED, "renewal_due", detail);
                    send(original, &location, problem)
                }
                None => self.let_in(original.manner, &admitted),
            },
            Err(problem) => match self.page(original, headers, &problem) {
                Some(location) => send(original, &location, problem),
                None => refuse(problem),
            },
        }
    }

    fn let_in(&self, manner: Manner, admitted: &Admitted) -> Response {
        let mut response = StatusCode::OK.into_response();
        let names = self.config.identity;
        response.headers_mut().reserve(MOST_HEADERS);
        // All of them, also those that are empty: what is not written over might be the client's own.
        response.headers_mut().extend(admitted.identity.headers(names));
        if manner == Manner::Envoy
            && let Ok(others) = HeaderValue::try_from(names.other_spellings().join(","))
        {
            response.headers_mut().insert(REMOVE, others);
        }
        response
    }

    /// Returns where a browser gets its next token before it goes on, if it is time.
    fn detour(&self, original: &Original, headers: &HeaderMap, admitted: &Admitted) -> Option<String> {
        let goes = admitted.renewal_due
            && self.config.renewal
            && original.method == Method::GET
            && is_navigation(headers)
            && !self.was_just_renewed(headers);
        let to = renew::return_to(&original.target).filter(|_| goes)?;
        Some(with(renew::PATH, renew::RETURN, to.as_str()))
    }

    /// Returns where the user of a browser can do something about a problem, if there is such a page.
    pub(super) fn page(&self, original: &Original, headers: &HeaderMap, problem: &Problem) -> Option<String> {
        let page = match problem.code() {
            "inactive" => self.sign_in.as_ref(),
            "locked" | "step_up_required" => self.step_up.as_ref(),
            _ => None,
        };
        page.filter(|_| is_navigation(headers))?.location(original, &self.allowed)
    }
}

/// Sends a browser elsewhere. nginx hands on no redirect: there it stands in a header beside the status.
fn send(original: &Original, location: &str, problem: Problem) -> Response {
    let Ok(location) = HeaderValue::try_from(location) else { return refuse(problem) };
    let mut response = match original.manner {
        Manner::Nginx => refuse(problem),
        // Whatever was sent is not to be sent there once more.
        Manner::Verbatim | Manner::Envoy => match original.method {
            Method::GET | Method::HEAD => StatusCode::FOUND.into_response(),
            _ => StatusCode::SEE_OTHER.into_response(),
        },
    };
    response.headers_mut().insert(header::LOCATION, location);
    response
}

pub(super) fn refuse(problem: Problem) -> Response {
    let code = problem.code();
    let mut response = problem.into_response();
    response.headers_mut().insert(REASON, HeaderValue::from_static(code));
    response
}
