use std::borrow::Cow;

/// The largest integer that every JSON reader takes as it is (RFC 7493 section 2.2): 2^53.
const LARGEST: u64 = 1 << 53;

/// Returns JSON with the integers beyond 2^53 written as strings, since JavaScript would round them; everything else
/// stays byte for byte.
///
/// `json` must be valid.
pub(crate) fn readable(json: &str) -> Cow<'_, str> {
    let bytes = json.as_bytes();
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' => at = after_string(bytes, at + 1),
            b'-' | b'0'..=b'9' => {
                let length = bytes[at..].iter().take_while(|byte| is_of_number(**byte)).count();
                let number = &json[at..at + length];
                if is_too_large(number) {
                    out.push_str(&json[copied..at]);
                    out.push('"');
                    out.push_str(number);
                    out.push('"');
                    copied = at + length;
                }
                at += length;
            }
            _ => at += 1,
        }
    }
    if copied == 0 {
        return Cow::Borrowed(json);
    }
    out.push_str(&json[copied..]);
    Cow::Owned(out)
}

fn after_string(bytes: &[u8], mut at: usize) -> usize {
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 2,
            b'"' => return at + 1,
            _ => at += 1,
        }
    }
    at
}

fn is_of_number(byte: u8) -> bool {
    matches!(byte, b'-' | b'+' | b'.' | b'e' | b'E' | b'0'..=b'9')
}

fn is_too_large(number: &str) -> bool {
    let digits = number.strip_prefix('-').unwrap_or(number);
    let is_integer = digits.bytes().all(|byte| byte.is_ascii_digit());
    is_integer && digits.parse::<u64>().map_or(true, |value| value > LARGEST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_beyond_what_every_reader_keeps_become_strings() {
        let json = r#"{"a":9007199254740992,"b":9007199254740993,"c":[-9007199254740993,18446744073709551616],"d":1e30,"e":0.12345678901234567890,"f":"9007199254740993 \" 9007199254740993","g":-1}"#;
        let expected = r#"{"a":9007199254740992,"b":"9007199254740993","c":["-9007199254740993","18446744073709551616"],"d":1e30,"e":0.12345678901234567890,"f":"9007199254740993 \" 9007199254740993","g":-1}"#;
        assert_eq!(readable(json), expected);
        assert!(matches!(readable(r#"{"a":1}"#), Cow::Borrowed(_)));
        assert_eq!(readable("{}"), "{}");
    }
}
