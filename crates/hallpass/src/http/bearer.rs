use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::carrier::{Carrier, Presented};
use crate::token::Token;

/// Carries the token as `Authorization: Bearer` (RFC 6750), for clients that are no browsers.
///
/// A new token is handed out in the response header `session-token`; when it is removed, that header is empty.
#[derive(Debug, Clone, Copy, Default)]
pub struct BearerCarrier;

const SESSION_TOKEN: HeaderName = HeaderName::from_static("session-token");

impl Carrier for BearerCarrier {
    fn read<'a>(&self, request: &'a HeaderMap) -> Presented<'a> {
        let mut presented = Presented::default();
        for value in request.get_all(header::AUTHORIZATION) {
            let text = value.to_str().ok().and_then(|text| text.split_once(' '));
            if let Some((_, token)) = text.filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer")) {
                presented.push(token.trim_start_matches(' '));
            }
        }
        presented
    }

    fn hand_out(&self, response: &mut HeaderMap, token: &Token, _: Option<Duration>) {
        if let Ok(mut value) = HeaderValue::from_str(token.expose()) {
            value.set_sensitive(true);
            response.insert(SESSION_TOKEN, value);
        }
    }

    fn remove(&self, response: &mut HeaderMap) {
        response.insert(SESSION_TOKEN, HeaderValue::from_static(""));
    }

    fn varies_by(&self) -> HeaderName {
        header::AUTHORIZATION
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&str]) -> Vec<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::AUTHORIZATION, HeaderValue::from_str(value).expect("visible"));
        }
        BearerCarrier.read(&headers).texts().iter().map(|text| String::from_utf8_lossy(text).into_owned()).collect()
    }

    #[test]
    fn the_token_is_read_from_its_scheme_and_no_other() {
        assert_eq!(read(&["Bearer abc"]), ["abc"]);
        assert_eq!(read(&["bEARER  abc"]), ["abc"]);
        assert_eq!(read(&["Basic abc", "Bearer"]), Vec::<String>::new());
    }

    #[test]
    fn a_token_is_handed_out_and_removed_in_a_header() {
        let mut headers = HeaderMap::new();
        BearerCarrier.hand_out(&mut headers, &Token::new("abc"), None);
        assert_eq!(headers[SESSION_TOKEN], "abc");
        assert!(headers[SESSION_TOKEN].is_sensitive());
        BearerCarrier.remove(&mut headers);
        assert_eq!(headers[SESSION_TOKEN], "");
    }
}
