//! Style, script and icon: part of the program, and nothing from elsewhere.

use std::fmt::Write as _;
use std::sync::LazyLock;

use axum::Router;
use axum::http::header;
use axum::response::IntoResponse;
use axum::routing::get;
use sha2::{Digest as _, Sha256};

const STYLE: &str = include_str!("demo.css");
const SCRIPT: &str = include_str!("demo.js");
const ICON: &str = include_str!("icon.svg");

static STYLE_ADDRESS: LazyLock<String> = LazyLock::new(|| address("/demo/demo.css", STYLE));
static SCRIPT_ADDRESS: LazyLock<String> = LazyLock::new(|| address("/demo/demo.js", SCRIPT));

/// Returns the address of the style sheet as it is now.
pub(super) fn style_address() -> &'static str {
    &STYLE_ADDRESS
}

/// Returns the address of the script as it is now.
pub(super) fn script_address() -> &'static str {
    &SCRIPT_ADDRESS
}

pub(super) fn router() -> Router {
    Router::new()
        .route("/demo/demo.css", get(|| async { file("text/css; charset=utf-8", STYLE) }))
        .route("/demo/demo.js", get(|| async { file("text/javascript; charset=utf-8", SCRIPT) }))
        .route("/demo/icon.svg", get(|| async { file("image/svg+xml", ICON) }))
}

fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=86400")], text)
}

/// Names the content in the address, so that a cache never shows an old file to a new page.
fn address(path: &str, text: &str) -> String {
    format!("{path}?v={}", fingerprint(text.as_bytes()))
}

/// Returns the first 10 hexadecimal digits of the SHA-256 of something: enough to tell two apart by eye.
pub(super) fn fingerprint(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(10);
    for byte in Sha256::digest(bytes).iter().take(5) {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_the_beginning_of_the_hash() {
        assert_eq!(fingerprint(b"abc"), "ba7816bf8f");
    }
}
