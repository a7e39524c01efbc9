use crate::value::{Part, Text, TextBuilder};

/// Reads modified UTF-8: NUL is two bytes, and what is beyond U+FFFF is two surrogates of three bytes each.
pub(super) fn read(bytes: &[u8]) -> Option<Text> {
    // Most text is the same in both; 0xC0, 0xED and 0xF0 begin what may not be.
    if !bytes.iter().any(|byte| matches!(byte, 0xc0 | 0xed | 0xf0..)) {
        return str::from_utf8(bytes).ok().map(Text::from);
    }
    let mut text = TextBuilder::default();
    let mut rest = bytes;
    while let Some((&first, behind)) = rest.split_first() {
        let low = |byte: &u8| (byte & 0xc0 == 0x80).then_some(u16::from(byte & 0x3f));
        let first16 = u16::from(first);
        rest = match (first, behind) {
            (0..0x80, _) => {
                text.push_unit(first16);
                behind
            }
            (0xc0..=0xdf, [second, behind @ ..]) => {
                let unit = (first16 & 0x1f) << 6 | low(second)?;
                if unit < 0x80 && unit != 0 {
                    return None;
                }
                text.push_unit(unit);
                behind
            }
            (0xe0..=0xef, [second, third, behind @ ..]) => {
                let unit = (first16 & 0xf) << 12 | low(second)? << 6 | low(third)?;
                if unit < 0x800 {
                    return None;
                }
                text.push_unit(unit);
                behind
            }
            _ => return None,
        };
    }
    Some(text.finish())
}

/// Returns how many bytes text has in modified UTF-8.
pub(super) fn length(text: &Text) -> usize {
    let length = |byte: &u8| match byte {
        0 => 2,
        // The first of four, which become six.
        0xf0.. => 3,
        _ => 1,
    };
    text.as_bytes().iter().map(length).sum()
}

/// Writes modified UTF-8.
pub(super) fn write(text: &Text) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.as_bytes().len());
    for part in text.parts() {
        match part {
            Part::Half(unit) => push(&mut out, unit),
            Part::Whole(text) if text.bytes().all(|byte| (1..0xf0).contains(&byte)) => {
                out.extend_from_slice(text.as_bytes());
            }
            Part::Whole(text) => text.encode_utf16().for_each(|unit| push(&mut out, unit)),
        }
    }
    out
}

fn push(out: &mut Vec<u8>, unit: u16) {
    let [high, low] = unit.to_be_bytes();
    let last = 0x80 | (low & 0x3f);
    let middle = (high & 0xf) << 2 | low >> 6;
    match unit {
        1..0x80 => out.push(low),
        0 | 0x80..0x800 => out.extend_from_slice(&[0xc0 | middle, last]),
        _ => out.extend_from_slice(&[0xe0 | high >> 4, 0x80 | middle, last]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_goes_there_and_back() {
        for (bytes, lossy) in [
            (&b"abc"[..], "abc"),
            ("é€".as_bytes(), "é€"),
            (b"a\xc0\x80b", "a\0b"),
            (b"\xed\xa0\xbe\xed\xb6\x80", "🦀"),
            (b"x\xed\xa0\xbey", "x\u{fffd}y"),
            ("\u{d7ff}\u{e000}".as_bytes(), "\u{d7ff}\u{e000}"),
        ] {
            let text = read(bytes).unwrap();
            assert_eq!(text.to_lossy(), lossy);
            assert_eq!(write(&text), bytes);
            assert_eq!(length(&text), bytes.len());
        }
    }

    #[test]
    fn what_is_no_modified_utf_8_is_refused() {
        for bytes in
            [&b"\xff\xfe"[..], b"\xc1\x81", b"\xe0\x80\x80", b"\xc3", b"\xe2\x82", b"\xf0\x9f\xa6\x80", b"\x80"]
        {
            assert_eq!(read(bytes), None, "{bytes:x?}");
        }
    }
}
