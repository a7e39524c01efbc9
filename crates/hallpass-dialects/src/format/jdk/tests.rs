use super::*;
use crate::value::Map;

fn read(bytes: &[u8]) -> Result<Value, Error> {
    super::read(bytes, &Limits::default())
}

fn map(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Map(pairs.into_iter().map(|(key, value)| (key.into(), value)).collect::<Map>())
}

#[test]
fn what_is_written_is_read_again() {
    let tagged = |tag: &'static str, value| Value::tagged(tag, value);
    for value in [
        Value::Null,
        "a\0é🦀".into(),
        "x".repeat(70_000).into(),
        Value::Bool(true),
        Value::Int(-1),
        tagged("java.lang.Long", Value::Int(i64::MIN)),
        tagged("java.lang.Short", Value::Int(-7)),
        tagged("java.lang.Byte", Value::Int(-128)),
        tagged("java.lang.Float", Value::Float(1.5)),
        tagged("java.lang.Character", "é".into()),
        Value::Float(-0.0),
        Value::List(vec![Value::Int(1), Value::Int(2), Value::List(Vec::new()), Value::Null]),
        map([("a", Value::Int(1)), ("b", map([]))]),
        Value::Map((0..100).map(|n| (Value::Int(n), Value::Bool(true))).collect()),
    ] {
        assert_eq!(read(&write(&value).unwrap()), Ok(value));
    }
    // Of a number without a type, the smallest class that holds it is written.
    let long = Value::tagged("java.lang.Long", Value::Int(1 << 40));
    assert_eq!(read(&write(&Value::Int(1 << 40)).unwrap()), Ok(long));
}

#[test]
fn numbers_out_of_their_range_are_not_written() {
    for (tag, value) in [
        ("java.lang.Short", Value::Int(1 << 15)),
        ("java.lang.Byte", Value::Int(128)),
        ("java.lang.Float", Value::Float(0.1)),
        ("java.lang.Character", "ab".into()),
        ("java.util.Date", Value::Int(0)),
    ] {
        assert!(write(&Value::tagged(tag, value)).unwrap_err().is_read_only(), "{tag}");
    }
}

/// A stream with one object of a class whose only field leads to the object itself.
fn circle() -> Vec<u8> {
    let mut bytes = b"\xac\xed\0\x05sr\0\x01A\0\0\0\0\0\0\0\x01\x02\0\x01L\0\x01at\0\x03LA;xp".to_vec();
    bytes.extend_from_slice(b"q\0\x7e\0\x02");
    bytes
}

#[test]
fn an_object_that_leads_to_itself_is_seen_up_to_there() {
    let Ok(Value::Opaque(object)) = read(&circle()) else { panic!() };
    assert_eq!((object.class(), object.bytes()), ("A", &circle()[..]));
    assert!(object.view().at(&["a"]).is_some_and(|inner| inner.tag() == Some("A")));
}

#[test]
fn a_class_that_is_above_itself_is_refused() {
    let error = read(b"\xac\xed\0\x05sr\0\x01A\0\0\0\0\0\0\0\x01\x02\0\0xq\0\x7e\0\0").unwrap_err();
    assert!(error.is_malformed(), "{error}");
}

#[test]
fn somebody_elses_class_under_a_name_of_javas_is_no_number() {
    let Ok(Value::Opaque(object)) =
        read(b"\xac\xed\0\x05sr\0\x11java.lang.Integer\0\0\0\0\0\0\0\x01\x02\0\x01Z\0\x05valuexp\x01")
    else {
        panic!()
    };
    assert_eq!(object.view().at(&["value"]), Some(&Value::Bool(true)));
}

#[test]
fn what_a_class_of_javas_does_not_have_is_kept() {
    let number = |fields: &[u8], below: &[u8], values: &[u8]| {
        let head = b"\xac\xed\0\x05sr\0\x11java.lang.Integer\0\0\0\0\0\0\0\x01\x02\0";
        [&head[..], fields, b"x", below, values].concat()
    };
    let value = b"\x01I\0\x05value";
    assert_eq!(read(&number(value, b"p", b"\0\0\0\x05")), Ok(Value::Int(5)));
    let own = b"r\0\x03Own\0\0\0\0\0\0\0\x01\x02\0\x01I\0\x01nxp";
    for bytes in [
        number(b"\x02I\0\x05otherI\0\x05value", b"p", b"\0\0\0\x04\0\0\0\x05"),
        number(value, own, b"\0\0\0\x04\0\0\0\x05"),
    ] {
        let Ok(Value::Opaque(object)) = read(&bytes) else { panic!() };
        assert_eq!((object.class(), object.bytes()), ("java.lang.Integer", &bytes[..]));
        assert_eq!(object.view().at(&["value"]), Some(&Value::Int(5)));
    }
}

#[test]
fn the_depth_of_a_value_does_not_depend_on_where_its_class_is_described() {
    let nested = |depth| (0..depth).fold(Value::Int(1), |value, _| Value::List(vec![value]));
    assert_eq!(read(&write(&nested(63)).unwrap()), Ok(nested(63)));
    assert!(read(&write(&nested(64)).unwrap()).unwrap_err().is_too_large());
}

