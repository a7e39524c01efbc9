use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use subtle::ConstantTimeEq;

use super::Express;
use crate::cookie::{self, SameSite};
use crate::credential::Credential;
use crate::date;
use crate::dialect::Held;
use crate::error::{Error, Format};
use crate::session::Session;
use crate::value::Value;

/// More than any cookie that a browser keeps, percent-encoded.
const LONGEST: usize = 16 << 10;

impl Express {
    /// Reads the credential from a `Cookie` header; nothing if there is no such cookie.
    ///
    /// Of several with the same name the first counts (cookie 0.7).
    pub(super) fn read_cookie(&self, header: &[u8]) -> Option<Result<Credential, Error>> {
        let (_, value) = cookie::pairs(header).find(|(name, _)| *name == self.cookie_name.as_bytes())?;
        // Node.js takes the bytes of a header for Latin-1.
        let text: String = cookie::unquoted(value).iter().copied().map(char::from).collect();
        Some(self.verify(&percent_decoded(&text)))
    }

    fn verify(&self, value: &str) -> Result<Credential, Error> {
        if value.len() > LONGEST {
            return Err(Error::too_large(Format::ExpressCookie, LONGEST, "it is too long"));
        }
        let malformed = |at, what| Error::malformed(Format::ExpressCookie, at, what);
        let signed = value.strip_prefix("s:").ok_or_else(|| malformed(0, "it does not begin with s:"))?;
        let (sid, signature) = signed.rsplit_once('.').ok_or_else(|| malformed(2, "it has no signature"))?;
        // The text is compared, not the bytes that it stands for: there is one spelling of a signature.
        let is_genuine = self.signatures(sid).any(|genuine| genuine.as_bytes().ct_eq(signature.as_bytes()).into());
        if !is_genuine {
            return Err(Error::forged(Format::ExpressCookie));
        }
        Credential::new(sid).ok_or_else(|| malformed(2, "its session id is empty or too long"))
    }

    fn signatures(&self, sid: &str) -> impl Iterator<Item = String> {
        self.macs.iter().map(move |mac| STANDARD_NO_PAD.encode(mac.sign(&[sid.as_bytes()])))
    }

    pub(super) fn write_cookie(&self, held: Held<'_>, session: &Session) -> Result<String, Error> {
        let Held::Points(credential) = held else {
            return Err(Error::read_only(Format::ExpressCookie, "a cookie of express-session carries no session"));
        };
        let sid = credential.danger_expose();
        let signature = self.signatures(sid).next();
        let signature =
            signature.ok_or_else(|| Error::read_only(Format::ExpressCookie, "there is no secret to sign with"))?;
        let value = percent_encoded(&format!("s:{sid}.{signature}"));
        Ok(format!("{}={value}{}", self.cookie_name, attributes(session)))
    }
}

/// Returns the attributes in the order of `cookie.serialize`; there never is a `Max-Age`.
fn attributes(session: &Session) -> String {
    let own = &session.own;
    let text = |name| own.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let flag = |name, written: &str| (own.get(name) == Some(&Value::Bool(true))).then(|| written.to_owned());
    let same_site = match own.get("sameSite") {
        Some(Value::Bool(true)) => Some(SameSite::Strict),
        Some(value) => value.as_str().and_then(SameSite::parse),
        None => None,
    };
    let written = [
        text("domain").map(|domain| format!("Domain={domain}")),
        text("path").map(|path| format!("Path={path}")),
        session.times.expires_at_ms.map(|at| format!("Expires={}", date::http(at))),
        flag("httpOnly", "HttpOnly"),
        flag("secure", "Secure"),
        flag("partitioned", "Partitioned"),
        text("priority").and_then(priority).map(|priority| format!("Priority={priority}")),
        same_site.map(|same_site| format!("SameSite={}", same_site.as_str())),
    ];
    // Whoever can write the store cannot add attributes or headers.
    let is_one = |attribute: &String| attribute.bytes().all(|byte| (0x20..0x7f).contains(&byte) && byte != b';');
    cookie::attributes(written.into_iter().map(|attribute| attribute.filter(is_one)))
}

fn priority(word: &str) -> Option<&'static str> {
    ["Low", "Medium", "High"].into_iter().find(|priority| priority.eq_ignore_ascii_case(word))
}

/// `encodeURIComponent` of ECMA-262.
fn percent_encoded(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')' => {
                out.push(byte.into());
            }
            _ => {
                out.push('%');
                out.extend([byte >> 4, byte & 15].map(|digit| char::from(b"0123456789ABCDEF"[usize::from(digit)])));
            }
        }
    }
    out
}

/// `decodeURIComponent` of ECMA-262; text with an escape that is none is taken as it is, as cookie 0.7 does.
fn percent_decoded(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return text.into();
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&byte, behind)) = rest.split_first() {
        rest = behind;
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |at: usize| behind.get(at).and_then(|digit| char::from(*digit).to_digit(16));
        let (Some(high), Some(low)) = (digit(0), digit(1)) else { return text.into() };
        bytes.push(u8::try_from(high << 4 | low).unwrap_or_default());
        rest = &behind[2..];
    }
    String::from_utf8(bytes).map_or(text.into(), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::Secret;
    use crate::value::Map;

    #[test]
    fn the_first_of_two_cookies_counts_and_quotes_go() {
        let express = Express::new([Secret::new("keyboard cat")]);
        let credential = Credential::new("one").unwrap();
        let cookie = express.write_cookie(Held::Points(&credential), &Session::new()).unwrap();
        let value = cookie.strip_prefix("connect.sid=").unwrap();
        let header = format!("other=1; connect.sid=\"{value}\"; connect.sid=s:two.x");
        assert_eq!(express.read_cookie(header.as_bytes()), Some(Ok(credential)));
        assert!(express.read_cookie(b"connect.sid=s:two.x; x=y").unwrap().unwrap_err().is_forged());
        assert_eq!(express.read_cookie(b"connect=s:two.x"), None);
    }

    #[test]
    fn percent_codes_are_those_of_javascript() {
        assert_eq!(percent_encoded("s:a+b/ü!~*'()"), "s%3Aa%2Bb%2F%C3%BC!~*'()");
        assert_eq!(percent_decoded("s%3Aa%2bb"), "s:a+b");
        for raw in ["100%", "%zz", "%ff", "%c3%"] {
            assert_eq!(percent_decoded(raw), raw);
        }
    }

    #[test]
    fn what_is_stored_adds_no_header() {
        let own: Map =
            [("path".into(), "/\r\nX: y".into()), ("domain".into(), "a; Secure".into())].into_iter().collect();
        assert_eq!(attributes(&Session { own, ..Session::new() }), "");
    }
}
