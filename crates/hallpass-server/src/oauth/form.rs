use std::sync::Arc;

use axum::extract::{FromRequest, Request};
use zeroize::Zeroizing;

use super::Refused;
use crate::app::App;
use crate::wire::{check_type, collect, decode};

/// The parameters of a call, each at most once (RFC 6749, section 3.2). What is unknown is left out, and what is empty
/// counts as not there.
pub(crate) struct Form(Vec<(String, Zeroizing<String>)>);

impl Form {
    /// The most bytes that a form may have.
    const LARGEST: usize = 64 << 10;

    fn read(text: &[u8]) -> Result<Self, Refused> {
        let text = str::from_utf8(text).map_err(|_| Refused::invalid_request("The body is not UTF-8."))?;
        let mut params: Vec<(String, Zeroizing<String>)> = Vec::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let decoded = decode(name).zip(decode(value));
            let (name, value) = decoded.ok_or_else(|| Refused::invalid_request("A parameter is not UTF-8."))?;
            if params.iter().any(|(other, _)| *other == name) {
                return Err(Refused::invalid_request("A parameter is given more than once."));
            }
            params.push((name, Zeroizing::new(value)));
        }
        Ok(Self(params))
    }

    pub(super) fn optional(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(other, _)| other == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    pub(super) fn required(&self, name: &'static str) -> Result<&str, Refused> {
        self.optional(name).ok_or_else(|| Refused::invalid_request(format!("The parameter `{name}` is missing.")))
    }
}

impl FromRequest<Arc<App>> for Form {
    type Rejection = Refused;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, Refused> {
        let kind = "application/x-www-form-urlencoded";
        let refused = |_| Refused::invalid_request(format!("The body is to be of type {kind}, in UTF-8."));
        check_type(request.headers(), &[kind]).map_err(refused)?;
        let bytes = collect(request, &app.config.limits, Self::LARGEST).await?;
        Self::read(&bytes)
    }
}

impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded_and_come_once() {
        let form = Form::read(b"grant_type=refresh_token&token=a%2Bb+c&empty=&other").expect("a form");
        assert_eq!(form.optional("token"), Some("a+b c"));
        assert_eq!(form.optional("empty"), None);
        assert!(form.required("other").is_err());
        for bad in [&b"a=1&a=1"[..], b"a=1&a=", b"a=%ff", b"%ff=a", b"\xff=1"] {
            assert!(Form::read(bad).is_err(), "{bad:?}");
        }
        assert_eq!(format!("{form:?}"), r#"["grant_type", "token", "empty", "other"]"#);
    }
}
