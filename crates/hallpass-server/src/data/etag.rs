use std::fmt;

use aws_lc_rs::digest;
use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use crate::wire::Problem;

/// The entity tag of data: a hash of its bytes, so that only a change of the data moves it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ETag(String);

impl ETag {
    pub(crate) fn of(data: &[u8]) -> Self {
        let hash = digest::digest(&digest::SHA256, data);
        Self(format!("\"{}\"", URL_SAFE_NO_PAD.encode(&hash.as_ref()[..16])))
    }

    pub(crate) fn header(&self) -> Option<HeaderValue> {
        HeaderValue::from_str(&self.0).ok()
    }
}

impl fmt::Display for ETag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a request asks of the data before it is changed: `If-Match` (RFC 9110 section 13.1.1).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Precondition {
    /// Nothing.
    None,
    /// That there is any.
    Any,
    /// That it has one of these tags.
    OneOf(Vec<ETag>),
}

impl Precondition {
    /// Reads it from the headers of a request.
    pub(crate) fn of(headers: &HeaderMap) -> Result<Self, Problem> {
        let mut tags = Vec::new();
        for value in headers.get_all(header::IF_MATCH) {
            let invalid = || Problem::field("If-Match", "This is `*`, or entity tags in double quotes.");
            for tag in value.to_str().map_err(|_| invalid())?.split(',').map(str::trim) {
                if tag == "*" {
                    return Ok(Self::Any);
                }
                let opaque = tag.strip_prefix("W/").unwrap_or(tag);
                let is_quoted = opaque.len() >= 2 && opaque.starts_with('"') && opaque.ends_with('"');
                if !is_quoted || tags.len() >= 64 {
                    return Err(invalid());
                }
                // A weak tag never matches strongly, so it is kept as it is.
                tags.push(ETag(tag.to_owned()));
            }
        }
        Ok(if tags.is_empty() { Self::None } else { Self::OneOf(tags) })
    }

    pub(crate) fn holds(&self, data: &[u8]) -> bool {
        match self {
            Self::None | Self::Any => true,
            Self::OneOf(tags) => tags.contains(&ETag::of(data)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(values: &[&'static str]) -> Option<Precondition> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(header::IF_MATCH, HeaderValue::from_static(value));
        }
        Precondition::of(&headers).ok()
    }

    #[test]
    fn tags_are_compared_strongly() {
        let tag = ETag::of(b"{}");
        assert_ne!(tag, ETag::of(b"[]"));
        assert_eq!(read(&[]), Some(Precondition::None));
        assert_eq!(read(&["\"a\", *"]), Some(Precondition::Any));
        assert_eq!(read(&["bare"]), None);
        let weak = Precondition::OneOf(vec![ETag(format!("W/{tag}"))]);
        assert!(!weak.holds(b"{}"));
        assert!(Precondition::OneOf(vec![ETag("\"x\"".into()), tag]).holds(b"{}"));
    }
}
