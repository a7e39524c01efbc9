//! JSON as `GenericJackson2JsonRedisSerializer` writes it: types are in `@class`, or before a value in a list of two.

use std::borrow::Cow;

use crate::error::{Error, Format};
use crate::format::json::{self, Spelling};
use crate::limits::Limits;
use crate::value::{Map, Opaque, Value};

const ARRAY_LIST: &str = "java.util.ArrayList";
const HASH_MAP: &str = "java.util.HashMap";
const LONG: &str = "java.lang.Long";
const CLASS: &str = "@class";

/// Reads one value. What could not be written again as it was is opaque, with what can be seen of it.
pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Value, Error> {
    // A key may stand beside the type and have its name: which of the two is which is left to Jackson.
    let (value, mut is_writable) = json::read_and_tell(bytes, Spelling::Java, limits)?;
    // At the root a number has no type around it.
    if let Value::Int(_) = value {
        return Ok(value);
    }
    let view = typed(value, &mut is_writable);
    if is_writable && view.tag() != Some(LONG) && !outgrows(&view, bytes, limits) {
        return Ok(view);
    }
    let class = match &view {
        Value::List(_) => "an array",
        Value::Float(_) | Value::Big(_) => "a number",
        Value::Text(_) => "java.lang.String",
        view => view.tag().unwrap_or("an object"),
    };
    let class = class.to_owned();
    let view = match view {
        Value::Opaque(opaque) => opaque.view().clone(),
        view => view,
    };
    Ok(Value::Opaque(Box::new(Opaque::new(&class, bytes, view))))
}

/// Tells whether a value is too long to be read again once it is written.
fn outgrows(value: &Value, bytes: &[u8], limits: &Limits) -> bool {
    // `1e15` becomes 18 bytes, and nothing grows more. Beside the value there is its name.
    const MOST: usize = 5;
    const NAME: usize = 1024;
    let longest = limits.bytes.saturating_sub(NAME);
    bytes.len() > longest / MOST && write(value).is_ok_and(|written| written.len() > longest)
}

fn typed(value: Value, is_writable: &mut bool) -> Value {
    match value {
        Value::List(items) => typed_list(items, is_writable),
        Value::Map(map) => typed_map(map, is_writable),
        // Jackson writes no number so: one beyond 32 bits has its type around it, one beyond 64 is of another class, and
        // of what is no number or is too large for a `Double` it makes text.
        Value::Int(number) if i32::try_from(number).is_ok() => value,
        Value::Float(number) if number.is_finite() => value,
        Value::Int(_) | Value::Float(_) | Value::Big(_) => {
            *is_writable = false;
            value
        }
        value => value,
    }
}

fn typed_list(items: Vec<Value>, is_writable: &mut bool) -> Value {
    let class = match items.as_slice() {
        [Value::Text(class), _] => class.as_str().filter(|class| is_class(class)).map(str::to_owned),
        _ => None,
    };
    let Some(class) = class else {
        // An array, or `List.of`: its type is lost.
        *is_writable = false;
        return Value::List(items.into_iter().map(|item| typed(item, is_writable)).collect());
    };
    let value = match items.into_iter().nth(1) {
        Some(number @ Value::Int(_)) if class == LONG => return Value::tagged(LONG, number),
        Some(Value::List(items)) => Value::List(items.into_iter().map(|item| typed(item, is_writable)).collect()),
        Some(value) => typed(value, is_writable),
        None => Value::Null,
    };
    if class == ARRAY_LIST && matches!(value, Value::List(_)) {
        return value;
    }
    *is_writable = false;
    Value::tagged(class, value)
}

fn typed_map(mut map: Map, is_writable: &mut bool) -> Value {
    let class = map.remove(CLASS);
    let pairs = map.into_pairs().into_iter().map(|(key, value)| (key, typed(value, is_writable)));
    let map = Value::Map(Map::from_pairs(pairs.collect()));
    match class.as_ref().and_then(Value::as_str) {
        Some(HASH_MAP) => map,
        Some("java.util.LinkedHashMap") => Value::tagged("java.util.LinkedHashMap", map),
        Some(class) => {
            *is_writable = false;
            Value::Opaque(Box::new(Opaque::new(class, &[], map)))
        }
        // `Map.of`, or a serializer without types.
        None => {
            *is_writable = false;
            Value::Opaque(Box::new(Opaque::new("an object", &[], map)))
        }
    }
}

/// Tells whether text before a value is a class: a name with points, or an array's.
fn is_class(text: &str) -> bool {
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '$' | '[' | ';');
    text.contains('.') && text.chars().all(is_name) && !text.starts_with('.') && !text.ends_with('.')
}

