use std::fmt::Write as _;

use axum::http::header;
use axum::response::IntoResponse;
use sha2::{Digest as _, Sha256};

/// Answers with a file that is part of the program.
pub(crate) fn file(kind: &'static str, text: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, "public, max-age=86400")], text)
}

/// Names the content in the address, so that a cache never shows an old file to a new page.
pub(crate) fn address(path: &str, text: &str) -> String {
    format!("{path}?v={}", fingerprint(text.as_bytes()))
}

/// Returns the first 10 hexadecimal digits of the SHA-256 of something: enough to tell two apart by eye.
pub(crate) fn fingerprint(bytes: &[u8]) -> String {
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
