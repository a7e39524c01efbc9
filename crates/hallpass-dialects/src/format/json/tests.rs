use super::Spelling::{Go, Java, JavaScript, Python, PythonSpaced};
use super::*;
use crate::limits::Limits;
use crate::value::Value;

fn again(text: &str, spelling: Spelling) -> String {
    let value = read(text.as_bytes(), spelling, &Limits::default()).unwrap_or_else(|error| panic!("{text}: {error}"));
    String::from_utf8(write(&value, spelling).unwrap()).unwrap()
}

#[test]
fn each_language_gets_its_own_spelling_back() {
    for (spelling, text) in [
        (JavaScript, r#"{"1":0,"2":1,"b":[null,true,1e+21,1e-7,-2.5],"a":"\b\u0001/\u2028é🦀\ud83e","":{}}"#),
        (
            Python,
            r#"{"a":[2.0,-0.0,1e+16,123456789012345678901234567890,NaN,-Infinity],"\u00e9":"\ud83e\udd80\ud83e"}"#,
        ),
        (PythonSpaced, r#"{"a": [1, {"b": null}], "c": "\u00e9"}"#),
        (Go, r#"{"a":"\u003cb\u003e\u0026\u2028é🦀","b":2.5,"c":[]}"#),
        (Java, r#"{"b":1,"a":"é\uD83E\uDD80\u001F","c":-1.5,"d":1180591620717411303424}"#),
    ] {
        let text = text.replace(r"\u2028", if spelling == JavaScript { "\u{2028}" } else { r"\u2028" });
        assert_eq!(again(&text, spelling), text, "{spelling:?}");
    }
}

#[test]
fn what_go_makes_of_an_object_is_written_so() {
    for (text, written) in [
        (r#"{"b":-0,"a":-0.0,"10":1e21,"9":1e-7}"#, r#"{"10":1e+21,"9":1e-7,"a":-0,"b":-0}"#),
        (r#"{"b":"\ud83e","a":"\ud83e\udd80","b":"\udd80\ud83e"}"#, r#"{"a":"🦀","b":"\ufffd\ufffd"}"#),
    ] {
        let written = written.replace(r"\ufffd", "\u{fffd}");
        assert_eq!(again(text, Go), written);
        let read = |text: &str| read(text.as_bytes(), Go, &Limits::default());
        assert_eq!(read(text), read(&written));
    }
}

#[test]
fn numbers_are_what_the_language_makes_of_them() {
    let read = |text: &str, spelling| read(text.as_bytes(), spelling, &Limits::default()).unwrap();
    assert_eq!(read("1.0", JavaScript), Value::Int(1));
    assert_eq!(read("1.0", Python), Value::Float(1.0));
    assert_eq!(read("1", Go), Value::Float(1.0));
    assert_eq!(read("9007199254740993", JavaScript), Value::Int(9_007_199_254_740_992));
    assert_eq!(read("9007199254740993", Python), Value::Int(9_007_199_254_740_993));
    assert_eq!(read("9223372036854775808", Java), Value::Big("9223372036854775808".into()));
    assert_eq!(read("-0", Python), Value::Int(0));
}

#[test]
fn a_number_that_would_be_rounded_is_not_written() {
    for spelling in [JavaScript, Go] {
        assert!(write(&Value::Int(i64::MAX), spelling).unwrap_err().is_read_only());
        assert!(write(&Value::Big("9223372036854775808".into()), spelling).unwrap_err().is_read_only());
    }
    assert_eq!(write(&Value::Int(i64::MAX), Java).unwrap(), b"9223372036854775807");
}

#[test]
fn what_is_no_json_is_refused_with_its_place() {
    for (text, at) in [
        ("", 0),
        ("{", 1),
        ("[1,]", 3),
        ("{\"a\" 1}", 5),
        ("{a:1}", 1),
        ("\"\u{1}\"", 1),
        ("\"\\x\"", 3),
        ("\"\\u12g4\"", 7),
        ("01", 2),
        ("1.", 2),
        ("-", 1),
        ("nul", 0),
        ("1 2", 2),
        ("NaN", 0),
        ("\"abc", 1),
    ] {
        let error = read(text.as_bytes(), JavaScript, &Limits::default()).unwrap_err();
        assert!(error.is_malformed(), "{text}: {error}");
        assert_eq!(error.offset(), Some(at), "{text}: {error}");
    }
    assert!(read(b"\"\xff\"", JavaScript, &Limits::default()).unwrap_err().is_malformed());
}

#[test]
fn what_is_too_much_is_refused_before_it_is_read() {
    let limits = Limits { bytes: 1 << 20, depth: 10, values: 100 };
    let refused = |text: String| read(text.as_bytes(), Python, &limits).unwrap_err().is_too_large();
    assert!(read("[".repeat(10).as_bytes(), Python, &limits).unwrap_err().is_malformed());
    assert!(refused("[".repeat(11)) && refused("[".repeat(1 << 20)));
    assert!(refused(format!("[{}0]", "0,".repeat(100))));
    assert!(refused(format!("\"{}\"", "x".repeat(1 << 20))));
    assert!(refused("9".repeat(4301)));
}
