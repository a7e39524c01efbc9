//! Any bytes as a session of express-session: no panic, and what was understood is written so that it is read the same.

#![no_main]

use hallpass_dialects::express::Express;
use hallpass_dialects::{Dialect, Map, Stored, Value};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let express = Express::new([]);
    let Ok(session) = express.read(&Stored::Bytes(bytes.to_vec())) else { return };
    let written = express.write(&session, 0).expect("what was read can be written");
    let again = express.read(&written).expect("what was written is read");
    assert_eq!(again.attributes, map(&session.attributes));
    assert_eq!(express.write(&again, 0), Ok(written), "a session has one way to be written");
});

/// Returns what JavaScript makes of a value by writing it: a number that is too large for a double is null.
fn stringified(value: &Value) -> Value {
    match value {
        Value::Float(number) if !number.is_finite() => Value::Null,
        Value::List(items) => Value::List(items.iter().map(stringified).collect()),
        Value::Map(inner) => Value::Map(map(inner)),
        value => value.clone(),
    }
}

fn map(map: &Map) -> Map {
    map.iter().map(|(key, value)| (key.clone(), stringified(value))).collect()
}
