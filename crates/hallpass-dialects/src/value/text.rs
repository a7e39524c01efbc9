use std::fmt;

/// Text as other languages keep it: Unicode that may have halves of surrogate pairs in it.
///
/// JavaScript, Java and Python let a program store half of an emoji. Rust's own text has no place for it, so such text is
/// kept in generalised UTF-8 (WTF-8), and goes back as it came.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(Repr);

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Repr {
    Whole(String),
    /// With at least one lone surrogate.
    Halved(Vec<u8>),
}

/// A part of a [`Text`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part<'t> {
    Whole(&'t str),
    /// A lone surrogate: U+D800 to U+DFFF.
    Half(u16),
}

impl Text {
    /// Returns the text if it is Unicode without lone surrogates.
    pub fn as_str(&self) -> Option<&str> {
        match &self.0 {
            Repr::Whole(text) => Some(text),
            Repr::Halved(_) => None,
        }
    }

    /// Returns the text with U+FFFD in place of each lone surrogate.
    pub fn to_lossy(&self) -> std::borrow::Cow<'_, str> {
        if let Repr::Whole(text) = &self.0 {
            return text.into();
        }
        let mut lossy = String::new();
        for part in self.parts() {
            match part {
                Part::Whole(text) => lossy.push_str(text),
                Part::Half(_) => lossy.push(char::REPLACEMENT_CHARACTER),
            }
        }
        lossy.into()
    }

    /// Returns the bytes in generalised UTF-8, which is UTF-8 unless there are lone surrogates.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Repr::Whole(text) => text.as_bytes(),
            Repr::Halved(bytes) => bytes,
        }
    }

    /// Returns the text in these bytes, if they are generalised UTF-8.
    pub fn from_bytes(bytes: &[u8]) -> Option<Self> {
        match str::from_utf8(bytes) {
            Ok(text) => Some(text.into()),
            Err(_) if parts(bytes).all(|part| part.is_some()) => Some(Self(Repr::Halved(bytes.to_vec()))),
            Err(_) => None,
        }
    }

    pub(crate) fn parts(&self) -> impl Iterator<Item = Part<'_>> {
        // What was let in has nothing else.
        parts(self.as_bytes()).flatten()
    }
}

/// Splits generalised UTF-8 into its parts; `None` stands for what is not, and is the last.
fn parts(mut rest: &[u8]) -> impl Iterator<Item = Option<Part<'_>>> {
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let valid = match str::from_utf8(rest) {
            Ok(text) => text,
            Err(error) => str::from_utf8(&rest[..error.valid_up_to()]).unwrap_or_default(),
        };
        if !valid.is_empty() {
            rest = &rest[valid.len()..];
            return Some(Some(Part::Whole(valid)));
        }
        if let [0xed, middle @ 0xa0..=0xbf, last @ 0x80..=0xbf, behind @ ..] = rest {
            rest = behind;
            let unit = 0xd000 | u16::from(middle & 0x3f) << 6 | u16::from(last & 0x3f);
            return Some(Some(Part::Half(unit)));
        }
        rest = &[];
        Some(None)
    })
}

impl From<&str> for Text {
    fn from(text: &str) -> Self {
        Self(Repr::Whole(text.to_owned()))
    }
}

impl From<String> for Text {
    fn from(text: String) -> Self {
        Self(Repr::Whole(text))
    }
}

impl PartialEq<str> for Text {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl PartialEq<&str> for Text {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_lossy(), f)
    }
}

/// Text that is put together from pieces and from units of UTF-16, whose halves find each other.
#[derive(Debug, Default)]
pub(crate) struct TextBuilder {
    bytes: Vec<u8>,
    has_halves: bool,
    /// The high half that came last, and waits for its low one.
    high: Option<u16>,
}

impl TextBuilder {
    pub(crate) fn push_str(&mut self, text: &str) {
        self.settle();
        self.bytes.extend_from_slice(text.as_bytes());
    }

    pub(crate) fn push_char(&mut self, character: char) {
        self.push_str(character.encode_utf8(&mut [0; 4]));
    }

    pub(crate) fn push_unit(&mut self, unit: u16) {
        if let (Some(high), 0xdc00..=0xdfff) = (self.high, unit) {
            self.high = None;
            let code = 0x1_0000 + (u32::from(high & 0x3ff) << 10 | u32::from(unit & 0x3ff));
            // Two halves always are a character.
            return self.push_char(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
        }
        self.settle();
        match char::from_u32(unit.into()) {
            Some(character) => self.push_char(character),
            None if unit < 0xdc00 => self.high = Some(unit),
            None => self.push_half(unit),
        }
    }

    pub(crate) fn finish(mut self) -> Text {
        self.settle();
        if self.has_halves {
            return Text(Repr::Halved(self.bytes));
        }
        // Only whole characters were pushed.
        Text(Repr::Whole(String::from_utf8(self.bytes).unwrap_or_default()))
    }

    fn settle(&mut self) {
        if let Some(high) = self.high.take() {
            self.push_half(high);
        }
    }

    fn push_half(&mut self, unit: u16) {
        self.has_halves = true;
        let low = |bits: u16| 0x80 | u8::try_from(bits & 0x3f).unwrap_or_default();
        self.bytes.extend_from_slice(&[0xed, low(unit >> 6), low(unit)]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from_units(units: &[u16]) -> Text {
        let mut builder = TextBuilder::default();
        for unit in units {
            builder.push_unit(*unit);
        }
        builder.finish()
    }

    #[test]
    fn halves_that_meet_are_one_character() {
        assert_eq!(from_units(&[0x61, 0xd83e, 0xdd80]).as_str(), Some("a🦀"));
    }

    #[test]
    fn a_lone_half_is_kept_and_goes_back_as_it_came() {
        let text = from_units(&[0x78, 0xd83e, 0x79, 0xdd80]);
        assert_eq!(text.as_str(), None);
        assert_eq!(text.to_lossy(), "x\u{fffd}y\u{fffd}");
        let parts = [Part::Whole("x"), Part::Half(0xd83e), Part::Whole("y"), Part::Half(0xdd80)];
        assert_eq!(text.parts().collect::<Vec<_>>(), parts);
        assert_eq!(Text::from_bytes(text.as_bytes()), Some(text));
    }

    #[test]
    fn what_is_no_text_is_refused() {
        for bytes in [&b"\xff"[..], b"a\xed\xa0", b"\xc0\x80", b"\xf5\x80\x80\x80"] {
            assert_eq!(Text::from_bytes(bytes), None, "{bytes:x?}");
        }
    }
}
