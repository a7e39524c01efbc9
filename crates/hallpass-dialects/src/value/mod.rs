mod map;
mod opaque;
mod text;

use std::borrow::Cow;

use num_bigint::BigInt;

pub use self::map::Map;
pub use self::opaque::Opaque;
pub use self::text::Text;
pub(crate) use self::text::{Part, TextBuilder};

/// A value in a session, whatever language it comes from.
///
/// What each language has by itself (a number, text, a list, a map with text as keys) is written so here. A value of
/// another type of that language carries its [`Tagged::tag`], so that it goes back as what it was: a Java `Long`, a Python
/// `tuple`, a Go `uint8`.
///
/// ```
/// use hallpass_dialects::Value;
///
/// let value = Value::tagged("java.lang.Long", Value::Int(5));
/// assert_eq!(value.tag(), Some("java.lang.Long"));
/// assert_eq!(value.as_int(), Some(5));
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Value {
    /// `null`, `None`, `nil`.
    Null,
    /// True or false.
    Bool(bool),
    /// A whole number of 64 bits.
    Int(i64),
    /// A whole number that does not fit, in decimal digits with a minus sign if it is negative.
    Big(Box<str>),
    /// A number with a fraction, or a language's only kind of number where it is not whole.
    Float(f64),
    /// Text.
    Text(Text),
    /// Bytes.
    Bytes(Box<[u8]>),
    /// A list.
    List(Vec<Value>),
    /// A map.
    Map(Map),
    /// A value of a type that the language has besides.
    Tagged(Box<Tagged>),
    /// An object that is kept as bytes.
    Opaque(Box<Opaque>),
}

/// A value, and the name of its type in the language that it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct Tagged {
    /// The name of the type, such as `java.lang.Long`, `tuple` or `uint8`.
    pub tag: Cow<'static, str>,
    /// The nearest value without that type; dates are text in ISO 8601.
    pub value: Value,
}

impl Value {
    /// Returns `value` as one of the type `tag`.
    pub fn tagged(tag: impl Into<Cow<'static, str>>, value: Self) -> Self {
        Self::Tagged(Box::new(Tagged { tag: tag.into(), value }))
    }

    /// Returns the name of the type in the language that it comes from, if that is not the usual one.
    pub fn tag(&self) -> Option<&str> {
        match self {
            Self::Tagged(tagged) => Some(&tagged.tag),
            Self::Opaque(opaque) => Some(opaque.class()),
            _ => None,
        }
    }

    /// Returns the value without its tag, or what can be seen of an opaque one.
    pub fn plain(&self) -> &Self {
        match self {
            Self::Tagged(tagged) => tagged.value.plain(),
            Self::Opaque(opaque) => opaque.view().plain(),
            _ => self,
        }
    }

    /// Returns the text, if it is text without lone surrogates, of whatever type.
    pub fn as_str(&self) -> Option<&str> {
        match self.plain() {
            Self::Text(text) => text.as_str(),
            _ => None,
        }
    }

    /// Returns the number, if it is whole and fits, of whatever type.
    pub fn as_int(&self) -> Option<i64> {
        match self.plain() {
            Self::Int(number) => Some(*number),
            Self::Float(number) => whole(*number),
            _ => None,
        }
    }

    /// Returns the map, if it is one, of whatever type.
    pub fn as_map(&self) -> Option<&Map> {
        match self.plain() {
            Self::Map(map) => Some(map),
            _ => None,
        }
    }

    /// Returns the list, if it is one, of whatever type.
    pub fn as_list(&self) -> Option<&[Self]> {
        match self.plain() {
            Self::List(items) => Some(items),
            _ => None,
        }
    }

    /// Returns the value at a path of names through maps, such as `["passport", "user"]`.
    pub fn at(&self, path: &[&str]) -> Option<&Self> {
        path.iter().try_fold(self, |value, name| value.as_map()?.get(name))
    }

    /// Returns how many values its memory would be enough for, besides its parts.
    pub(crate) fn weight(&self) -> usize {
        match self {
            Self::Text(text) => text.as_bytes().len() / 64,
            Self::Bytes(bytes) => bytes.len() / 64,
            Self::Big(digits) => digits.len() / 64,
            Self::Tagged(tagged) => tagged.tag.len() / 64 + tagged.value.weight(),
            _ => 0,
        }
    }

    pub(crate) fn is(&self, text: &str) -> bool {
        matches!(self, Self::Text(own) if own == text)
    }

    pub(crate) fn from_big(number: &BigInt) -> Self {
        match i64::try_from(number) {
            Ok(number) => Self::Int(number),
            Err(_) => Self::Big(number.to_string().into()),
        }
    }

    pub(crate) fn from_u64(number: u64) -> Self {
        i64::try_from(number).map_or_else(|_| Self::Big(number.to_string().into()), Self::Int)
    }
}

/// Returns the number if it is whole and exact, and not the negative zero.
pub(crate) fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let is_whole = number.trunc().to_bits() == number.to_bits() && number.abs() <= EXACT;
    #[allow(clippy::cast_possible_truncation)] // it is in range, and whole
    (is_whole && (number != 0.0 || number.is_sign_positive())).then_some(number as i64)
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.into())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text.into())
    }
}

impl From<Text> for Value {
    fn from(text: Text) -> Self {
        Self::Text(text)
    }
}

impl From<Map> for Value {
    fn from(map: Map) -> Self {
        Self::Map(map)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_is_found_through_its_types() {
        let user = Value::tagged("java.util.HashMap", Value::Map([("id".into(), Value::Int(7))].into_iter().collect()));
        let value = Value::Map([("user".into(), user)].into_iter().collect());
        assert_eq!(value.at(&["user", "id"]).and_then(Value::as_int), Some(7));
        assert_eq!(value.at(&["user", "name"]), None);
        assert_eq!(value.at(&["user", "id", "deeper"]), None);
    }

    #[test]
    fn only_exact_whole_numbers_are_whole() {
        assert_eq!(whole(2.0), Some(2));
        assert_eq!(whole(-9_007_199_254_740_992.0), Some(-9_007_199_254_740_992));
        for number in [0.5, -0.0, 1e16, f64::NAN, f64::INFINITY] {
            assert_eq!(whole(number), None, "{number}");
        }
    }
}
