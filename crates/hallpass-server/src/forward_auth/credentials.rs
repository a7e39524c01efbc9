use axum::http::{HeaderMap, StatusCode, header};
use hallpass::http::{Carrier as _, CookieCarrier};
use hallpass::{Caller, Record, Sessions, Verified};

use crate::keys::is_key_shaped;
use crate::wire::Problem;

/// What a request presents to say whose it is.
pub(crate) enum Credentials<'a> {
    /// The values of our cookie: one, if all is well.
    Cookies(Vec<&'a str>),
    /// The token of a program.
    Bearer(&'a str),
    /// Nothing that concerns us.
    None,
}

impl<'a> Credentials<'a> {
    /// Reads the cookie; where there is none, the bearer token. An application may have bearer tokens of its own beside our
    /// cookie.
    pub(crate) fn of(headers: &'a HeaderMap, carrier: &CookieCarrier) -> Result<Self, Problem> {
        let presented = carrier.read(headers);
        if presented.is_oversized() {
            // Not 431: nginx would make that a failure of ours.
            let detail =
                "The request brings more cookies than are read. Remove those of this site and its parent domain.";
            return Err(Problem::new(StatusCode::FORBIDDEN, "too_many_cookies", detail));
        }
        if !presented.texts().is_empty() {
            let texts = presented.texts().iter().filter_map(|text| str::from_utf8(text).ok());
            return Ok(Self::Cookies(texts.collect()));
        }
        Ok(bearer(headers).filter(|token| !is_key_shaped(token)).map_or(Self::None, Self::Bearer))
    }

    /// Returns the session that they open. Nothing is renewed.
    ///
    /// An access token says nothing of attributes: where they are asked for, the store is, and so also whether the session
    /// still lives.
    pub(crate) async fn verify(
        &self,
        sessions: &Sessions,
        makes_access_tokens: bool,
        asks_for_attributes: bool,
        caller: &Caller,
    ) -> Result<Verified, Problem> {
        match self {
            Self::None => Err(Problem::inactive()),
            Self::Cookies(texts) => {
                let text = the_good_one(texts, sessions, caller).await?;
                Ok(sessions.verify(text, true, caller).await?)
            }
            // What points at a session has no dot in it.
            Self::Bearer(token) if makes_access_tokens && token.contains('.') => {
                let carried = sessions.verify_access(token, None, caller).await?;
                let mut record = Record::clone(&carried.record);
                if asks_for_attributes {
                    let stored = sessions.find(&record.id).await?;
                    let lives = |stored: &Record| stored.ended.is_none() && stored.subject == record.subject;
                    record.data = stored.filter(lives).ok_or_else(Problem::inactive)?.data;
                }
                Ok(Verified { record, is_locked: false, renewal_due: false })
            }
            Self::Bearer(token) => Ok(sessions.verify(token, true, caller).await?),
        }
    }
}

/// Returns the one text that opens a session: a sibling domain may have planted others beside it, and the order says
/// nothing. If several do, none is believed.
pub(crate) async fn the_good_one<'a>(
    texts: &[&'a str],
    sessions: &Sessions,
    caller: &Caller,
) -> Result<&'a str, Problem> {
    if let [text] = texts {
        return Ok(text);
    }
    let mut good = None;
    for text in texts {
        match sessions.verify(text, false, caller).await {
            Ok(_) if good.is_some() => return Err(Problem::inactive()),
            Ok(_) => good = Some(*text),
            Err(error) if error.is_inactive() => {}
            Err(error) => return Err(error.into()),
        }
    }
    good.ok_or_else(Problem::inactive)
}

/// Returns what stands behind `Bearer` in the one header that a request may have for it.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim_matches(' ')).filter(|token| !token.is_empty())
}
