use super::node::Held;
use super::types::{Shape, TypeId, Types, Wire};
use super::*;
use crate::value::Value;

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    digits.chunks(2).map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
}

fn map(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Map {
    pairs.into_iter().map(|(key, value)| (key.into(), value)).collect()
}

fn again(map: &Map) -> Result<Map, Error> {
    read_map(&write_map(map, &Limits::default())?, &Limits::default())
}

#[test]
fn the_smallest_session_is_read() {
    let stream = bytes(
        "0d 7f04 0102 ff80 0001 10 01 10 0000 | 1c ff80 0001 06737472696e67 0c0300016b 06737472696e67 0c03000176",
    );
    assert_eq!(read_map(&stream, &Limits::default()), Ok(map([("k", "v".into())])));
    assert_eq!(read_string(&bytes("0700 0c 00 03 616263").as_slice()[1..], &Limits::default()).ok(), None);
    assert_eq!(read_string(&write_string("MFRGGZDFMZTWQ2LK"), &Limits::default()).as_deref(), Ok("MFRGGZDFMZTWQ2LK"));
    assert_eq!(write_string("MFRGGZDFMZTWQ2LK"), bytes("130c00104d465247475a44464d5a545751324c4b"));
}

#[test]
fn every_type_of_go_goes_there_and_back() {
    let tagged = |tag: &'static str, value| Value::tagged(tag, value);
    let ints = |items: &[i64]| Value::List(items.iter().copied().map(Value::Int).collect());
    let written = map([
        ("nil", Value::Null),
        ("bool", Value::Bool(false)),
        ("int", Value::Int(-129)),
        ("int64", tagged("int64", Value::Int(i64::MIN))),
        ("int8", tagged("int8", Value::Int(-128))),
        ("uint8", tagged("uint8", Value::Int(200))),
        ("uint64", tagged("uint64", Value::Big("18446744073709551615".into()))),
        ("float", Value::Float(0.1)),
        ("float32", tagged("float32", Value::Float(1.5))),
        ("text", "é🦀".into()),
        ("raw", tagged("string", Value::Bytes([0xff, 0].into()))),
        ("bytes", Value::Bytes([0, 255].into())),
        ("list", Value::List(vec!["a".into(), Value::Null, ints(&[1])])),
        ("map", Value::Map(map([("a", Value::Int(1))]))),
        (
            "any",
            tagged("map[interface {}]interface {}", Value::Map([(Value::Int(1), "x".into())].into_iter().collect())),
        ),
        ("strings", tagged("[]string", Value::List(vec!["a".into(), "".into()]))),
        ("ints", tagged("[]int", ints(&[1, -2]))),
        ("time", tagged("time.Time", "2026-01-01T12:00:00.5+02:00".into())),
    ]);
    assert_eq!(again(&written), Ok(written));
}

#[test]
fn numbers_out_of_their_types_range_are_not_written() {
    for (tag, number) in
        [("int8", 128), ("int8", -129), ("uint8", 256), ("uint8", -1), ("uint64", -1), ("int32", 1 << 31)]
    {
        let error = write_map(&map([("n", Value::tagged(tag, Value::Int(number)))]), &Limits::default()).unwrap_err();
        assert!(error.is_read_only(), "{tag} {number}");
    }
    assert!(
        write_map(&map([("n", Value::Big("1".repeat(30).into()))]), &Limits::default()).unwrap_err().is_read_only()
    );
}

// `main.Cart{SKU: "A"}`, whose fields are of four types, as Go 1.24 wrote it.
const CART: &str = "0d7f040102ff80000110011000005aff80000106737472696e670c0300016b096d61696e2e43617274ff8b0301010443617274\
    01ff8c0001050103534b55010c0001035174790104000105507269636501080001045461677301ff880001044d65746101ff8e0000000c\
    ff87020102ff8800010c000021ff8d040101116d61705b737472696e675d737472696e6701ff8e00010c010c000009ff8c06010141010200";

#[test]
fn a_struct_is_kept_and_written_again_beside_other_changes() {
    let stream = bytes(CART);
    let mut session = read_map(&stream, &Limits::default()).unwrap();
    let Some(Value::Opaque(cart)) = session.get("k").cloned() else { panic!("{session:?}") };
    assert_eq!(cart.class(), "main.Cart");
    assert_eq!(cart.view().at(&["SKU"]), Some(&"A".into()));
    assert_eq!(cart.view().at(&["Qty"]), Some(&Value::Int(1)));
    session.insert("user", "alice".into());
    session.insert("again", Value::Opaque(cart));
    assert_eq!(again(&session).as_ref(), Ok(&session));
    // The type of both is defined once.
    let written = write_map(&session, &Limits::default()).unwrap();
    assert_eq!(written.windows(5).filter(|bytes| bytes == b"\x04Cart").count(), 1);
}

fn held(name: &str, of: TypeId, node: Node) -> Node {
    Node::Interface(Some(Box::new(Held { name: name.to_owned(), of, node })))
}

fn stream_of(types: &Types, value: Node) -> Vec<u8> {
    let key = held("string", types::STRING, Node::Text(b"k".to_vec()));
    write::stream(types, types::ANY_MAP, &Node::Pairs(vec![(key, value)]))
}

#[test]
fn keys_of_a_map_may_be_any_bytes() {
    let pairs = vec![(Node::Text(b"\xff".to_vec()), Node::Interface(None))];
    let inner = held("map[string]interface {}", types::TEXT_MAP, Node::Pairs(pairs));
    let stream = stream_of(&Types::default(), inner);
    let session = read_map(&stream, &Limits::default()).unwrap();
    assert!(matches!(session.get("k"), Some(Value::Map(_))), "{session:?}");
    assert_eq!(write_map(&session, &Limits::default()), Ok(stream));
}

#[test]
fn what_is_not_quite_what_its_name_says_is_kept_as_it_is() {
    let utc = |version: u8, extra: &[u8]| Node::Encoded([&[version][..], &[0; 12], &[0xff; 2], extra].concat());
    let encoder = |way| Shape::Encoder { way };
    let slice = |of| Shape::Slice { of };
    for (name, shape, node) in [
        ("int8", Err(types::INT), Node::Int(128)),
        ("uint16", Err(types::UINT), Node::Uint(1 << 16)),
        ("complex64", Err(types::COMPLEX), Node::Complex(1.0, -0.0)),
        ("[]int8", Ok(slice(types::INT)), Node::Items(vec![Node::Int(1), Node::Int(-129)])),
        ("[]uint8", Ok(slice(types::UINT)), Node::Items(vec![Node::Uint(1)])),
        ("[]interface {}", Ok(slice(types::STRING)), Node::Items(vec![Node::Text(b"a".to_vec())])),
        (
            "map[string]interface {}",
            Err(types::ANY_MAP),
            Node::Pairs(vec![(Node::Interface(None), Node::Interface(None))]),
        ),
        ("map[interface {}]interface {}", Err(types::TEXT_MAP), Node::Pairs(Vec::new())),
        // One byte more than it needs, and another way to be written.
        ("time.Time", Ok(encoder(0)), utc(2, &[0])),
        ("time.Time", Ok(encoder(1)), utc(1, &[])),
        ("integer", Err(types::INT), Node::Int(1)),
    ] {
        let mut types = Types::default();
        let of = shape.map_or_else(|of| of, |shape| types.intern(Wire { name: String::new(), shape }));
        let session = read_map(&stream_of(&types, held(name, of, node.clone())), &Limits::default()).unwrap();
        let Some(Value::Opaque(opaque)) = session.get("k") else { panic!("{name}: {session:?}") };
        assert_eq!(opaque.class(), name);
        let Node::Interface(Some(kept)) = read::read(opaque.bytes(), &Limits::default()).unwrap().node else {
            panic!()
        };
        assert_eq!(kept.node, node, "{name}");
        assert_eq!(again(&session).as_ref(), Ok(&session), "{name}");
    }
}

#[test]
fn types_that_many_values_bring_along_have_an_end() {
    let fields = vec![("F".repeat(1000), types::INT); 500];
    let mut types = Types::default();
    let of = types.intern(Wire { name: "T".to_owned(), shape: Shape::Struct { fields } });
    let item = held("main.T", of, Node::Struct(of, Vec::new()));
    let stream =
        |count| stream_of(&types, held("[]interface {}", types::ANY_SLICE, Node::Items(vec![item.clone(); count])));
    let session = read_map(&stream(50), &Limits::default()).unwrap();
    assert_eq!(write_map(&session, &Limits::default()), Ok(stream(50)));
    assert!(read_map(&stream(100), &Limits::default()).unwrap_err().is_too_large());
}

#[test]
fn what_is_no_gob_is_refused() {
    for hex in [
        "",
        "00",
        "0d7f04",
        "ff",
        "f7ffffffffffffffffff",
        // A type that is not defined.
        "04ff800000",
        // The same type twice.
        "0d7f040102ff8000011001100000 0d7f040102ff8000011001100000 04ff800000",
        // More pairs than bytes.
        "0d7f040102ff80000110011000000aff8000f8ffffffffffffffff",
        // A name that says another type than its value has.
        "0d7f040102ff8000011001100000 0fff80000103696e740c0300016b00",
        // A type that is made of one that is not defined.
        "0c7f020102ff800001ffc60000 0eff81040102ff82000110011000 00 04ff820000",
        // There are seven kinds of type.
        "097f080102ff80000000 0eff81040102ff82000110011000 00 04ff820000",
        // A length that is not that of the value.
        "0d7f040102ff8000011001100000 1cff80000106737472696e670c0400016b06737472696e670c03000176",
    ] {
        let error = read_map(&bytes(hex), &Limits::default()).unwrap_err();
        assert!(error.is_malformed(), "{hex}: {error}");
    }
}

#[test]
fn what_is_nested_or_recursive_has_an_end() {
    let mut value = Value::Null;
    for _ in 0..100 {
        value = Value::List(vec![value]);
    }
    let deep = write_map(&map([("k", value)]), &Limits::default()).unwrap();
    assert!(read_map(&deep, &Limits::default()).unwrap_err().is_too_large());
}