/// Writes one value with its types.
pub(super) fn write(value: &Value) -> Result<Vec<u8>, Error> {
    let typed = with_types(value, true)?;
    json::write(&typed, Spelling::Java)
}

fn with_types(value: &Value, is_root: bool) -> Result<Cow<'_, Value>, Error> {
    let long = |number: i64| Value::List(vec![LONG.into(), Value::Int(number)]);
    Ok(match value {
        Value::Null | Value::Bool(_) | Value::Float(_) | Value::Text(_) => Cow::Borrowed(value),
        Value::Int(number) if is_root || i32::try_from(*number).is_ok() => Cow::Borrowed(value),
        Value::Int(number) => Cow::Owned(long(*number)),
        Value::List(items) => {
            let items =
                items.iter().map(|item| with_types(item, false).map(Cow::into_owned)).collect::<Result<_, _>>()?;
            Cow::Owned(Value::List(vec![ARRAY_LIST.into(), Value::List(items)]))
        }
        Value::Map(map) => Cow::Owned(with_class(HASH_MAP, map)?),
        Value::Tagged(tagged) => match (&*tagged.tag, &tagged.value) {
            (LONG, Value::Int(_)) if is_root => Cow::Borrowed(&tagged.value),
            (LONG, Value::Int(number)) => Cow::Owned(long(*number)),
            ("java.util.LinkedHashMap", Value::Map(map)) => Cow::Owned(with_class("java.util.LinkedHashMap", map)?),
            (tag, _) => return Err(refuse(tag)),
        },
        Value::Opaque(opaque) => return Err(refuse(opaque.class())),
        Value::Big(_) => return Err(refuse("a number beyond 64 bits")),
        Value::Bytes(_) => return Err(refuse("bytes")),
    })
}

fn with_class(class: &str, map: &Map) -> Result<Value, Error> {
    let mut pairs: Vec<(Value, Value)> = vec![(CLASS.into(), class.into())];
    for (key, value) in map.iter() {
        if key.is(CLASS) {
            return Err(refuse("a key named @class"));
        }
        pairs.push((key.clone(), with_types(value, false)?.into_owned()));
    }
    Ok(Value::Map(Map::from_pairs(pairs)))
}

fn refuse(what: &str) -> Error {
    Error::read_only(Format::Json, format!("it has no place for {what:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Value {
        super::read(text.as_bytes(), &Limits::default()).unwrap()
    }

    #[test]
    fn what_jackson_writes_comes_back_to_the_byte() {
        for text in [
            "\"alice\"",
            "1767225600000",
            "1800",
            "null",
            r#"["java.util.ArrayList",["a",2,null,true,["java.lang.Long",5]]]"#,
            r#"["java.util.ArrayList",[2147483647,-2147483648,["java.lang.Long",2147483648],-0.0,1e300]]"#,
            r#"{"@class":"java.util.HashMap","gift":null,"opts":{"@class":"java.util.LinkedHashMap","a":2.5}}"#,
        ] {
            assert_eq!(write(&read(text)).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn what_would_be_too_long_to_be_read_is_kept_as_it_is() {
        let text = format!(r#"["java.util.ArrayList",[{}0]]"#, "1e15,".repeat(150_000));
        let limits = Limits { values: 1 << 20, ..Limits::default() };
        let Ok(Value::Opaque(opaque)) = super::read(text.as_bytes(), &limits) else { panic!() };
        assert_eq!((opaque.class(), opaque.bytes()), ("an array", text.as_bytes()));
    }

    #[test]
    fn other_types_are_kept_as_they_are() {
        for (text, class) in [
            (r#"["java.util.Date",1767225600123]"#, "java.util.Date"),
            (r#"{"@class":"com.example.Cart","count":3}"#, "com.example.Cart"),
            (r#"["java.util.ArrayList",[["java.util.Date",1]]]"#, "an array"),
            ("[1,2]", "an array"),
            (r#"{"k":"v"}"#, "an object"),
            // What Java takes for infinite.
            ("1e999", "a number"),
            (r#"["java.util.ArrayList",[-1e999]]"#, "an array"),
            // A `Long` without its type.
            (r#"["java.util.ArrayList",[2147483648]]"#, "an array"),
            (r#"{"@class":"java.util.HashMap","n":-2147483649}"#, "an object"),
            (r#"["java.lang.Long",5]"#, "java.lang.Long"),
            (r#"{"@class":"java.util.LinkedHashMap","@class":"java.util.HashMap"}"#, "an object"),
        ] {
            let Value::Opaque(opaque) = read(text) else { panic!("{text}") };
            assert_eq!((opaque.class(), opaque.bytes()), (class, text.as_bytes()));
        }
    }
}
