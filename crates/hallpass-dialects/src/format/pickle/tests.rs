use crate::error::Error;
use crate::limits::Limits;
use crate::value::{Map, Value};

fn read(bytes: &[u8]) -> Result<Value, Error> {
    super::read(bytes, &Limits::default())
}

fn write(value: &Value, protocol: u8) -> Result<Vec<u8>, Error> {
    super::write(value, protocol, &Limits::default())
}

fn map(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Value {
    Value::Map(pairs.into_iter().map(|(key, value)| (key.into(), value)).collect::<Map>())
}

#[test]
fn what_is_written_is_what_was_read_of_every_known_type() {
    let tagged = |tag, text: &str| Value::tagged(tag, text.into());
    let value = map([
        ("text", "é🦀".into()),
        ("ints", Value::List([0, 255, 256, 65_536, -1, i64::MAX, i64::MIN].map(Value::Int).to_vec())),
        ("big", Value::Big("-123456789012345678901234567890".into())),
        ("float", Value::Float(-0.0)),
        ("bytes", Value::Bytes([0, 255].into())),
        ("array", Value::tagged("bytearray", Value::Bytes([7].into()))),
        (
            "tuples",
            Value::List(
                (0..5).map(|n| Value::tagged("tuple", Value::List((0..n).map(Value::Int).collect()))).collect(),
            ),
        ),
        ("set", Value::tagged("set", Value::List(vec![Value::Int(1), "a".into()]))),
        ("frozen", Value::tagged("frozenset", Value::List(vec![Value::Null]))),
        ("decimal", tagged("decimal.Decimal", "-1.50E+3")),
        ("uuid", tagged("uuid.UUID", "12345678-1234-5678-1234-567812345678")),
        ("date", tagged("datetime.date", "2026-01-03")),
        ("time", tagged("datetime.time", "03:04:05.000600[fold=1]")),
        ("naive", tagged("datetime.datetime", "2026-01-02T03:04:05.678901")),
        ("aware", tagged("datetime.datetime", "2026-01-02T03:04:05+05:30")),
        ("west", tagged("datetime.datetime", "2026-01-02T03:04:05-03:30[NST]")),
        ("place", tagged("datetime.datetime", "2026-10-25T02:30:00[Europe/Vienna][fold=1]")),
        ("zone", tagged("datetime.timezone", "+00:00")),
        ("delta", Value::tagged("datetime.timedelta", Value::Int(-1))),
        ("many", Value::List((0..2500).map(Value::Int).collect())),
    ]);
    for protocol in [4, 5] {
        assert_eq!(read(&write(&value, protocol).unwrap()), Ok(value.clone()));
    }
}

#[test]
fn a_small_session_has_the_bytes_that_python_writes() {
    let bytes = b"\x80\x05\x95\x11\0\0\0\0\0\0\0}\x94\x8c\x04user\x94\x8c\x03bob\x94s.";
    assert_eq!(write(&map([("user", "bob".into())]), 5).unwrap(), bytes);
    assert_eq!(write(&map([]), 5).unwrap(), b"\x80\x05}\x94.");
}

#[test]
fn protocols_of_old_are_read() {
    let zero = b"(dp0\nVuser\np1\nVal\\u00e9\np2\nsVn\np3\nI42\nsVl\np4\nL5L\nsVt\np5\nI01\nsVf\np6\nF1.5\nsVa\np7\n(lp8\nI1\naNas.";
    let value = read(zero).unwrap();
    assert_eq!(value.at(&["user"]), Some(&"alé".into()));
    assert_eq!(value.at(&["l"]), Some(&Value::Int(5)));
    assert_eq!(value.at(&["t"]), Some(&Value::Bool(true)));
    assert_eq!(value.at(&["a"]), Some(&Value::List(vec![Value::Int(1), Value::Null])));
}

#[test]
fn nothing_that_a_pickle_names_is_made_unless_it_is_known() {
    for bytes in [
        &b"cos\nsystem\n(S'true'\ntR."[..],
        b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93\x8c\x011\x85R.",
        b"\x80\x04}\x8c\x01a\x8c\x05posix\x8c\x06system\x93s.",
        b"\x80\x04\x8c\x08builtins\x8c\x07getattr\x93.",
        b"\x80\x04cdatetime\ndatetime\n.",
        b"\x80\x04}}b.",
    ] {
        assert!(read(bytes).unwrap_err().is_foreign(), "{bytes:?}");
    }
    // Of `getattr` there is one use.
    let attribute =
        b"\x80\x04\x8c\x08builtins\x8c\x07getattr\x93\x8c\x08zoneinfo\x8c\x08ZoneInfo\x93\x8c\x05__new\x86R.";
    assert!(read(attribute).unwrap_err().is_malformed());
}

#[test]
fn what_is_no_pickle_is_refused_with_its_place() {
    for (bytes, at) in [
        (&b""[..], 0),
        (b"\x80\x06.", 0),
        (b"\x80\x04.", 3),
        (b"\x80\x04Pfoo\n.", 2),
        (b"\x80\x04(.", 4),
        (b"\x80\x04Nt.", 4),
        (b"\x80\x04h\x05.", 4),
        (b"\x80\x04}K\x01a.", 6),
        (b"\x80\x04X\xff\xff\xff\xffabc", 7),
        (b"\x80\x04\x8d\xff\xff\xff\xff\xff\xff\xff\xffabc", 11),
        (b"\x80\x04}r\xff\xff\xff\x7f", 8),
        (b"\x80\x04}\x94(K\x01u.", 8),
        (b"\x80\x04}\x94.", 99),
    ] {
        let read = read(bytes);
        let Err(error) = read else {
            assert_eq!(at, 99, "{bytes:?}");
            continue;
        };
        assert!(error.is_malformed(), "{bytes:?}: {error}");
        assert!(error.offset().is_some_and(|found| found.abs_diff(at) <= 2), "{bytes:?}: {error}");
    }
}

#[test]
fn a_value_that_is_a_part_of_itself_is_refused() {
    for bytes in
        [&b"\x80\x05}\x94\x8c\x01l\x94]\x94h\x02as."[..], b"\x80\x05}\x94\x8c\x01lh\0s.", b"\x80\x05]\x94]\x94h\x00aa."]
    {
        assert!(read(bytes).unwrap_err().is_malformed(), "{bytes:?}");
    }
    // Twice the same is no circle.
    let shared = b"\x80\x05]\x94]\x94K\x01aah\x01ah\0.";
    let one = || Value::List(vec![Value::Int(1)]);
    assert_eq!(read(shared), Ok(Value::List(vec![one(), one()])));
}

#[test]
fn a_few_bytes_do_not_become_many_values() {
    // Each list holds the one before ten times: a billion at the tenth.
    let mut bytes = b"\x80\x04]\x94".to_vec();
    for level in 0..10 {
        bytes.extend_from_slice(b"](");
        (0..10).for_each(|_| bytes.extend_from_slice(&[b'h', level]));
        bytes.extend_from_slice(b"e\x94");
    }
    bytes.push(b'.');
    assert!(read(&bytes).unwrap_err().is_too_large());

    let mut text = b"\x80\x04]\x94X\0\0\x08\0".to_vec();
    text.resize(text.len() + (8 << 16), b'x');
    text.extend_from_slice(b"\x94(");
    (0..120_000).for_each(|_| text.extend_from_slice(b"h\x01"));
    text.extend_from_slice(b"l.");
    assert!(read(&text).unwrap_err().is_too_large());
    assert!(read(&b"]".repeat(1 << 20)).unwrap_err().is_too_large());
    assert!(read(&b"(".repeat(1 << 20)).unwrap_err().is_too_large());
}

#[test]
fn what_was_shared_is_not_written_if_it_would_be_too_much_to_be_read() {
    // A text of 2,000 bytes that stands at 2,000 places.
    let mut text = b"\x80\x04]\x94(X\xd0\x07\0\0".to_vec();
    text.extend([b'x'; 2000]);
    text.push(0x94);
    text.extend(b"h\x01".repeat(1999));
    text.extend(b"e.");
    // 90,000 lists, each of which would be remembered too.
    let mut lists = b"\x80\x04]\x94(]\x94(]\x94".to_vec();
    lists.extend(b"h\x02".repeat(299));
    lists.push(b'e');
    lists.extend(b"h\x01".repeat(299));
    lists.extend(b"e.");
    for bytes in [text, lists] {
        let error = write(&read(&bytes).unwrap(), 4).unwrap_err();
        assert!(error.is_too_large(), "{error}");
    }
}

#[test]
fn what_has_no_hash_in_python_is_no_key_and_in_no_set() {
    let tuple = |item| Value::tagged("tuple", Value::List(vec![item]));
    let list = || Value::List(Vec::new());
    let bytes = || Value::tagged("bytearray", Value::Bytes([].into()));
    for item in [list(), bytes(), Value::Map(Map::new()), tuple(list()), tuple(tuple(bytes()))] {
        for tag in ["set", "frozenset"] {
            let error = write(&Value::tagged(tag, Value::List(vec![item.clone()])), 5).unwrap_err();
            assert!(error.is_read_only(), "{error}");
        }
        let error = write(&Value::Map([(item, Value::Null)].into_iter().collect()), 5).unwrap_err();
        assert!(error.is_read_only(), "{error}");
    }
    let key = Value::Map([(tuple(tuple(Value::Int(1))), Value::Null)].into_iter().collect());
    assert_eq!(read(&write(&key, 5).unwrap()), Ok(key));
}

#[test]
fn what_is_made_of_the_same_arguments_again_is_counted_each_time() {
    // `set(list)` with 1,000 items, and `encode(text, "latin1")` with 20,000 characters, 1,000 times each.
    let set = [&b"\x80\x04]\x94cbuiltins\nset\n\x94h\0("[..], &b"N".repeat(1000), b"e0"].concat();
    let set = [set, b"h\x01h\0\x85R0".repeat(1000), b"}.".to_vec()].concat();
    let text = [&b"\x80\x04X\x20\x4e\0\0"[..], &b"x".repeat(20_000), b"\x94c_codecs\nencode\n\x94"].concat();
    let text = [text, b"\x8c\x06latin1\x94".to_vec(), b"h\x01h\0h\x02\x86R0".repeat(1000), b"}.".to_vec()].concat();
    for bytes in [set, text] {
        let error = read(&bytes).unwrap_err();
        assert!(error.is_too_large(), "{error}");
    }
}
