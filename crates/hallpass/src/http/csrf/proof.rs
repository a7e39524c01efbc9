use std::borrow::Cow;

use http::{HeaderMap, header};

use super::guard::CsrfGuard;
use crate::session::{FormToken, Session};

/// Where a request has its [form token](FormToken): never in the address or a cookie (`CSF-6`).
#[derive(Clone, PartialEq, Eq)]
pub enum Proof<'a> {
    /// In a header: this.
    Header(Cow<'a, str>),
    /// In the form that is its body, of at most [`CsrfGuard::LONGEST_FORM`] bytes.
    Form,
    /// Nowhere where it is looked for.
    Missing,
}

impl std::fmt::Debug for Proof<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Header(_) => "Header(..)",
            Self::Form => "Form",
            Self::Missing => "Missing",
        })
    }
}

impl CsrfGuard {
    /// How many bytes of a form are read in search of a token: 1 MiB.
    pub const LONGEST_FORM: usize = 1 << 20;

    /// Returns where a request has its form token.
    pub fn proof(request: &HeaderMap) -> Proof<'_> {
        if let Some(token) = request.get(FormToken::HEADER) {
            return Proof::Header(String::from_utf8_lossy(token.as_bytes()));
        }
        let text = |name| request.get(name).and_then(|value| value.to_str().ok());
        let essence = text(header::CONTENT_TYPE).and_then(|kind| kind.split(';').next()).unwrap_or_default().trim();
        let length = text(header::CONTENT_LENGTH).and_then(|length| length.parse::<usize>().ok());
        let is_form = essence.eq_ignore_ascii_case("application/x-www-form-urlencoded");
        if is_form && length.is_some_and(|length| length <= Self::LONGEST_FORM) { Proof::Form } else { Proof::Missing }
    }

    /// Tells whether a form has a token of this session in it.
    pub fn is_proven_by(form: &[u8], session: &Session) -> bool {
        let mut fields = form_urlencoded::parse(form);
        fields.find(|(name, _)| name == FormToken::FIELD).is_some_and(|(_, token)| session.is_form_token(&token))
    }
}
