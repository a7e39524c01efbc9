//! Any `Cookie` headers: the carrier finds what the `cookie` crate finds, in one pass and without parsing the others.

#![no_main]

use std::sync::LazyLock;

use hallpass::http::{Carrier, CookieCarrier, Presented};
use http::{HeaderMap, HeaderValue, header};
use libfuzzer_sys::fuzz_target;

static CARRIER: LazyLock<CookieCarrier> = LazyLock::new(CookieCarrier::danger_plain_http);

fuzz_target!(|bytes: &[u8]| {
    let mut headers = HeaderMap::new();
    for line in bytes.split(|byte| *byte == b'\n') {
        let Ok(value) = HeaderValue::from_bytes(line) else { return };
        headers.append(header::COOKIE, value);
    }
    let found = CARRIER.read(&headers);
    if found.is_oversized() {
        return assert!(found.texts().is_empty());
    }

    // What only the other crate lets pass: white space before the `=`, and beyond ASCII.
    if !bytes.is_ascii() || has_space_before_equals(bytes) {
        return;
    }
    let mut expected: Vec<Vec<u8>> = Vec::new();
    for value in headers.get_all(header::COOKIE) {
        let line = value.to_str().expect("ASCII");
        for cookie in cookie::Cookie::split_parse(line).flatten() {
            let value = cookie.value_trimmed().as_bytes().to_vec();
            if cookie.name() == CARRIER.name() && !expected.contains(&value) && expected.len() < Presented::MOST {
                expected.push(value);
            }
        }
    }
    assert_eq!(found.texts(), expected);
});

fn has_space_before_equals(bytes: &[u8]) -> bool {
    bytes.windows(2).any(|pair| matches!(pair, [b' ' | b'\t', b'=']))
}
