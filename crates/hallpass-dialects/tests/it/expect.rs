use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hallpass_dialects::{Map, Value};
use serde_json::Value as Json;

/// Asserts that a map has exactly the content that a vector states, whose types that JSON has not are tagged with `$`.
pub(crate) fn content(name: &str, found: &Map, stated: &Json) {
    assert!(is_map(found, stated), "{name}: {found:?}\nis not {stated}");
}

fn is_map(found: &Map, stated: &Json) -> bool {
    let Some(stated) = stated.as_object() else { return false };
    if let Some(pairs) = stated.get("$dict_items").or_else(|| stated.get("$pairs")).and_then(Json::as_array) {
        return found.len() == pairs.len()
            && pairs.iter().all(|pair| found.iter().any(|(key, value)| is(key, &pair[0]) && is(value, &pair[1])));
    }
    found.len() == stated.len()
        && stated.iter().all(|(name, stated)| found.get(name).is_some_and(|value| is(value, stated)))
}

/// Tells whether a value is what a vector states.
pub(crate) fn is(found: &Value, stated: &Json) -> bool {
    if let Some((tag, inner)) = stated.as_object().and_then(tagged) {
        return is_tagged(found, tag, inner, stated);
    }
    match (found.plain(), stated) {
        (Value::Null, Json::Null) => true,
        (Value::Bool(found), Json::Bool(stated)) => found == stated,
        (Value::Int(found), Json::Number(stated)) => stated.as_i64() == Some(*found),
        (Value::Float(found), Json::Number(stated)) => {
            stated.as_f64().is_some_and(|stated| stated.to_bits() == found.to_bits())
        }
        // JSON as it is read here has no larger whole numbers than this.
        (Value::Big(found), Json::Number(stated)) => found.parse::<f64>().ok() == stated.as_f64(),
        (Value::Text(found), Json::String(stated)) => found == stated.as_str(),
        (Value::List(found), Json::Array(stated)) => {
            found.len() == stated.len() && found.iter().zip(stated).all(|(found, stated)| is(found, stated))
        }
        (Value::Map(found), Json::Object(_)) => is_map(found, stated),
        _ => false,
    }
}

fn tagged(object: &serde_json::Map<String, Json>) -> Option<(&str, &Json)> {
    let (tag, inner) = object.iter().find(|(name, _)| name.starts_with('$'))?;
    (!matches!(tag.as_str(), "$dict_items" | "$pairs")).then_some((tag.as_str(), inner))
}

fn is_tagged(found: &Value, tag: &str, inner: &Json, stated: &Json) -> bool {
    let number = |text: &Json| text.as_str().map_or_else(|| text.to_string(), str::to_owned);
    let digits = |found: &Value| match found.plain() {
        Value::Int(number) => number.to_string(),
        Value::Big(digits) => digits.to_string(),
        Value::Float(number) => number.to_string(),
        other => format!("{other:?}"),
    };
    let is_of = |class: &str| found.tag() == Some(class);
    match tag {
        "$tuple" => is_of("tuple") && is(found.plain(), inner),
        "$set" => is_of("set") && is_same_set(found, inner),
        "$frozenset" => is_of("frozenset") && is_same_set(found, inner),
        "$bytes_base64" => {
            matches!(found.plain(), Value::Bytes(bytes) if Some(STANDARD.encode(bytes).as_str()) == inner.as_str())
        }
        "$datetime" => is_of("datetime.datetime") && is(found.plain(), inner),
        "$date" => is_of("datetime.date") && is(found.plain(), inner),
        "$decimal" => is_of("decimal.Decimal") && is(found.plain(), inner),
        "$uuid" => is_of("uuid.UUID") && is(found.plain(), inner),
        "$timedelta_s" => {
            let seconds = found.as_int().and_then(|micros| i32::try_from(micros / 1_000_000).ok()).map(f64::from);
            is_of("datetime.timedelta") && seconds == inner.as_f64()
        }
        // Of Go: these two are its usual ones.
        "$int" => found.tag().is_none() && digits(found) == number(inner),
        "$float64" => found.tag().is_none() && matches!(found, Value::Float(_)) && digits(found) == number(inner),
        "$complex" => {
            let parts: Vec<String> = found.as_list().into_iter().flatten().map(digits).collect();
            is_of("complex128") && inner.as_str() == Some(&format!("({}i)", parts.join("+")))
        }
        "$time" => is_of("time.Time") && is(found.plain(), inner),
        "$struct" | "$pstruct" => {
            let mut fields = stated.clone();
            fields.as_object_mut().expect("an object").remove(tag);
            is_of(inner.as_str().expect("a name")) && found.as_map().is_some_and(|found| is_struct(found, &fields))
        }
        "$named_int" => is_of(inner.as_str().expect("a name")) && is(found.plain(), &stated["value"]),
        _ => {
            let class = &tag[1..];
            let items = inner.as_array().map(|items| Json::Array(items.clone()));
            is_of(class) && items.map_or_else(|| digits(found) == number(inner), |items| is(found.plain(), &items))
        }
    }
}

// Sets have no order.
fn is_same_set(found: &Value, stated: &Json) -> bool {
    let (Some(found), Some(stated)) = (found.as_list(), stated.as_array()) else { return false };
    found.len() == stated.len() && stated.iter().all(|stated| found.iter().any(|found| is(found, stated)))
}

// Fields that have the zero of their type are not written by gob.
fn is_struct(found: &Map, stated: &Json) -> bool {
    let Some(stated) = stated.as_object() else { return false };
    stated.iter().all(|(name, stated)| found.get(name).map_or_else(|| is_zero(stated), |found| is_field(found, stated)))
}

fn is_field(found: &Value, stated: &Json) -> bool {
    match (found.plain(), stated) {
        (Value::Float(found), Json::Number(stated)) => Some(*found) == stated.as_f64(),
        _ => is(found, stated),
    }
}

fn is_zero(stated: &Json) -> bool {
    match stated {
        Json::Null => true,
        Json::Bool(flag) => !flag,
        Json::Number(number) => number.as_f64() == Some(0.0),
        Json::String(text) => text.is_empty(),
        Json::Array(items) => items.is_empty(),
        Json::Object(fields) => fields.is_empty(),
    }
}
