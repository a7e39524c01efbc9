use crate::date;
use crate::dialect::Stored;
use crate::error::{Error, Format};
use crate::format::json::{self, Spelling};
use crate::limits::Limits;
use crate::session::{Session, Times};
use crate::value::{Map, Value};

/// The order in which express-session writes what it keeps about the cookie.
const COOKIE: [&str; 9] =
    ["originalMaxAge", "partitioned", "priority", "expires", "secure", "httpOnly", "domain", "path", "sameSite"];

/// What a session of express-session has by itself, also from `Object.prototype`: attributes of these names are stored,
/// and lost at the next request.
const RESERVED: [&str; 20] = [
    "__defineGetter__",
    "__defineSetter__",
    "__lookupGetter__",
    "__lookupSetter__",
    "__proto__",
    "constructor",
    "destroy",
    "hasOwnProperty",
    "id",
    "isPrototypeOf",
    "propertyIsEnumerable",
    "regenerate",
    "reload",
    "req",
    "resetMaxAge",
    "save",
    "toLocaleString",
    "toString",
    "touch",
    "valueOf",
];

fn is_reserved(name: &Value) -> bool {
    RESERVED.iter().any(|reserved| name.is(reserved))
}

pub(super) fn read(stored: &Stored, limits: &Limits) -> Result<Session, Error> {
    let malformed = |what| Error::malformed(Format::Json, 0, what);
    let bytes = stored.bytes().ok_or_else(|| malformed("express-session keeps a session in one piece"))?;
    let Value::Map(mut attributes) = json::read(bytes, Spelling::JavaScript, limits)? else {
        return Err(malformed("a session is an object"));
    };
    let Some(Value::Map(own)) = attributes.remove("cookie") else {
        return Err(malformed("a session has an object named cookie"));
    };
    if attributes.iter().any(|(name, _)| is_reserved(name)) {
        attributes = attributes.into_pairs().into_iter().filter(|(name, _)| !is_reserved(name)).collect();
    }
    let expires_at_ms = own.get("expires").and_then(Value::as_str).and_then(date::from_iso);
    Ok(Session { attributes, own, times: Times { expires_at_ms, ..Times::default() } })
}

pub(super) fn write(session: &Session, limits: &Limits) -> Result<Stored, Error> {
    let refuse = |what: String| Err(Error::read_only(Format::Json, what));
    let mut pairs = vec![("cookie".into(), Value::Map(cookie(&session.own)))];
    for (name, value) in session.attributes.iter() {
        let text = match name {
            Value::Text(text) => text.to_lossy(),
            _ => return refuse("the name of an attribute is no text".to_owned()),
        };
        if text == "cookie" || is_reserved(name) {
            return refuse(format!("{text} is a name of express-session's own: it would be lost when read"));
        }
        pairs.push((name.clone(), value.clone()));
    }
    let bytes = json::write(&Value::Map(Map::from_pairs(pairs)), Spelling::JavaScript)?;
    limits.admit(Format::Json, bytes).map(Stored::Bytes)
}

/// Returns what is to be kept about the cookie, in its order; one that was made elsewhere has no age of its own, and gets
/// express-session's defaults where it says nothing else.
fn cookie(own: &Map) -> Map {
    let is_foreign = own.get("originalMaxAge").is_none();
    let default = |name| match name {
        "originalMaxAge" | "expires" => Some(Value::Null),
        "httpOnly" => Some(Value::Bool(true)),
        "path" => Some("/".into()),
        _ => None,
    };
    let mut cookie = Map::new();
    for name in COOKIE {
        let value = own.get(name).cloned().or_else(|| default(name).filter(|_| is_foreign));
        if let Some(value) = value {
            cookie.insert(name, value);
        }
    }
    let others = own.iter().filter(|(name, _)| !COOKIE.iter().any(|known| name.is(known)));
    Map::from_pairs(cookie.into_pairs().into_iter().chain(others.cloned()).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(text: &str) -> Result<Session, Error> {
        read(&Stored::Bytes(text.as_bytes().to_vec()), &Limits::default())
    }

    #[test]
    fn a_new_session_is_what_express_session_would_make() {
        let mut session = Session::new();
        session.attributes.insert("user", "alice".into());
        let text = r#"{"cookie":{"originalMaxAge":null,"expires":null,"httpOnly":true,"path":"/"},"user":"alice"}"#;
        assert_eq!(write(&session, &Limits::default()), Ok(Stored::Bytes(text.into())));
    }

    #[test]
    fn names_that_would_be_lost_are_not_written() {
        for name in ["id", "touch", "cookie", "__proto__", "toString"] {
            let mut session = Session::new();
            session.attributes.insert(name, Value::Int(1));
            assert!(write(&session, &Limits::default()).unwrap_err().is_read_only(), "{name}");
        }
    }

    fn again(text: &str) -> String {
        let Ok(Stored::Bytes(bytes)) = write(&read_text(text).unwrap(), &Limits::default()) else { panic!("{text}") };
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn names_that_are_numbers_come_first_as_in_an_object_of_javascript() {
        let text = r#"{"cookie":{"originalMaxAge":null},"b":{"z":1,"10":2,"9":3},"2":4,"4294967295":5,"1":6}"#;
        let session = read_text(text).unwrap();
        let names: Vec<_> = session.attributes.iter().filter_map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["1", "2", "b", "4294967295"]);
        let written = again(text);
        let expected = r#"{"1":6,"2":4,"cookie":{"originalMaxAge":null},"b":{"9":3,"10":2,"z":1},"4294967295":5}"#;
        assert_eq!(written, expected);
        assert_eq!(read_text(&written), Ok(session));
    }

    #[test]
    fn what_is_too_large_for_a_double_is_null_as_javascript_writes_it() {
        let text = r#"{"cookie":{"originalMaxAge":1e999},"a":-1e999,"b":[-0.0,1e308]}"#;
        assert_eq!(again(text), r#"{"cookie":{"originalMaxAge":null},"a":null,"b":[0,1e+308]}"#);
    }

    #[test]
    fn a_cookie_without_an_age_keeps_what_else_it_says() {
        let text = r#"{"cookie":{"domain":"example.com","httpOnly":false,"mine":1},"a":1}"#;
        let expected = r#"{"cookie":{"originalMaxAge":null,"expires":null,"httpOnly":false,"domain":"example.com","path":"/","mine":1},"a":1}"#;
        assert_eq!(again(text), expected);
        assert_eq!(again(expected), expected);
    }

    #[test]
    fn what_would_be_too_long_to_be_read_is_not_written() {
        // 2 bytes of a number stand for 5 of its digits.
        let text = format!(r#"{{"cookie":{{}},"a":[{}1e20]}}"#, "1e20,".repeat(100_000));
        let error = write(&read_text(&text).unwrap(), &Limits::default()).unwrap_err();
        assert!(error.is_too_large(), "{error}");
    }

    #[test]
    fn what_is_no_session_is_refused() {
        for text in ["", "null", "[]", "{}", r#"{"cookie":1}"#, r#"{"cookie":{}"#] {
            assert!(read_text(text).unwrap_err().is_malformed(), "{text}");
        }
    }
}
