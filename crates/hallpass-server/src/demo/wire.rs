//! How the cookie travels: by HTTPS, or on this machine only.

use std::sync::Arc;

use hallpass::http::CookieCarrier;

/// The cookie of the demo, and how it travels.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    carrier: Arc<CookieCarrier>,
    is_plain: bool,
}

impl Wire {
    /// The one for browsers on this machine, over plain HTTP.
    pub(super) fn plain() -> Self {
        Self { carrier: Arc::new(CookieCarrier::danger_plain_http()), is_plain: true }
    }

    /// The one for everybody else: browsers take its cookie over HTTPS only.
    pub(super) fn secure() -> Self {
        Self { carrier: Arc::new(CookieCarrier::default()), is_plain: false }
    }

    pub(super) fn carrier(&self) -> &CookieCarrier {
        &self.carrier
    }

    pub(super) fn is_plain(&self) -> bool {
        self.is_plain
    }

    pub(super) fn scheme(&self) -> &'static str {
        if self.is_plain { "http" } else { "https" }
    }
}
