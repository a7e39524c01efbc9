//! Sessions that are written here, read and changed by the frameworks themselves, and read again.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hallpass_dialects::django::{Cache, Django};
use hallpass_dialects::express::Express;
use hallpass_dialects::gorilla::Gorilla;
use hallpass_dialects::spring::{Repository, Serializer, Spring};
use hallpass_dialects::{Dialect, Held, Map, Presented, Secret, Session, Stored, Value};
use serde_json::{Value as Json, json};

const SECRET: &str = "django-insecure-open-vectors-key-0123456789abcdef";
const REPLY: &str = "é🦀";

fn script(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/it/frameworks").join(name)
}

fn map(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Map {
    pairs.into_iter().map(|(name, value)| (name.into(), value)).collect()
}

fn session(pairs: impl IntoIterator<Item = (&'static str, Value)>) -> Session {
    Session { attributes: map(pairs), ..Session::new() }
}

fn text(stored: &Stored) -> &str {
    str::from_utf8(stored.bytes().expect("one piece")).expect("text")
}

fn base64(stored: &Stored) -> String {
    STANDARD.encode(stored.bytes().expect("one piece"))
}

fn parsed(output: &str) -> Json {
    serde_json::from_str(output).expect("scripts write JSON")
}

/// Returns the pair of a `Set-Cookie` header, as a client sends it.
fn pair(line: &str) -> &str {
    line.split(';').next().expect("there is one")
}

/// Asserts that what a framework wrote has all that was written here, and its reply.
fn replied(found: &Session, written: &Session) {
    let reply = found.attributes.get("reply").and_then(Value::as_str).expect("a reply");
    assert!(reply.ends_with(REPLY), "{reply}");
    for (name, value) in written.attributes.iter() {
        let name = name.as_str().expect("a name");
        assert_eq!(found.attributes.get(name), Some(value), "{name}");
    }
}

#[test]
fn express_session_reads_what_is_written_here_and_the_other_way_round() {
    let Some(frameworks) = rig::frameworks() else { return };
    let express = Express::new([Secret::new("keyboard cat")]);
    let written = session([
        ("passport", Value::Map(map([("user", "u-1".into())]))),
        ("numbers", Value::List(vec![Value::Int(1 << 53), Value::Float(-0.5), Value::Float(1e21), Value::Int(-7)])),
        ("text", "\u{1}\"\\/\u{2028}é🦀".into()),
        ("nothing", Value::Null),
        ("yes", Value::Bool(true)),
    ]);
    let credential = express.new_credential();
    let stored = express.write(&written, 0).expect("it can be written");
    let cookie = express.set_cookie(Held::Points(&credential), &written, 0).expect("it can be signed");
    let versions = ["1.17", "1.18", "1.19"];
    let input = json!({
        "versions": versions, "secret": "keyboard cat", "cookie": pair(&cookie),
        "sid": credential.danger_expose(), "stored": text(&stored),
    });
    let Some(output) = frameworks.node(&script("express.js"), &input.to_string()) else { return };
    let output = parsed(&output);
    for version in versions {
        let theirs = &output[version];
        assert_eq!(theirs["id"], credential.danger_expose(), "{version} knows the session");
        assert_eq!(theirs["session"]["passport"]["user"], "u-1");
        assert_eq!(theirs["session"]["text"], "\u{1}\"\\/\u{2028}é🦀");
        assert_eq!(theirs["session"]["numbers"], json!([9_007_199_254_740_992_u64, -0.5, 1e21, -7]));
        let found = express.read(&Stored::Bytes(theirs["stored"].as_str().expect("text").into())).expect("a session");
        replied(&found, &written);
        let set = theirs["set"][0].as_str().expect("a cookie");
        assert_eq!(express.presented(pair(set).as_bytes(), 0), [Ok(Presented::Points(credential.clone()))]);
        assert_eq!(express.set_cookie(Held::Points(&credential), &found, 0).as_deref(), Ok(set));
    }
}

#[test]
fn django_reads_what_is_written_here_and_the_other_way_round() {
    let Some(frameworks) = rig::frameworks() else { return };
    let now_ms = now_ms();
    let row = Django::db([Secret::new(SECRET)]);
    let signed = Django::signed_cookies([Secret::new(SECRET)]);
    let plain = session([
        ("_auth_user_id", "42".into()),
        ("numbers", Value::List(vec![Value::Big("123456789012345678901".into()), Value::Float(2.0), Value::Int(-7)])),
        ("text", "\u{1}\"\\/é🦀".into()),
        ("long", "x".repeat(3000).into()),
        ("nothing", Value::Null),
    ]);
    let mut typed = plain.clone();
    for (name, value) in python_types() {
        typed.attributes.insert(name, value);
    }
    let caches = [Django::cache(Cache::BuiltIn), Django::cache(Cache::DjangoRedis)];
    let cookie = signed.set_cookie(Held::Carries, &plain, now_ms).expect("it fits");
    let (_, cookie) = pair(&cookie).split_once('=').expect("a value");
    let input = json!({
        "secret": SECRET,
        "row": text(&row.write(&plain, now_ms).expect("it can be written")),
        "cookie": cookie,
        "caches": caches.iter().map(|cache| base64(&cache.write(&typed, now_ms).expect("it can be written"))).collect::<Vec<_>>(),
    });
    for version in ["4.2", "5.2"] {
        let Some(output) = frameworks.django(version, &script("django_sessions.py"), &input.to_string()) else {
            return;
        };
        let output = parsed(&output);
        assert!(output["version"].as_str().expect("a version").starts_with(version));
        for theirs in [&output["row"], &output["cookie"]] {
            assert_eq!(theirs["found"]["_auth_user_id"], "'42'");
            assert_eq!(theirs["found"]["numbers"], "[123456789012345678901, 2.0, -7]");
            assert_eq!(theirs["found"]["text"], "'\\x01\"\\\\/é🦀'");
            assert_eq!(theirs["found"]["nothing"], "None");
        }
        let found =
            row.read(&Stored::Bytes(output["row"]["stored"].as_str().expect("text").into())).expect("a session");
        replied(&found, &plain);
        let header = format!("sessionid={}", output["cookie"]["stored"].as_str().expect("text"));
        let [Ok(Presented::Carries(found))] = &signed.presented(header.as_bytes(), now_ms)[..] else {
            panic!("{header}")
        };
        replied(found, &plain);
        for (cache, theirs) in caches.iter().zip(output["caches"].as_array().expect("both")) {
            for (name, shown) in PYTHON_SHOWS {
                assert_eq!(theirs["found"][name], shown, "{version} {name}");
            }
            let stored = STANDARD.decode(theirs["stored"].as_str().expect("text")).expect("base64");
            let found = cache.read(&Stored::Bytes(stored)).expect("a session");
            replied(&found, &typed);
        }
    }
}

fn python_types() -> Vec<(&'static str, Value)> {
    let tagged = |tag: &'static str, text: &str| Value::tagged(tag, text.into());
    let ints = |items: &[i64]| Value::List(items.iter().copied().map(Value::Int).collect());
    vec![
        ("tuple", Value::tagged("tuple", ints(&[1, 2]))),
        ("set", Value::tagged("set", ints(&[3]))),
        ("frozen", Value::tagged("frozenset", ints(&[4]))),
        ("bytes", Value::Bytes([0, 255].into())),
        ("array", Value::tagged("bytearray", Value::Bytes([7].into()))),
        ("decimal", tagged("decimal.Decimal", "12.50")),
        ("uuid", tagged("uuid.UUID", "12345678-1234-5678-1234-567812345678")),
        ("date", tagged("datetime.date", "2026-01-03")),
        ("time", tagged("datetime.time", "03:04:05")),
        ("naive", tagged("datetime.datetime", "2026-01-02T03:04:05.678901")),
        ("aware", tagged("datetime.datetime", "2026-01-02T03:04:05+00:00")),
        ("west", tagged("datetime.datetime", "2026-01-02T03:04:05-03:30[NST]")),
        ("place", tagged("datetime.datetime", "2026-10-25T02:30:00[Europe/Vienna][fold=1]")),
        ("delta", Value::tagged("datetime.timedelta", Value::Int(-1))),
    ]
}

const PYTHON_SHOWS: [(&str, &str); 14] = [
    ("tuple", "(1, 2)"),
    ("set", "{3}"),
    ("frozen", "frozenset({4})"),
    ("bytes", "b'\\x00\\xff'"),
    ("array", "bytearray(b'\\x07')"),
    ("decimal", "Decimal('12.50')"),
    ("uuid", "UUID('12345678-1234-5678-1234-567812345678')"),
    ("date", "datetime.date(2026, 1, 3)"),
    ("time", "datetime.time(3, 4, 5)"),
    ("naive", "datetime.datetime(2026, 1, 2, 3, 4, 5, 678901)"),
    ("aware", "datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.timezone.utc)"),
    (
        "west",
        "datetime.datetime(2026, 1, 2, 3, 4, 5, \
         tzinfo=datetime.timezone(datetime.timedelta(days=-1, seconds=73800), 'NST'))",
    ),
    ("place", "datetime.datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=zoneinfo.ZoneInfo(key='Europe/Vienna'))"),
    ("delta", "datetime.timedelta(days=-1, seconds=86399, microseconds=999999)"),
];

fn now_ms() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
    since.as_millis().try_into().expect("before the year 292 million")
}

#[test]
fn gorilla_reads_what_is_written_here_and_the_other_way_round() {
    let Some(frameworks) = rig::frameworks() else { return };
    let (hash, block) = ("a hash key of 32 bytes, for tests", "block-key-of-exactly-32-bytes-ok");
    let cookies = Gorilla::cookie_store("session-name", [(Secret::new(hash), Some(Secret::new(block)))]);
    let redis = Gorilla::redisstore("session-name");
    let tagged = |tag: &'static str, value| Value::tagged(tag, value);
    let written = session([
        ("user", "alice é🦀".into()),
        ("n", Value::Int(-129)),
        ("n64", tagged("int64", Value::Int(i64::MAX))),
        ("u8", tagged("uint8", Value::Int(200))),
        ("f", Value::Float(0.1)),
        ("f32", tagged("float32", Value::Float(1.5))),
        ("yes", Value::Bool(true)),
        ("nothing", Value::Null),
        ("bytes", Value::Bytes([0, 255].into())),
        ("list", Value::List(vec!["a".into(), Value::Int(1), Value::Null])),
        ("map", Value::Map(map([("k", Value::Int(2))]))),
        ("strings", tagged("[]string", Value::List(vec!["a".into(), "b".into()]))),
        ("time", tagged("time.Time", "2026-01-01T12:00:00.5+02:00".into())),
    ]);
    let now_ms = now_ms();
    let line = cookies.set_cookie(Held::Carries, &written, now_ms).expect("it fits");
    let mut stored = redis.write(&written, now_ms).expect("it can be written");
    // The second time there is a struct of theirs in it, which was not understood, and goes back beside a change.
    for round in 0..2 {
        let input = json!({ "Hash": hash, "Block": block, "Cookie": pair(&line), "Redis": base64(&stored) });
        let Some(output) = frameworks.go(&script("gorilla"), &input.to_string()) else { return };
        let output = parsed(&output);
        for (name, shown) in GO_SHOWS {
            assert_eq!(output["Redis"][name], shown, "{name}");
            assert_eq!(output["Cookie"][name], shown, "{name}");
        }
        let header = output["Set"].as_str().expect("a cookie");
        let [Ok(Presented::Carries(found))] = &cookies.presented(pair(header).as_bytes(), now_ms)[..] else {
            panic!("{:?}", cookies.presented(pair(header).as_bytes(), now_ms))
        };
        replied(found, &written);
        let theirs = STANDARD.decode(output["Stored"].as_str().expect("text")).expect("base64");
        let mut found = redis.read(&Stored::Bytes(theirs)).expect("a session");
        replied(&found, &written);
        let cart = found.attributes.get("cart").expect("a cart").clone();
        assert_eq!((cart.tag(), cart.at(&["Next", "SKU"])), (Some("main.Cart"), Some(&"C".into())));
        assert_eq!(found.attributes.get("at"), Some(&tagged("time.Time", "2026-01-01T12:00:00.0000005+02:00".into())));
        if round == 1 {
            assert_eq!(
                output["Redis"]["\"cart\""],
                "main.Cart {SKU:B Qty:2 Tags:[x] Meta:map[n:1] Next:<nil>} -> {SKU:C Qty:0 Tags:[] Meta:map[] Next:<nil>}"
            );
            assert_eq!(output["Redis"]["\"extra\""], "int 5");
        }
        found.attributes.insert("extra", Value::Int(5));
        stored = redis.write(&found, now_ms).expect("it can be written");
    }
}

const GO_SHOWS: [(&str, &str); 13] = [
    ("\"user\"", "string alice é🦀"),
    ("\"n\"", "int -129"),
    ("\"n64\"", "int64 9223372036854775807"),
    ("\"u8\"", "uint8 200"),
    ("\"f\"", "float64 0.1"),
    ("\"f32\"", "float32 1.5"),
    ("\"yes\"", "bool true"),
    ("\"nothing\"", "<nil> <nil>"),
    ("\"bytes\"", "[]uint8 [0 255]"),
    ("\"list\"", "[]interface {} [a 1 <nil>]"),
    ("\"map\"", "map[string]interface {} map[k:2]"),
    ("\"strings\"", "[]string [a b]"),
    ("\"time\"", "time.Time 2026-01-01 12:00:00.5 +0200 +0200"),
];

#[test]
fn spring_reads_what_is_written_here_and_the_other_way_round() {
    let Some(frameworks) = rig::frameworks() else { return };
    let mut input = String::new();
    let mut expected = Vec::new();
    for (kind, serializer) in [("jdk", Serializer::Jdk), ("json", Serializer::Json)] {
        let spring = Spring::new(Repository::Redis, serializer);
        let mut session = spring.new_session(1_767_225_600_000);
        session.attributes = map([
            ("text", "é🦀\u{0}".into()),
            ("long", Value::tagged("java.lang.Long", Value::Int(1 << 40))),
            ("int", Value::Int(-7)),
            ("double", Value::Float(2.5)),
            ("yes", Value::Bool(true)),
            (
                "list",
                Value::List(vec![
                    "a".into(),
                    Value::Int(1),
                    Value::tagged("java.lang.Long", Value::Int(2)),
                    Value::Null,
                ]),
            ),
            ("map", Value::Map(map([("k", Value::List(Vec::new())), ("a", Value::Int(1))]))),
            ("many", Value::Map((0..30).map(|n| (format!("k{n:02}").into(), Value::Int(n))).collect())),
        ]);
        for (name, bytes) in spring.write(&session, 0).expect("it can be written").fields() {
            input += &[kind, name, &STANDARD.encode(bytes)].join("\t");
            input += "\n";
        }
        let many: Vec<String> = (0..30).map(|n| format!("k{n:02}={n}")).collect();
        expected.extend([
            format!("{kind}\tcreationTime\tjava.lang.Long 1767225600000"),
            format!("{kind}\tmaxInactiveInterval\tjava.lang.Integer 1800"),
            format!("{kind}\tsessionAttr:text\tjava.lang.String é🦀\\0"),
            format!("{kind}\tsessionAttr:long\tjava.lang.Long 1099511627776"),
            format!("{kind}\tsessionAttr:int\tjava.lang.Integer -7"),
            format!("{kind}\tsessionAttr:double\tjava.lang.Double 2.5"),
            format!("{kind}\tsessionAttr:yes\tjava.lang.Boolean true"),
            format!("{kind}\tsessionAttr:list\tjava.util.ArrayList [a, 1, 2, null]"),
            format!("{kind}\tsessionAttr:map\tjava.util.HashMap {{a=1, k=[]}}"),
            format!("{kind}\tsessionAttr:many\tjava.util.HashMap {{{}}}", many.join(", ")),
        ]);
    }
    expected.extend([
        "session\tcreated\t1767225600000".to_owned(),
        "session\tseen\t1767225600000".to_owned(),
        "session\tidle\t1800".to_owned(),
        "session\tnames\t[double, int, list, long, many, map, text, yes]".to_owned(),
    ]);
    let Some(output) = frameworks.spring(&script("Spring.java"), input.trim_end()) else { return };
    for line in expected {
        assert!(output.lines().any(|found| found == line), "{line}\nis not in\n{output}");
    }
    for (kind, serializer) in [("jdk-reply", Serializer::Jdk), ("json-reply", Serializer::Json)] {
        let reply = output.lines().find_map(|line| line.strip_prefix(kind)?.strip_prefix("\tmap\t")).expect("a reply");
        let bytes = STANDARD.decode(reply).expect("base64");
        let spring = Spring::new(Repository::Jdbc, serializer);
        let found = spring.read(&Stored::Fields(vec![("map".to_owned(), bytes)])).expect("a map");
        assert_eq!(found.at(&["map", "text"]).and_then(Value::as_str), Some("é🦀\u{0}"));
        let list = found.at(&["map", "list"]).and_then(Value::as_list).expect("a list");
        assert_eq!(list[2].as_int(), Some(3));
        assert_eq!(list[4], Value::Float(2.5));
    }
}