#[test]
fn what_was_shared_and_would_be_too_much_is_kept_as_it_is() {
    let list = |count: u32, item: &[u8], rest: &[u8]| {
        let mut bytes = b"\xac\xed\0\x05sr\0\x13java.util.ArrayList\0\0\0\0\0\0\0\x01\x03\0\x01I\0\x04sizexp".to_vec();
        bytes.extend_from_slice(&count.to_be_bytes());
        bytes.extend_from_slice(b"w\x04\0\0\0\0");
        bytes.extend_from_slice(item);
        (1..count).for_each(|_| bytes.extend_from_slice(rest));
        bytes.push(b'x');
        bytes
    };
    // A text of 2,000 bytes at 1,100 places, and a number at 40,000.
    let text = list(1100, &[b"t\x07\xd0", &[b'x'; 2000][..]].concat(), b"q\0\x7e\0\x02");
    let number = &write(&Value::Int(7)).unwrap()[4..];
    let number = list(40_000, number, b"q\0\x7e\0\x04");
    for bytes in [text, number] {
        let Ok(Value::Opaque(object)) = read(&bytes) else { panic!() };
        assert_eq!((object.class(), object.bytes()), ("java.util.ArrayList", &bytes[..]));
        assert!(object.view().as_list().is_some());
    }
    let few = list(3, &write(&Value::Int(7)).unwrap()[4..], b"q\0\x7e\0\x04");
    assert_eq!(read(&few), Ok(Value::List(vec![Value::Int(7); 3])));
}

#[test]
fn what_is_nested_or_shared_without_end_is_refused() {
    // Lists in lists.
    let mut value = Value::Null;
    for _ in 0..100 {
        value = Value::List(vec![value]);
    }
    assert!(read(&write(&value).unwrap()).unwrap_err().is_too_large());

    // Each list holds the one before ten times.
    let mut bytes =
        b"\xac\xed\0\x05sr\0\x13java.util.ArrayList\0\0\0\0\0\0\0\x01\x03\0\x01I\0\x04sizexp\0\0\0\x0aw\x04\0\0\0\x0a"
            .to_vec();
    let levels = 12_u32;
    for level in 1..levels {
        bytes.extend_from_slice(b"sq\0\x7e\0\0");
        let size: &[u8] = if level == levels - 1 { b"\0\0\0\0w\x04\0\0\0\0x" } else { b"\0\0\0\x0aw\x04\0\0\0\x0a" };
        bytes.extend_from_slice(size);
    }
    for level in (1..levels).rev() {
        let handle = 0x7e_0001 + level;
        for _ in 0..9 {
            bytes.push(b'q');
            bytes.extend_from_slice(&handle.to_be_bytes());
        }
        bytes.push(b'x');
    }
    assert!(read(&bytes).unwrap_err().is_too_large());
}

#[test]
fn the_fields_of_what_is_shared_are_counted_at_each_place() {
    // An object with 500 fields of a byte each at 500 places, and an array of as many bytes.
    let mut fields = b"sr\0\x03Own\0\0\0\0\0\0\0\x01\x02\x01\xf4".to_vec();
    (0..500).for_each(|n| fields.extend_from_slice(format!("Z\0\x04f{n:03}").as_bytes()));
    let object = [&fields[..], b"xp", &[1; 500]].concat();
    let array = [&b"ur\0\x02[Z\0\0\0\0\0\0\0\x01\x02\0\0xp\0\0\x01\xf4"[..], &[1; 500]].concat();
    // A constant with a long name, a field with one, and a number with many digits.
    let text = [&b"\x20\x00"[..], &[b'x'; 0x2000]].concat();
    let constant = [&b"~r\0\x03Own\0\0\0\0\0\0\0\x01\x12\0\0xpt"[..], &text].concat();
    let mut named = b"sr\0\x03Own\0\0\0\0\0\0\0\x01\x02\0\x20".to_vec();
    (0..32).for_each(|n| named.extend_from_slice(format!("Z\x04\0{n:01024}").as_bytes()));
    named.extend_from_slice(&[&b"xp"[..], &[1; 32]].concat());
    let number = b"sr\0\x14java.math.BigInteger\0\0\0\0\0\0\0\x01\x02\0\x02I\0\x06signum[\0\x09magnitudet\0\x02[Bxp";
    let number = [&number[..], b"\0\0\0\x01ur\0\x02[B\0\0\0\0\0\0\0\x01\x02\0\0xp\0\0\x06\0", &[0xff; 0x600]].concat();
    for (item, handle, count) in
        [(object, 3, 500), (array, 3, 500), (constant, 3, 2000), (named, 3, 2000), (number, 4, 3000_u32)]
    {
        let mut bytes = b"\xac\xed\0\x05ur\0\x13[Ljava.lang.Object;\0\0\0\0\0\0\0\x01\x02\0\0xp".to_vec();
        bytes.extend_from_slice(&count.to_be_bytes());
        bytes.extend_from_slice(&item);
        (1..count).for_each(|_| bytes.extend_from_slice(&[b'q', 0, 0x7e, 0, handle]));
        let error = read(&bytes).unwrap_err();
        assert!(error.is_too_large(), "{error}");
    }
}
