use crate::value::Value;

/// Returns the index, if a key is one of an array in JavaScript: spelled without leading zeros, below 2^32 - 1.
pub(super) fn of(key: &Value) -> Option<u32> {
    let Value::Text(text) = key else { return None };
    let text = text.as_str()?;
    let index: u32 = text.parse().ok()?;
    (index < u32::MAX && (text == "0" || text.starts_with(|c: char| matches!(c, '1'..='9')))).then_some(index)
}

/// Returns what keys are sorted by: an object of JavaScript has its indices first, in their order.
pub(super) fn place(key: &Value) -> u64 {
    of(key).map_or(u64::MAX, u64::from)
}
