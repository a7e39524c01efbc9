//! The attributes of a session: a JSON object that is read only as far as somebody asks.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use bytes::Bytes;
use serde::de::{Deserialize, DeserializeOwned, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::ser::{SerializeMap, Serializer};
use serde_json::value::RawValue;

/// Returns the value of `key` as a `T`, without parsing the values of other keys.
pub(crate) fn find<T: DeserializeOwned>(data: &[u8], key: &str) -> Result<Option<T>, serde_json::Error> {
    if data.is_empty() {
        return Ok(None);
    }
    serde_json::Deserializer::from_str(text(data)?).deserialize_map(Find { key, value: PhantomData })
}

/// Checked once as a whole, and not again for every key and value.
fn text(data: &[u8]) -> Result<&str, serde_json::Error> {
    str::from_utf8(data).map_err(serde::de::Error::custom)
}

struct Find<'k, T> {
    key: &'k str,
    value: PhantomData<T>,
}

impl<'de, T: DeserializeOwned> Visitor<'de> for Find<'_, T> {
    type Value = Option<T>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Option<T>, A::Error> {
        let mut found = None;
        while let Some(Key(key)) = map.next_key()? {
            if key == self.key {
                found = Some(map.next_value()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

/// A key that is borrowed where it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(Text)
    }
}

/// The attributes taken apart into keys and unparsed values, in their order.
///
/// Of a key that came more than once the last value counts, here as in [`find`], and as `JSON.parse` has it.
#[derive(Debug, Default)]
pub(crate) struct Attributes<'a>(Vec<(Cow<'a, str>, Cow<'a, RawValue>)>);

impl<'a> Attributes<'a> {
    pub(crate) fn parse(data: &'a [u8]) -> Result<Self, serde_json::Error> {
        if data.is_empty() { Ok(Self::default()) } else { serde_json::from_str(text(data)?) }
    }

    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|(key, _)| &**key)
    }

    pub(crate) fn value(&self, key: &str) -> Option<&RawValue> {
        self.0.iter().rev().find(|(other, _)| other == key).map(|(_, value)| &**value)
    }

    pub(crate) fn set(&mut self, key: &str, value: Box<RawValue>) {
        match self.0.iter_mut().rev().find(|(other, _)| other == key) {
            Some((_, place)) => *place = Cow::Owned(value),
            None => self.0.push((Cow::Owned(key.to_owned()), Cow::Owned(value))),
        }
    }

    pub(crate) fn remove(&mut self, key: &str) {
        self.0.retain(|(other, _)| other != key);
    }

    pub(crate) fn retain(&mut self, keep: impl Fn(&str) -> bool) {
        self.0.retain(|(key, _)| keep(key));
    }

    /// Writes the object; no attributes at all are no bytes at all.
    pub(crate) fn to_bytes(&self) -> Result<Bytes, serde_json::Error> {
        if self.0.is_empty() { Ok(Bytes::new()) } else { serde_json::to_vec(self).map(Bytes::from) }
    }
}

impl serde::Serialize for Attributes<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(&**key, &**value)?;
        }
        map.end()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Attributes<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Attributes<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Attributes<'de>, A::Error> {
                let mut attributes = Vec::new();
                while let Some(Key(key)) = map.next_key()? {
                    attributes.push((key, Cow::Borrowed(map.next_value::<&RawValue>()?)));
                }
                Ok(Attributes(attributes))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const DATA: &[u8] = br#"{"a":1,"deep":{"a":2,"x":[1,2,{"a":3}]},"t\u0065xt":"v","a b":null}"#;

    #[test]
    fn one_value_is_found_and_the_others_are_left_alone() {
        assert_eq!(find::<u8>(DATA, "a").expect("valid"), Some(1));
        assert_eq!(find::<String>(DATA, "text").expect("valid"), Some("v".to_owned()));
        assert_eq!(find::<Option<u8>>(DATA, "a b").expect("valid"), Some(None));
        assert_eq!(find::<u8>(DATA, "x").expect("valid"), None);
        assert_eq!(find::<u8>(b"", "a").expect("valid"), None);
        assert!(find::<String>(DATA, "a").is_err(), "another type");
        let error = find::<u8>(b"[1]", "a").expect_err("not an object").to_string();
        assert!(error.contains("a JSON object"), "{error}");
        let error = Attributes::parse(b"[1]").expect_err("not an object").to_string();
        assert!(error.contains("a JSON object"), "{error}");
        assert!(find::<u8>(br#"{"a":1"#, "a").is_err(), "torn");
    }

    #[test]
    fn changing_one_value_leaves_the_bytes_of_the_others() {
        let mut attributes = Attributes::parse(DATA).expect("valid");
        attributes.set("a", RawValue::from_string("[7]".into()).expect("valid"));
        attributes.set("new", RawValue::from_string("1.50".into()).expect("valid"));
        attributes.remove("a b");
        let written = attributes.to_bytes().expect("valid");
        assert_eq!(
            str::from_utf8(&written).expect("text"),
            r#"{"a":[7],"deep":{"a":2,"x":[1,2,{"a":3}]},"text":"v","new":1.50}"#
        );
    }

    #[test]
    fn of_a_repeated_key_the_last_value_counts_everywhere() {
        let data = br#"{"a":1,"b":0,"a":2}"#;
        assert_eq!(find::<u8>(data, "a").expect("valid"), Some(2));
        let mut attributes = Attributes::parse(data).expect("valid");
        assert_eq!(attributes.value("a").expect("there").get(), "2");
        attributes.set("a", RawValue::from_string("3".into()).expect("valid"));
        assert_eq!(find::<u8>(&attributes.to_bytes().expect("valid"), "a").expect("valid"), Some(3));
        attributes.remove("a");
        assert_eq!(attributes.to_bytes().expect("valid"), &br#"{"b":0}"#[..]);
    }

    #[test]
    fn no_attributes_are_no_bytes() {
        let mut attributes = Attributes::parse(br#"{"a":1}"#).expect("valid");
        attributes.remove("a");
        assert!(attributes.to_bytes().expect("valid").is_empty());
        assert!(Attributes::parse(b"").expect("valid").0.is_empty());
    }
}
