//! Base64, as leniently as three languages decode it.

use base64::Engine as _;
use base64::alphabet::{STANDARD, URL_SAFE};
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

const ANY_PADDING: GeneralPurposeConfig = GeneralPurposeConfig::new()
    .with_decode_padding_mode(DecodePaddingMode::Indifferent)
    .with_decode_allow_trailing_bits(true);
const SOME_PADDING: GeneralPurposeConfig = GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true);

/// Decodes as `Base64.getDecoder()` of Java does: padding whole or none, unused bits may be set.
pub(crate) fn java(text: &[u8]) -> Option<Vec<u8>> {
    if text.ends_with(b"=") && !text.len().is_multiple_of(4) {
        return None;
    }
    GeneralPurpose::new(&STANDARD, ANY_PADDING).decode(text).ok()
}

/// Decodes as `base64.URLEncoding` of Go does: padding is required, unused bits may be set, line breaks are skipped.
pub(crate) fn go(text: &[u8]) -> Option<Vec<u8>> {
    let engine = GeneralPurpose::new(&URL_SAFE, SOME_PADDING);
    if memchr::memchr2(b'\r', b'\n', text).is_none() {
        return engine.decode(text).ok();
    }
    let lines: Vec<u8> = text.iter().copied().filter(|byte| !matches!(byte, b'\r' | b'\n')).collect();
    engine.decode(lines).ok()
}

/// Decodes as `urlsafe_b64decode` of Python does, with the padding that Django adds: what is not of the alphabet is skipped.
pub(crate) fn python(text: &[u8]) -> Option<Vec<u8>> {
    if let Ok(bytes) = GeneralPurpose::new(&URL_SAFE, ANY_PADDING).decode(text) {
        return Some(bytes);
    }
    let added = std::iter::repeat_n(&b'=', text.len().wrapping_neg() % 4);
    let mut bytes = Vec::with_capacity(text.len());
    let (mut group, mut length, mut padding) = (0_u32, 0, 0);
    for byte in text.iter().chain(added) {
        let bits = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'-' | b'+' => 62,
            b'_' | b'/' => 63,
            b'=' => {
                padding += 1;
                if length >= 2 && length + padding >= 4 {
                    let whole = (group << (6 * (4 - length))).to_be_bytes();
                    bytes.extend_from_slice(&whole[1..length]);
                    return Some(bytes);
                }
                continue;
            }
            _ => continue,
        };
        (group, length, padding) = (group << 6 | u32::from(bits), length + 1, 0);
        if length == 4 {
            bytes.extend_from_slice(&group.to_be_bytes()[1..]);
            (group, length) = (0, 0);
        }
    }
    (length == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_language_is_lenient_in_its_own_way() {
        assert_eq!(java(b"YWI="), Some(b"ab".to_vec()));
        assert_eq!(java(b"YWI"), Some(b"ab".to_vec()));
        assert_eq!(java(b"YWJ="), Some(b"ab".to_vec()));
        assert_eq!((java(b"YWI=="), java(b"YQ="), java(b"-_8="), java(b"YW I=")), (None, None, None, None));
        assert_eq!(go(b"YW\r\nI="), Some(b"ab".to_vec()));
        assert_eq!(go(b"YWJ="), Some(b"ab".to_vec()));
        assert_eq!((go(b"YWI"), go(b"YW I="), go(b"+/8=")), (None, None, None));
        assert_eq!(python(b"YWI"), Some(b"ab".to_vec()));
        assert_eq!(python(b"YWI=="), Some(b"ab".to_vec()));
        assert_eq!(python(b"Y!W I"), Some(b"ab".to_vec()));
        assert_eq!(python(b"-_8"), Some(vec![0xfb, 0xff]));
        assert_eq!((python(b"Y"), python(b"YWJjZ")), (None, None));
    }
}
