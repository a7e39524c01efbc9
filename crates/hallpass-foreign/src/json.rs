use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hallpass_dialects::{Map, Value};
use serde_json::{Value as Json, json};

/// Returns a value as JSON, for people and for programs that know no types of other languages.
///
/// Bytes are `{"$bytes": BASE64}`, and an object that is kept as bytes is `{"$class": NAME, "view": ...}`. Whole numbers
/// beyond 64 bits, and keys that are no text, are text.
pub fn to_json(value: &Value) -> Json {
    match value {
        Value::Bool(flag) => json!(flag),
        Value::Int(number) => json!(number),
        Value::Big(digits) => json!(digits),
        // What is no number in JSON is null there, too.
        Value::Float(number) => json!(number),
        Value::Text(text) => json!(text.to_lossy()),
        Value::Bytes(bytes) => json!({ "$bytes": STANDARD.encode(bytes) }),
        Value::List(items) => items.iter().map(to_json).collect(),
        Value::Map(map) => map_to_json(map),
        Value::Tagged(tagged) => to_json(&tagged.value),
        Value::Opaque(opaque) => json!({ "$class": opaque.class(), "view": to_json(opaque.view()) }),
        _ => Json::Null,
    }
}

/// Returns a map as a JSON object.
pub fn map_to_json(map: &Map) -> Json {
    let name = |key: &Value| match key {
        Value::Text(text) => text.to_lossy().into_owned(),
        other => to_json(other).to_string(),
    };
    Json::Object(map.iter().map(|(key, value)| (name(key), to_json(value))).collect())
}

/// Returns a value of JSON as every framework has it by itself.
pub fn from_json(json: &Json) -> Value {
    match json {
        Json::Null => Value::Null,
        Json::Bool(flag) => Value::Bool(*flag),
        Json::Number(number) => match (number.as_i64(), number.as_u64(), number.as_f64()) {
            (Some(number), ..) => Value::Int(number),
            (_, Some(number), _) => Value::Big(number.to_string().into()),
            (.., number) => number.map_or(Value::Null, Value::Float),
        },
        Json::String(text) => text.as_str().into(),
        Json::Array(items) => Value::List(items.iter().map(from_json).collect()),
        Json::Object(map) => {
            Value::Map(map.iter().map(|(name, value)| (name.as_str().into(), from_json(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_goes_there_and_back() {
        let json = json!({ "a": [1, -2.5, null, true, "é🦀", u64::MAX.to_string()], "b": { "c": {} } });
        assert_eq!(to_json(&from_json(&json)), json);
        assert_eq!(from_json(&json!(u64::MAX)), Value::Big("18446744073709551615".into()));
    }

    #[test]
    fn what_json_has_not_is_still_shown() {
        let map: Map = [(Value::Int(1), Value::Bytes([0, 255].into())), ("f".into(), Value::Float(f64::NAN))]
            .into_iter()
            .collect();
        assert_eq!(map_to_json(&map), json!({ "1": { "$bytes": "AP8=" }, "f": null }));
    }
}
