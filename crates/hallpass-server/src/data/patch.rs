use bytes::Bytes;
use serde_json::value::{RawValue, to_raw_value};

use super::Object;

/// Returns data with a JSON Merge Patch applied (RFC 7396): what is `null` in the patch is removed, objects are merged,
/// everything else is replaced. Values that the patch does not name stay byte for byte.
pub(crate) fn patched(data: &[u8], patch: &Object) -> serde_json::Result<Bytes> {
    let mut object = Object::parse(data)?;
    merge(&mut object, patch)?;
    object.to_bytes()
}

fn merge(target: &mut Object, patch: &Object) -> serde_json::Result<()> {
    let mut removes = false;
    for (key, value) in &patch.0 {
        if value.get() == "null" {
            removes = true;
        } else {
            let merged = merged(target.0.get(key).map(|value| &**value), value)?;
            target.0.insert(key.clone(), merged);
        }
    }
    if removes {
        // All at once: each removal by itself moves everything behind it.
        target.0.retain(|key, _| patch.0.get(key).is_none_or(|value| value.get() != "null"));
    }
    Ok(())
}

// As deep as patches may be nested, which is bounded where they are read.
fn merged(target: Option<&RawValue>, patch: &RawValue) -> serde_json::Result<Box<RawValue>> {
    if !is_object(patch) {
        return Ok(patch.to_owned());
    }
    let mut object = match target.filter(|target| is_object(target)) {
        Some(target) => Object::parse(target.get().as_bytes())?,
        None => Object::default(),
    };
    merge(&mut object, &Object::parse(patch.get().as_bytes())?)?;
    to_raw_value(&object.0)
}

fn is_object(value: &RawValue) -> bool {
    value.get().starts_with('{')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn patch(data: &str, patch: &str) -> String {
        let raw = RawValue::from_string(patch.to_owned()).expect("JSON");
        let patch = Object::read(&raw).expect("an object");
        let bytes = patched(data.as_bytes(), &patch).expect("JSON");
        if bytes.is_empty() { "{}".to_owned() } else { String::from_utf8(bytes.to_vec()).expect("text") }
    }

    /// The examples of RFC 7396, appendix A, whose target and patch are objects.
    #[test]
    fn the_examples_of_the_rfc_hold() {
        for (target, change, result) in [
            (r#"{"a":"b"}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"b":"c"}"#, r#"{"a":"b","b":"c"}"#),
            (r#"{"a":"b"}"#, r#"{"a":null}"#, "{}"),
            (r#"{"a":"b","b":"c"}"#, r#"{"a":null}"#, r#"{"b":"c"}"#),
            (r#"{"a":["b"]}"#, r#"{"a":"c"}"#, r#"{"a":"c"}"#),
            (r#"{"a":"c"}"#, r#"{"a":["b"]}"#, r#"{"a":["b"]}"#),
            (r#"{"a":{"b":"c"}}"#, r#"{"a":{"b":"d","c":null}}"#, r#"{"a":{"b":"d"}}"#),
            (r#"{"a":[{"b":"c"}]}"#, r#"{"a":[1]}"#, r#"{"a":[1]}"#),
            (r#"{"e":null}"#, r#"{"a":1}"#, r#"{"e":null,"a":1}"#),
            ("{}", r#"{"a":{"bb":{"ccc":null}}}"#, r#"{"a":{"bb":{}}}"#),
        ] {
            assert_eq!(patch(target, change), result, "{target} with {change}");
        }
    }

    #[test]
    fn many_keys_are_removed_in_time_that_grows_with_their_number() {
        let write = |value: &str| {
            let keys: Vec<_> = (0..80_000).map(|key| format!("\"{key}\":{value}")).collect();
            format!("{{{}}}", keys.join(","))
        };
        let (data, removal) = (write("1"), write("null"));
        let begun = std::time::Instant::now();
        assert_eq!(patch(&data, &removal), "{}");
        // 80,000 removals that each move what is behind them take minutes without optimisation.
        assert!(begun.elapsed() < std::time::Duration::from_secs(10), "{:?}", begun.elapsed());
    }

    #[test]
    fn what_a_patch_does_not_name_stays_byte_for_byte() {
        let data = r#"{"n":1.50,"big":123456789012345678901234567890,"o":{"x": [1, 2],"y":1}}"#;
        let result = r#"{"n":1.50,"big":123456789012345678901234567890,"o":{"x":[1, 2],"y":2}}"#;
        assert_eq!(patch(data, r#"{"o":{"y":2}}"#), result);
    }
}
