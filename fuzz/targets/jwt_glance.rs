//! A look at any JWT: no panic, only what stands in it, and no name twice in an object.
//!
//! Where the first byte is odd, the rest are the parts before their encoding, with zero bytes between.

#![no_main]

use std::collections::HashSet;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hallpass::{Glance, Jwt};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let Some((kind, rest)) = bytes.split_first() else { return };
    let text = if kind % 2 == 0 {
        rest.to_vec()
    } else {
        let parts: Vec<String> = rest.split(|byte| *byte == 0).map(|part| URL_SAFE_NO_PAD.encode(part)).collect();
        parts.join(".").into_bytes()
    };
    let Ok(Glance { header, claims }) = Glance::of(&text) else { return };

    assert!(text.len() <= Jwt::LONGEST && header.len() <= 1024);
    let again = format!("{}.{}.", URL_SAFE_NO_PAD.encode(&header), URL_SAFE_NO_PAD.encode(&claims));
    assert!(text.starts_with(again.as_bytes()), "a token has one text");
    for part in [&header, &claims] {
        let parsed: Value = serde_json::from_str(part).expect("JSON");
        assert!(parsed.is_object());
        assert_plain(part);
    }
});

/// Looks for names that come twice, and for depth, by going through the text once: JSON that is known to be well formed.
fn assert_plain(text: &str) {
    let bytes = text.as_bytes();
    let mut open: Vec<HashSet<String>> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'{' | b'[' => open.push(HashSet::new()),
            b'}' | b']' => {
                open.pop().expect("well formed");
            }
            b'"' => {
                let mut end = at + 1;
                while bytes[end] != b'"' {
                    end += if bytes[end] == b'\\' { 2 } else { 1 };
                }
                let is_name = bytes[end + 1..].iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b':');
                if is_name {
                    let name: String = serde_json::from_str(&text[at..=end]).expect("a string");
                    assert!(open.last_mut().expect("within an object").insert(name), "a name comes twice");
                }
                at = end;
            }
            _ => {}
        }
        assert!(open.len() <= 9, "deeper than eight levels below the object");
        at += 1;
    }
}
