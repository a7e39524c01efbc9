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

pub(super) fn write(session: &Session) -> Result<Stored, Error> {
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
    json::write(&Value::Map(Map::from_pairs(pairs)), Spelling::JavaScript).map(Stored::Bytes)
}

/// Returns what is to be kept about the cookie, in its order; a session made elsewhere gets express-session's defaults.
fn cookie(own: &Map) -> Map {
    let mut cookie = Map::new();
    if own.get("originalMaxAge").is_none() {
        cookie.insert("originalMaxAge", Value::Null);
        cookie.insert("expires", Value::Null);
        cookie.insert("httpOnly", Value::Bool(true));
        cookie.insert("path", "/".into());
        return cookie;
    }
    for name in COOKIE {
        if let Some(value) = own.get(name) {
            cookie.insert(name, value.clone());
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
        assert_eq!(write(&session), Ok(Stored::Bytes(text.into())));
    }

    #[test]
    fn names_that_would_be_lost_are_not_written() {
        for name in ["id", "touch", "cookie", "__proto__", "toString"] {
            let mut session = Session::new();
            session.attributes.insert(name, Value::Int(1));
            assert!(write(&session).unwrap_err().is_read_only(), "{name}");
        }
    }

    #[test]
    fn what_is_no_session_is_refused() {
        for text in ["", "null", "[]", "{}", r#"{"cookie":1}"#, r#"{"cookie":{}"#] {
            assert!(read_text(text).unwrap_err().is_malformed(), "{text}");
        }
    }
}
