//! JSON that every reader understands alike.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use smallvec::SmallVec;

/// How deep JSON may be nested, and how many names an object may have: what is within these bounds, and has no name
/// twice, is understood alike by every reader.
///
/// ```
/// use hallpass::JsonLimits;
///
/// let limits = JsonLimits { depth: 2, names: 10 };
/// assert!(limits.check(r#"{"user":{"id":1}}"#).is_ok());
/// for bad in [r#"{"id":1,"id":2}"#, r#"{"a":{"b":{}}}"#, "[1]"] {
///     assert!(limits.check(bad).is_err());
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JsonLimits {
    /// How many objects and arrays may stand within each other, the outermost counted.
    pub depth: usize,
    /// How many names an object may have.
    pub names: usize,
}

/// The error of JSON that readers might understand differently, or that is larger than allowed; says what it is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidJson(String);

impl JsonLimits {
    /// Checks a text that is to be one object: everything in it can be read, no name comes twice in an object at any
    /// level (RFC 8725, section 3.7), and the limits are kept.
    ///
    /// # Errors
    ///
    /// [`InvalidJson`] otherwise.
    pub fn check(self, text: &str) -> Result<(), InvalidJson> {
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let checked = deserializer.deserialize_map(Value { limits: self, depth: 1 });
        checked.and_then(|()| deserializer.end()).map_err(|error| {
            let message = error.to_string();
            let place = message.rfind(" at line ").unwrap_or(message.len());
            InvalidJson(message[..place].to_owned())
        })
    }
}

/// A value that is read only to check it, and its depth if it is an object or array.
#[derive(Clone, Copy)]
struct Value {
    limits: JsonLimits,
    depth: usize,
}

impl Value {
    /// Returns how the values in this one are read.
    fn inner<E: Error>(self) -> Result<Self, E> {
        let Self { limits: JsonLimits { depth: deepest, .. }, depth } = self;
        if depth > deepest {
            return Err(E::custom(format_args!("it is nested more than {deepest} deep")));
        }
        Ok(Self { depth: depth + 1, ..self })
    }
}

impl<'de> DeserializeSeed<'de> for Value {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inner = self.inner()?;
        let mut names = SmallVec::<[Cow<'de, str>; 24]>::new();
        while let Some(Name(name)) = members.next_key()? {
            if names.len() == self.limits.names {
                return Err(A::Error::custom(format_args!("an object has more than {} names", self.limits.names)));
            }
            names.push(name);
            members.next_value_seed(inner)?;
        }
        names.sort_unstable();
        match names.windows(2).find(|pair| pair[0] == pair[1]) {
            Some(twice) => Err(A::Error::custom(format_args!("it has the key `{}` more than once", twice[0]))),
            None => Ok(()),
        }
    }
}

/// The name of a member, borrowed where it has no escapes.
pub(crate) struct Name<'a>(pub(crate) Cow<'a, str>);

impl<'de> Deserialize<'de> for Name<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Name<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Name<'de>, E> {
                Ok(Name(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: JsonLimits = JsonLimits { depth: 8, names: 64 };

    #[test]
    fn jwt_9_no_name_may_come_twice_at_any_level() {
        for good in ["{}", r#"{"a":1,"b":{"a":[{"a":null},{"a":true}]},"c":-1.5e3,"d":"\u0061"}"#] {
            assert_eq!(LIMITS.check(good), Ok(()), "{good}");
        }
        for bad in [
            r#"{"a":1,"a":1}"#,
            r#"{"a":1,"\u0061":1}"#,
            r#"{"x":{"a":1,"b":2,"a":3}}"#,
            r#"{"x":[{"a":1,"a":2}]}"#,
            "[]",
            "1",
            r#"{"a":1} x"#,
            r#"{"a":1}{}"#,
            r#"{"a":NaN}"#,
            r#"{"a":1e999}"#,
            r#"{"a":"\ud800"}"#,
        ] {
            assert!(LIMITS.check(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn jwt_9_what_is_deeper_than_the_limit_is_refused() {
        let nested = |levels: usize| format!("{}1{}", r#"{"a":"#.repeat(levels), "}".repeat(levels));
        for depth in [1, 8, 64] {
            let limits = JsonLimits { depth, ..LIMITS };
            assert_eq!(limits.check(&nested(depth)), Ok(()));
            let why = limits.check(&nested(depth + 1)).expect_err("it is too deep").to_string();
            assert_eq!(why, format!("it is nested more than {depth} deep"));
        }
        assert!(LIMITS.check(&nested(100_000)).is_err());
        assert!(LIMITS.check(&format!(r#"{{"a":{}"#, "[".repeat(100_000))).is_err());
    }

    #[test]
    fn an_object_has_as_many_names_as_the_limit_and_no_more() {
        let wide = |names: usize| {
            let members: Vec<_> = (0..names).map(|name| format!(r#""{name}":0"#)).collect();
            format!("{{{}}}", members.join(","))
        };
        assert_eq!(LIMITS.check(&wide(64)), Ok(()));
        assert!(LIMITS.check(&wide(65)).is_err());
        assert_eq!(JsonLimits { names: usize::MAX, ..LIMITS }.check(&wide(100_000)), Ok(()));
    }
}
