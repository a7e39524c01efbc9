//! From a token's text to its bytes, in the same steps whatever the text says.
//!
//! A table that is looked up by secret characters would tell of them by what it leaves in the processor's cache. The
//! libraries that avoid that know no fixed length, and take some five times as many steps; every request takes them.

/// Reads 64 characters of base64url (RFC 4648 section 5) as 48 bytes; nothing if one of them is not of that alphabet.
///
/// Each text of this length is the one spelling of its bytes: no bits are left over.
pub(super) fn read(text: &[u8; 64]) -> Option<[u8; 48]> {
    let mut sextets = [0_u8; 64];
    let mut known = [0_u8; 64];
    // Masks instead of branches, over whole arrays, so that the compiler makes vector instructions of it.
    for index in 0..64 {
        let character = text[index];
        let upper = mask(character.wrapping_sub(b'A') < 26);
        let lower = mask(character.wrapping_sub(b'a') < 26);
        let digit = mask(character.wrapping_sub(b'0') < 10);
        let dash = mask(character == b'-');
        let line = mask(character == b'_');
        sextets[index] = upper & character.wrapping_sub(b'A')
            | lower & character.wrapping_sub(b'a' - 26)
            | digit & character.wrapping_add(52 - b'0')
            | dash & 0x3e
            | line & 0x3f;
        known[index] = upper | lower | digit | dash | line;
    }
    let mut bytes = [0; 48];
    for (six, eight) in bytes.as_chunks_mut::<6>().0.iter_mut().zip(sextets.as_chunks().0) {
        *six = join(*eight);
    }
    (known.iter().fold(0xff, |all, known| all & known) == 0xff).then_some(bytes)
}

fn mask(is_set: bool) -> u8 {
    u8::from(is_set).wrapping_neg()
}

/// Joins eight times six bits, in pairs: to 12, to 24, to 48 bits.
fn join(sextets: [u8; 8]) -> [u8; 6] {
    let by_6 = u64::from_be_bytes(sextets);
    let by_12 = (by_6 & 0x3f00_3f00_3f00_3f00) >> 2 | by_6 & 0x003f_003f_003f_003f;
    let by_24 = (by_12 & 0x0fff_0000_0fff_0000) >> 4 | by_12 & 0x0000_0fff_0000_0fff;
    let by_48 = (by_24 & 0x00ff_ffff_0000_0000) >> 8 | by_24 & 0x0000_0000_00ff_ffff;
    let [_, _, bytes @ ..] = by_48.to_be_bytes();
    bytes
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_byte_in_every_place_is_read_as_the_library_reads_it() {
        for place in 0..64 {
            for byte in 0..=255 {
                let mut text = *b"BwcHBwcHBwcHBwcHBwcHBwEBAgMJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQkJCQ-_";
                text[place] = byte;
                assert_eq!(read(&text).map(Vec::from), URL_SAFE_NO_PAD.decode(text).ok(), "{byte} at {place}");
            }
        }
    }

    proptest! {
        #[test]
        fn whatever_is_written_is_read_again(bytes: [[u8; 16]; 3]) {
            let text = URL_SAFE_NO_PAD.encode(bytes.as_flattened());
            let read = read(text.as_bytes().try_into().expect("64 characters"));
            prop_assert_eq!(read.as_ref().map(<[u8; 48]>::as_slice), Some(bytes.as_flattened()));
        }
    }
}
