use hallpass::http::CookieCarrier;

/// How the cookie travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wire {
    /// By plain HTTP, to browsers on this machine.
    Plain,
    /// By HTTPS, to everybody else.
    Secure,
}

impl Wire {
    /// Returns what carries the token of an operator's session; it is another cookie than that of any application.
    pub(super) fn carrier(self) -> CookieCarrier {
        let builder = match self {
            Self::Plain => CookieCarrier::builder().name("hallpass-operator").danger_plain_http(),
            Self::Secure => CookieCarrier::builder().name("__Host-hallpass-operator"),
        };
        builder.build().unwrap_or_default()
    }

    /// Returns the cookie that has the browser forget its token.
    pub(super) fn removal_cookie(self) -> String {
        self.carrier().removal_cookie()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operators_have_a_cookie_of_their_own() {
        assert_eq!(Wire::Plain.carrier().name(), "hallpass-operator");
        assert_eq!(Wire::Secure.carrier().name(), "__Host-hallpass-operator");
    }
}
