use super::Spelling;
use crate::value::Value;

/// Sorts what has keys into the order in which the language has them; other languages keep the order of writing.
pub(super) fn sort<T>(pairs: &mut [T], spelling: Spelling, key: impl Fn(&T) -> &Value) {
    match spelling {
        // An object has its array indices first, in their order.
        Spelling::JavaScript if pairs.iter().any(|pair| array_index(key(pair)).is_some()) => {
            pairs.sort_by_key(|pair| array_index(key(pair)).map_or(u64::MAX, u64::from));
        }
        Spelling::Go => pairs.sort_by(|a, b| bytes(key(a)).cmp(bytes(key(b)))),
        Spelling::JavaScript | Spelling::Python | Spelling::PythonSpaced | Spelling::Java => {}
    }
}

/// Returns the index, if it is one of an array in JavaScript: spelled without leading zeros, below 2^32 - 1.
fn array_index(key: &Value) -> Option<u32> {
    let Value::Text(text) = key else { return None };
    let text = text.as_str()?;
    let index: u32 = text.parse().ok()?;
    (index < u32::MAX && (text == "0" || text.starts_with(|c: char| matches!(c, '1'..='9')))).then_some(index)
}

fn bytes(key: &Value) -> &[u8] {
    match key {
        Value::Text(text) => text.as_bytes(),
        _ => &[],
    }
}
