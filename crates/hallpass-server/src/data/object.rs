use bytes::Bytes;
use hallpass::JsonLimits;
use indexmap::IndexMap;
use serde_json::value::RawValue;

/// A JSON object taken apart into keys and values as they were written, in their order.
#[derive(Debug, Clone, Default)]
pub(crate) struct Object(pub(super) IndexMap<String, Box<RawValue>>);

/// Why JSON is not taken as data.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct InvalidData(String);

impl Object {
    /// How deep values may be nested; how many there are is bounded by the length.
    const LIMITS: JsonLimits = JsonLimits { depth: 64, names: usize::MAX };

    /// Takes an object apart, after a check of everything in it: no key twice, nothing nested too deep, every text
    /// valid Unicode, every number one that can be read.
    pub(crate) fn read(json: &RawValue) -> Result<Self, InvalidData> {
        let text = json.get();
        if !text.starts_with('{') {
            return Err(InvalidData("This is a JSON object.".to_owned()));
        }
        Self::LIMITS.check(text).map_err(|why| InvalidData(format!("This cannot be stored: {why}.")))?;
        serde_json::from_str(text).map(Self).map_err(|error| InvalidData(error.to_string()))
    }

    /// Takes apart what is stored, or what was checked.
    pub(super) fn parse(json: &[u8]) -> serde_json::Result<Self> {
        if json.is_empty() { Ok(Self::default()) } else { serde_json::from_slice(json).map(Self) }
    }

    /// Writes the object; an empty one is no bytes at all, as the library has it.
    pub(crate) fn to_bytes(&self) -> serde_json::Result<Bytes> {
        if self.0.is_empty() { Ok(Bytes::new()) } else { serde_json::to_vec(&self.0).map(Bytes::from) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<String, String> {
        let raw = RawValue::from_string(json.to_owned()).map_err(|error| error.to_string())?;
        let object = Object::read(&raw).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(object.to_bytes().expect("JSON").to_vec()).expect("text"))
    }

    #[test]
    fn an_object_is_kept_as_it_was_written() {
        let json = r#"{"b":1.50,"a":[1, 2],"big":123456789012345678901234567890,"é":"\u00e9"}"#;
        assert_eq!(read(json).as_deref(), Ok(json));
        assert_eq!(read("{ }").as_deref(), Ok(""));
    }

    #[test]
    fn what_readers_would_not_agree_on_is_refused() {
        let deep = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));
        assert!(read(&deep(64)).is_ok());
        for bad in [
            "[]",
            "1",
            r#"{"a":1,"a":2}"#,
            r#"{"x":[{"a":1,"\u0061":2}]}"#,
            r#"{"a":"\ud800"}"#,
            r#"{"a":1e999}"#,
            &deep(65),
            &deep(5000),
        ] {
            assert!(read(bad).is_err(), "{}", &bad[..bad.len().min(40)]);
        }
    }
}
